"""Grey pictures of more than 8 bits: which of their values are black and white, and the same picture in 8 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LEVELS = "levels of black and white"  # the key in a picture's `info`: two numbers
_SIXTEEN = (0, 65_535)  # of a picture that says nothing else, as PNG has them
_ROWS = 256  # worked on at once
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of a TIFF
_SIGNED = 2  # a sample format
_CEILINGS = (255, 65_535)  # of values that are stored in more bits than they need


def grey(image: Image.Image) -> Image.Image:
    """Return a picture of one of the modes I and F in mode L; a colour marked as transparent becomes white."""
    black, white = image.info.get(LEVELS, _SIXTEEN)
    transparent = image.info.get("transparency")
    shown = np.empty((image.height, image.width), np.uint8)
    for top in range(0, image.height, _ROWS):
        values = _values(image.crop((0, top, image.width, min(top + _ROWS, image.height))), max(black, white))
        share = (values - np.float32(black)) * np.float32(255 / (white - black))
        band = (np.nan_to_num(share, nan=0.0).clip(0, 255) + 0.5).astype(np.uint8)
        if isinstance(transparent, int):
            band[values == transparent] = 255
        shown[top : top + _ROWS] = band
    return Image.fromarray(shown)


def levels_of(photo: Any) -> tuple[float, float]:
    """Black and white of a grey TIFF of the modes I and F, decoded if need be.

    Floating point and 32 bits have no white that all writers agree on: it is 1, 255 or 65535 if no value is above it.
    """
    bits, signed = _first(photo, _BITS, 8), _first(photo, _SAMPLE_FORMAT, 1) == _SIGNED
    white: float = 2 ** (bits - signed) - 1
    if photo.mode == "F" or (photo.mode == "I" and bits == 32):
        highest = _highest(photo, white)
        if photo.mode == "F":
            white = 1.0 if highest <= 2 else max(highest, 1.0)  # a little over 1 is a light, not another scale
        white = next((ceiling for ceiling in _CEILINGS if 2 < highest <= ceiling), white)
    return (white, 0) if _first(photo, _PHOTOMETRIC, 1) == 0 else (0, white)


def _first(photo: Any, tag: int, otherwise: int) -> int:
    value = photo.tag_v2.get(tag, otherwise)
    return int(value[0] if isinstance(value, tuple) else value)


def _highest(photo: Image.Image, white: float) -> float:
    highest = 0.0
    for top in range(0, photo.height, _ROWS):
        values = _values(photo.crop((0, top, photo.width, min(top + _ROWS, photo.height))), white)
        highest = max(highest, float(np.max(values, where=np.isfinite(values), initial=0)))
    return highest


def _values(image: Image.Image, white: float) -> NDArray[np.float32]:
    values = np.asarray(image)
    return (values.view(np.uint32) if values.dtype == np.int32 and white >= 2**32 - 1 else values).astype(np.float32)
