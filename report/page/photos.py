"""Photos made small enough for a page, so that one of a hundred people stays below a few megabytes."""

import io

from PIL import Image, ImageOps

ANSWER_SIDE = 224  # pixels: shown in about 160, on screens of up to twice the density
UNIT_PHOTO_SIDE = 112  # pixels: shown in about 56; a page may hold two hundred of them
_QUALITY = 82


def photo_jpeg(photo: Image.Image, side: int) -> bytes:
    """Return an upright JPEG with no edge longer than `side` pixels, without EXIF: no place, no camera."""
    small = ImageOps.exif_transpose(photo)  # a copy
    small = small if small.mode in ("L", "RGB") else small.convert("RGB")
    small.info.clear()  # EXIF, with the place where it was taken, comments, colour profile
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()
