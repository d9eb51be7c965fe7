"""Bytes of a photo -> a crop: decoded, cut to its box, grey if asked, resized, encoded; or the reason why not.

Boxes count raw pixels, so EXIF orientation is not applied. Nothing here knows where bytes come from or where crops go.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from data.photos.decoding import SPARE, cut, decode, shrink
from data.reasons import Failure, Reason
from data.rows import Box
from data.settings import DownloadSettings

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
_POINTED = frozenset({"nearest", "box"})  # filters that tell apart which of two neighbours they were given
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

    def cut_box(photo: ImageFile.ImageFile) -> Image.Image | Failure:
        width, height = photo.size
        inside = (box or Box(0, 0, width, height)).within(width, height)
        if inside is None:
            return Failure(Reason.BAD_BOX, f"box {box} in a photo of {width} x {height}")
        return _cut(photo, inside, settings, scaled)

    return decode(data, cut_box, formats=FORMATS, max_pixels=settings.max_pixels)


@contextmanager
def quiet_decoding() -> Iterator[None]:
    """No warnings of decoders on stderr. The filters are the process's: enter it once, before any thread starts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        yield


def _cut(photo: Image.Image, box: Box, settings: DownloadSettings, scaled: bool) -> Image.Image:
    """Decode as much as the crop needs, cut, convert, resize."""
    mode = "L" if settings.gray else "RGB"
    scale = 1
    if scaled:
        spare = min(box.x2 - box.x1, box.y2 - box.y1) / (SPARE * settings.size)
        pointed = settings.filter in _POINTED
        scale = shrink(photo, "L" if settings.gray else photo.mode, 1 if pointed else spare)
    edges = (box.x1 / scale, box.y1 / scale, box.x2 / scale, box.y2 / scale)
    return cut(photo, edges, settings.size, mode, Image.Resampling[settings.filter.upper()])
