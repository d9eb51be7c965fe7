"""Open the bytes of a photo safely: its format is found from the content, and what fails ends as a reason.

The size is read from the header before any pixel is decoded. A new format is added here with its signature.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from PIL import Image, ImageFile, UnidentifiedImageError

from data.reasons import Failure, Reason, one_line

Result = TypeVar("Result")

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
JPEG = ("JPEG", "MPO")  # MPO: a JPEG that further ones follow
_SCALES = (8, 4, 2)  # how many times smaller a JPEG decoder can make a photo
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
    """Call `use` with the photo, opened but not decoded, and return its result; a Failure if the bytes are no photo.

    Reasons: not_an_image, truncated (damaged or cut short), bomb (more than `max_pixels`, or too many scans).
    """
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
        reason = Reason.TRUNCATED if any(_begins_as(data, form) for form in formats) else Reason.NOT_AN_IMAGE
        if isinstance(error, UnidentifiedImageError):  # its text is an address in memory
            return Failure(reason, "the format cannot be identified")
        return Failure(reason, one_line(f"{type(error).__name__}: {error}"))


def shrink(photo: Image.Image, mode: str, spare: float) -> int:
    """Let a JPEG decoder decode a smaller photo; return how many times smaller it is now: 1, 2, 4 or 8.

    `spare` is how many times smaller it may become; `mode` is what it is decoded to. Only JPEG can do this.
    """
    if photo.format not in JPEG:
        return 1
    scale = next((scale for scale in _SCALES if scale <= spare), 1)
    width, height = photo.size
    photo.draft(mode, (max(width // scale, 1), max(height // scale, 1)))
    return round(width / photo.width)


@contextmanager
def quiet_decoding() -> Iterator[None]:
    """Keep warnings of decoders off stderr. Python has one set of warning filters: enter this before threads start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        yield


def flat(image: Image.Image) -> Image.Image:
    """Return the picture in mode L or RGB: transparent parts become white, 16 bits become 8."""
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


def kind_of(head: bytes) -> str | None:
    """What the first bytes of a file say it is."""
    for kind, signatures in _SIGNATURES.items():
        if head.startswith(signatures) and (kind != "WEBP" or head[8:12] == b"WEBP"):
            return kind
    return None


def can_decode(kind: str) -> bool:
    """Whether photos of this kind can be decoded here."""
    return kind in FORMATS
