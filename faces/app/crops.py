"""A crop as a browser shows it: as it is, or smaller where it is a whole photo or of a kind that few browsers know."""

from pathlib import Path

from data.inside import inside
from data.photos.decoding import Opened, decode, flat
from data.photos.images import read_photo
from data.photos.kinds import HEAD, kind_of
from report.page.photos import photo_jpeg

_SIDE = 480  # pixels of a smaller one
_MOST_BYTES, _MOST_PIXELS = 1 << 18, 1 << 20  # of one that is shown as it is
_SHOWN = ("JPEG", "PNG", "WEBP", "GIF")  # kinds that every browser knows


def shown_crop(folder: Path, file: str) -> tuple[bytes, str] | None:
    """Return a crop and its media type; None where no picture is there, or it lies outside of `folder`."""
    path = inside(folder, file)
    try:
        if path is None or not path.resolve().is_relative_to(folder.resolve()):
            return None
    except (OSError, RuntimeError):  # links in a circle
        return None
    data = read_photo(path)
    return _shown(data) if isinstance(data, bytes) else None


def _shown(data: bytes) -> tuple[bytes, str] | None:
    kind = kind_of(data[:HEAD])

    def show(opened: Opened) -> tuple[bytes, str]:
        width, height = opened.seen
        if kind in _SHOWN and len(data) <= _MOST_BYTES and width * height <= _MOST_PIXELS:
            return data, f"image/{kind.lower()}"
        opened.shrink("RGB", min(width, height) / _SIDE)
        picture = flat(opened.upright()).convert("RGB")
        picture.info.clear()  # it is upright now, whatever EXIF says
        return photo_jpeg(picture, _SIDE), "image/jpeg"

    shown = decode(data, show)
    return shown if isinstance(shown, tuple) else None
