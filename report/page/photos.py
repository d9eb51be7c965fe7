"""Photos made small enough for a page: a page of a hundred people with their photos stays below a few megabytes."""

import io

from PIL import Image, ImageOps

ANSWER_SIDE = 224  # pixels: sharp on a phone's dense screen at the 160 or so it is shown in
UNIT_PHOTO_SIDE = 112  # pixels: shown in about 56; a page may hold two hundred of them
_QUALITY = 82


def photo_jpeg(photo: Image.Image, side: int) -> bytes:
    """Return an upright JPEG with no edge longer than `side`, without the place and camera the photo may tell of."""
    small = ImageOps.exif_transpose(photo)  # a copy
    small = small if small.mode in ("L", "RGB") else small.convert("RGB")
    small.info.clear()  # EXIF, with the place where it was taken, comments, colour profile
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()
