"""Bytes of a photo -> a crop: decoded, cut to its box, grey if asked, resized, encoded; or the reason why not.

The bytes are a stranger's. The format is told by content, the size is read from the header before anything is decoded,
and whatever a decoder makes of damaged bytes ends as a reason. Boxes count raw pixels, so EXIF orientation is not
applied. Nothing here knows where bytes come from or where crops go. Neighbour: `keep`, which does.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from PIL import Image

from data.outcomes import Failure, one_line
from data.reasons import Reason
from data.rows import Box
from data.settings import DownloadSettings

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_JPEG = ("JPEG", "MPO")  # MPO: a JPEG that further ones follow
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
_SCALES = (8, 4, 2)  # by which a JPEG decoder can make a photo smaller than it is
_SPARE = 2  # what is decoded has at least so many times the crop's pixels a side: the rest is left to the filter
_POINTED = frozenset({"nearest", "box"})  # filters that tell apart which of two neighbours they were given
_MOST_SCANS = 200  # of a progressive JPEG; cameras and editors write about ten
_QUALITY = 95


def crop(data: bytes, box: Box | None, settings: DownloadSettings) -> bytes | Failure:
    """The crop as a JPEG of `size` x `size` pixels, one channel if `gray`, three if not; no box: the whole photo."""
    picture = crop_image(data, box, settings)
    if isinstance(picture, Failure):
        return picture
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0, comment=b"")
    return file.getvalue()


def crop_image(
    data: bytes, box: Box | None, settings: DownloadSettings, *, scaled: bool = True
) -> Image.Image | Failure:
    """The crop as a picture in mode L or RGB. Without `scaled` every pixel is decoded: slower, to compare with."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as photo:
            width, height = photo.size
            if width * height > settings.max_pixels:
                return Failure(Reason.BOMB, f"{width} x {height} pixels, more than {settings.max_pixels}")
            if photo.format in _JPEG and data.count(b"\xff\xda") > _MOST_SCANS:
                return Failure(Reason.BOMB, f"a JPEG with more than {_MOST_SCANS} scans")
            inside = (box or Box(0, 0, width, height)).within(width, height)
            if inside is None:
                return Failure(Reason.BAD_BOX, f"box {box} in a photo of {width} x {height}")
            return _cut(photo, inside, settings, scaled)
    except Image.DecompressionBombError as error:
        return Failure(Reason.BOMB, one_line(error))
    except Exception as error:  # a decoder raises anything on hostile bytes: OSError, SyntaxError, struct.error ...
        known = data.startswith(_SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
        return Failure(Reason.TRUNCATED if known else Reason.NOT_AN_IMAGE, one_line(f"{type(error).__name__}: {error}"))


@contextmanager
def quiet_decoding() -> Iterator[None]:
    """No warnings of decoders on stderr. The filters are the process's: enter it once, before any thread starts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        yield


def _cut(photo: Image.Image, box: Box, settings: DownloadSettings, scaled: bool) -> Image.Image:
    """Decode as much as the crop needs, cut, convert, resize."""
    scale = _decode(photo, box, settings) if scaled else 1
    x1, y1, x2, y2 = (edge / scale for edge in box)
    left, upper = int(x1), int(y1)
    region = photo.crop((left, upper, min(ceil(x2), photo.width), min(ceil(y2), photo.height)))
    toned = flat(region).convert("L" if settings.gray else "RGB")
    resample = Image.Resampling[settings.filter.upper()]
    return toned.resize((settings.size, settings.size), resample, (x1 - left, y1 - upper, x2 - left, y2 - upper))


def _decode(photo: Image.Image, box: Box, settings: DownloadSettings) -> int:
    """Let a JPEG decoder leave out what the crop cannot show; returns by how much the photo is smaller now."""
    if photo.format not in _JPEG:
        return 1
    width, height = photo.size
    spare = min(box.x2 - box.x1, box.y2 - box.y1) / (_SPARE * settings.size)
    scale = next((scale for scale in _SCALES if scale <= spare and settings.filter not in _POINTED), 1)
    photo.draft("L" if settings.gray else photo.mode, (max(width // scale, 1), max(height // scale, 1)))
    return round(width / photo.width)


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
