"""A stranger's bytes as an open picture, and the cut that a network gets: what a crop and a face have in common.

The format is told by content, the size is read from the header before anything is decoded, and whatever a decoder makes
of damaged bytes ends as a reason. A new format is added here with its signature. Nothing here knows which boxes there
are, or whether they count the raw pixels or those of the upright photo.
"""

import io
from collections.abc import Callable
from math import ceil
from typing import TypeVar

from PIL import Image, ImageFile

from data.reasons import Failure, Reason, one_line

Result = TypeVar("Result")

JPEG = ("JPEG", "MPO")  # MPO: a JPEG that further ones follow
_SCALES = (8, 4, 2)  # by which a JPEG decoder can make a photo smaller than it is
SPARE = 2  # what is decoded has at least so many times the cut's pixels a side: the rest is left to the filter
_SIGNATURES = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "WEBP": (b"RIFF",),
    "BMP": (b"BM",),
}
_MOST_SCANS = 200  # of a progressive JPEG; cameras and editors write about ten


def decode(
    data: bytes, use: Callable[[ImageFile.ImageFile], Result | Failure], *, formats: tuple[str, ...], max_pixels: int
) -> Result | Failure:
    """Open the photo, not yet decoded, and return what `use` makes of it; a Failure when it is none, or damaged."""
    try:
        with Image.open(io.BytesIO(data), formats=formats) as photo:
            if photo.width * photo.height > max_pixels:
                return Failure(Reason.BOMB, f"{photo.width} x {photo.height} pixels, more than {max_pixels}")
            if photo.format in JPEG and data.count(b"\xff\xda") > _MOST_SCANS:
                return Failure(Reason.BOMB, f"a JPEG with more than {_MOST_SCANS} scans")
            return use(photo)
    except Image.DecompressionBombError as error:
        return Failure(Reason.BOMB, one_line(error))
    except Exception as error:  # a decoder raises anything on hostile bytes: OSError, SyntaxError, struct.error ...
        begins = any(_begins_as(data, form) for form in formats)
        return Failure(
            Reason.TRUNCATED if begins else Reason.NOT_AN_IMAGE, one_line(f"{type(error).__name__}: {error}")
        )


def shrink(photo: Image.Image, mode: str, spare: float) -> int:
    """Let a JPEG decoder leave out what a cut cannot show; return by how much the photo is smaller now: 1, 2, 4 or 8.

    `spare` is how many times smaller the photo may become; a picture of another format stays as it is.
    """
    if photo.format not in JPEG:
        return 1
    scale = next((scale for scale in _SCALES if scale <= spare), 1)
    width, height = photo.size
    photo.draft(mode, (max(width // scale, 1), max(height // scale, 1)))
    return round(width / photo.width)


def cut(
    photo: Image.Image, edges: tuple[float, float, float, float], size: int, mode: str, resample: Image.Resampling
) -> Image.Image:
    """The part x1, y1, x2, y2 of the picture, on white where it is transparent, in `mode`, as size x size pixels."""
    x1, y1, x2, y2 = edges
    left, upper = int(x1), int(y1)
    region = photo.crop((left, upper, min(ceil(x2), photo.width), min(ceil(y2), photo.height)))
    toned = flat(region).convert(mode)
    return toned.resize((size, size), resample, (x1 - left, y1 - upper, x2 - left, y2 - upper))


def flat(image: Image.Image) -> Image.Image:
    """Return the picture in mode L or RGB: what is transparent shown on white, 16 bits brought down to 8."""
    if image.mode.startswith("I"):  # 16 bits, as PNG has them: 65535 is white
        return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        page = Image.new("RGB", layer.size, "white")
        page.paste(layer, mask=layer.getchannel("A"))
        return page
    if image.mode in ("1", "F"):
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _begins_as(data: bytes, form: str) -> bool:
    return data.startswith(_SIGNATURES[form]) and (form != "WEBP" or data[8:12] == b"WEBP")
