"""Faces of a photo as its owner sees it: upright -> cut to boxes -> resized, as a classifier takes them.

A phone's EXIF rotation is applied first, so boxes count pixels of the upright photo; the boxes of a list, which count
raw ones, are for `crop`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from data.photos.decoding import SPARE, cut, decode, flat, shrink
from data.reasons import Failure, Reason
from data.rows import Box
from data.settings import DownloadSettings

Mode = Literal["L", "RGB"]
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")
_FILTER = Image.Resampling[DownloadSettings.filter.upper()]
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {  # its values -> how the stored pixels become upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a photo, size x size pixels. `box` is the part that was cut; None means the whole photo."""

    box: Box | None
    picture: Image.Image

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture as (C, size, size) in 0..255, C = 1 for mode L and 3 for RGB."""
        side = self.picture.width
        return np.asarray(self.picture).reshape(side, side, -1).transpose(2, 0, 1)


def open_regions(
    data: bytes, boxes: Sequence[Box | None], size: int, mode: Mode, *, max_pixels: int = DownloadSettings.max_pixels
) -> list[Region | Failure] | Failure:
    """Cut the boxes out of a photo, each as far as it lies inside; None is the whole photo.

    Each box comes to a Region, or to a Failure (bad_box) if nothing of it lies inside; a photo that cannot be decoded
    is one Failure.
    """

    def cut_boxes(photo: ImageFile.ImageFile) -> list[Region | Failure]:
        width, height = _upright_size(photo)
        inside = [None if box is None else box.within(width, height) or _outside(box, width, height) for box in boxes]
        scale = shrink(photo, photo.mode, _spare(inside, (width, height), size))
        upright = _upright(photo)
        return [
            box if isinstance(box, Failure) else Region(box, _cut(upright, box, scale, size, mode)) for box in inside
        ]

    return decode(data, cut_boxes, formats=FORMATS, max_pixels=max_pixels)


def find_regions(
    data: bytes,
    find: Callable[[Image.Image], Sequence[Box]],
    size: int,
    mode: Mode,
    *,
    max_pixels: int = DownloadSettings.max_pixels,
) -> list[Region] | Failure:
    """Cut out what `find` finds in the upright photo, which it is given in mode RGB, in its order."""

    upright = decode(data, lambda photo: flat(_upright(photo)).convert("RGB"), formats=FORMATS, max_pixels=max_pixels)
    if isinstance(upright, Failure):
        return upright
    return [Region(box, _cut(upright, box, 1, size, mode)) for box in find(upright)]


def _spare(boxes: Sequence[Box | Failure | None], whole: tuple[int, int], size: int) -> float:
    """How many times smaller the photo may become before the smallest box has too few pixels."""
    width, height = whole
    sought = (Box(0, 0, width, height) if box is None else box for box in boxes if not isinstance(box, Failure))
    sides = [side for box in sought for side in (box.x2 - box.x1, box.y2 - box.y1)]
    return min(sides, default=0) / (SPARE * size)


def _cut(upright: Image.Image, box: Box | None, scale: int, size: int, mode: Mode) -> Image.Image:
    """Cut `box`, in pixels of a photo that is now `scale` times smaller."""
    if box is None:
        return cut(upright, (0, 0, upright.width, upright.height), size, mode, _FILTER)
    return cut(upright, (box.x1 / scale, box.y1 / scale, box.x2 / scale, box.y2 / scale), size, mode, _FILTER)


def _upright_size(photo: Image.Image) -> tuple[int, int]:
    width, height = photo.size
    return (height, width) if _orientation(photo) in _SIDEWAYS else (width, height)


def _upright(photo: Image.Image) -> Image.Image:
    turn = _TURNS.get(_orientation(photo))
    return photo if turn is None else photo.transpose(turn)


def _orientation(photo: Image.Image) -> int:
    with suppress(Exception):  # a damaged EXIF block is no damaged picture: it is shown as it is stored
        return int(photo.getexif().get(_ORIENTATION, 1))
    return 1


def _outside(box: Box, width: int, height: int) -> Failure:
    return Failure(Reason.BAD_BOX, f"box {box} in an upright photo of {width} x {height}")
