"""Cut parts out of a photo and resize them: for the crops of a download, for training and for prediction.

A box counts pixels of the photo as it is shown (`upright`, after the EXIF orientation), or as it is stored: the boxes
of FaceScrub's lists count stored pixels.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.photos.alignment import aligned, framed, similarity
from data.photos.decoding import Opened, decode, flat
from data.photos.landmarks import Landmarks
from data.photos.placed import WHOLE, Placed, comment_of
from data.reasons import Failure, Reason
from data.rows import Box
from data.settings import DownloadSettings, Filter

Mode = Literal["L", "RGB"]

_WHOLE = Box(0, 0, 10**9, 10**9)  # cut off at the edges of any photo, it is the photo
_QUALITY = 95  # of a stored crop
_SPARE = 2  # a JPEG is decoded to at least this many times the result's pixels a side; the filter does the rest
_NO_AVERAGE = frozenset({"nearest", "box"})  # their result depends on single pixels: decoded at full scale


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


FindPoints = Callable[[Image.Image, Box, int], Landmarks | None]
"""A photo, the box of a face in it, and how many times smaller the photo was decoded -> points of the face, in pixels
of what was decoded."""


def open_regions(
    data: bytes,
    boxes: Sequence[Box | None],
    size: int,
    mode: Mode,
    *,
    upright: bool = True,
    filter: Filter = DownloadSettings.filter,
    max_pixels: int | None = DownloadSettings.max_pixels,
    scaled: bool = True,
) -> list[Region | Failure] | Failure:
    """Cut the boxes out of a photo, each as far as it lies inside; None is the whole photo.

    Returns a Region for each box, or a Failure (bad_box) if no part of it lies inside; one Failure for a photo that
    cannot be decoded. With `scaled=False` every pixel of a JPEG is decoded: slower, to compare with.
    """

    def cut_boxes(opened: Opened) -> list[Region | Failure]:
        width, height = opened.seen if upright else opened.stored
        inside = [
            None if box is None else box.within(width, height) or outside(box, width, height, upright=upright)
            for box in boxes
        ]
        scale = 1
        if scaled:
            # Stored grey crops have always been decoded to grey at once, upright ones in colour first: each stays as
            # it is, because the two differ by a level of rounding.
            decoded = opened.photo.mode if upright or mode == "RGB" else mode
            scale = opened.shrink(decoded, _spare(inside, width, height, size, filter))
        picture = opened.upright()
        orientation = 1 if upright else opened.orientation

        def region(box: Box | None) -> Region:
            seen = None if box is None else _turned(box, orientation, width, height)
            return Region(box, cut(picture, seen, size, mode, filter, scale))

        return [box if isinstance(box, Failure) else region(box) for box in inside]

    return decode(data, cut_boxes, max_pixels=max_pixels)


def find_regions(
    data: bytes,
    find: Callable[[Image.Image, int], Sequence[Placed]],
    size: int,
    mode: Mode,
    *,
    margin: float | None = None,
    max_pixels: int | None = DownloadSettings.max_pixels,
) -> list[Region] | Failure:
    """Cut out the faces that `find` returns for the upright photo, which it gets in mode RGB; in its order.

    A JPEG of more pixels than are decoded at once is looked at smaller: `find` gets how many times, and says where the
    faces are in what it sees; the boxes of the regions count pixels of the whole photo. `margin` is as in `cut_face`.
    """

    def upright(opened: Opened) -> tuple[Image.Image, int]:
        scale = opened.shrink(opened.photo.mode, 1)
        return flat(opened.upright()).convert("RGB"), scale

    found = decode(data, upright, max_pixels=max_pixels)
    if isinstance(found, Failure):
        return found
    picture, scale = found
    return [
        Region(face.box and _larger(face.box, scale), cut_face(picture, face, size, mode, margin))
        for face in find(picture, scale)
    ]


def open_face(
    data: bytes,
    face: Placed,
    size: int,
    mode: Mode,
    margin: float | None,
    *,
    max_pixels: int | None = DownloadSettings.max_pixels,
) -> Image.Image | Failure:
    """Return the face in an upright photo, cut out by `cut_face`; a Failure if there is none."""
    if margin is None or face.points is None:
        regions = open_regions(data, [face.box], size, mode, max_pixels=max_pixels)
        region = regions if isinstance(regions, Failure) else regions[0]
        return region if isinstance(region, Failure) else region.picture
    factor, _ = similarity(face.points, size, margin)

    def cut_aligned(opened: Opened) -> Image.Image:
        scale = opened.shrink(opened.photo.mode, 1 / (abs(factor) * _SPARE))
        return cut_face(opened.upright(), face, size, mode, margin, scale)

    return decode(data, cut_aligned, max_pixels=max_pixels)


def cut_face(
    photo: Image.Image, face: Placed, size: int, mode: Mode, margin: float | None, scale: int = 1
) -> Image.Image:
    """Return the face as size x size pixels in `mode`: aligned, with `margin` of its side around it, where its points
    are known; its box where they are not, or without a margin.

    The photo has been decoded `scale` times smaller than the pixels that box and points count.
    """
    if margin is None or face.points is None:
        return cut(photo, face.box, size, mode, DownloadSettings.filter, scale)
    return aligned(flat(photo).convert(mode), face.points.moved(1 / scale, 0, 0), size, margin)


def crop_image(
    data: bytes, box: Box | None, settings: DownloadSettings, *, scaled: bool = True
) -> Image.Image | Failure:
    """A row's box as an upright picture in mode L or RGB; `box` counts stored pixels, None is the whole photo."""
    regions = open_regions(
        data,
        [box or _WHOLE],
        settings.size,
        "L" if settings.gray else "RGB",
        upright=False,
        filter=settings.filter,
        max_pixels=settings.max_pixels,
        scaled=scaled,
    )
    region = regions if isinstance(regions, Failure) else regions[0]
    return region if isinstance(region, Failure) else region.picture


def crop(
    data: bytes, box: Box | None, settings: DownloadSettings, find_points: FindPoints | None = None
) -> bytes | Failure:
    """A row's crop as a JPEG file, which says where in it the face lies: its box, the longer side `settings.size`
    pixels long, with `settings.around` on each side, and the points that `find_points` finds.

    Without a box, or with nothing around it, the crop is `crop_image`: size x size pixels.
    """
    if box is None or not settings.around:
        picture = crop_image(data, box, settings)
        return picture if isinstance(picture, Failure) else jpeg(picture)

    def cut_around(opened: Opened) -> bytes | Failure:
        width, height = opened.stored
        inside = box.within(width, height)
        if inside is None:
            return outside(box, width, height, upright=False)
        scale = opened.shrink(opened.photo.mode, _spare([inside], width, height, settings.size, settings.filter))
        picture = flat(opened.upright())
        seen = Box(*(edge // scale for edge in _turned(inside, opened.orientation, width, height)))
        if seen.is_empty:  # smaller than a pixel of the smaller photo
            seen = Box(seen.x1, seen.y1, seen.x1 + 1, seen.y1 + 1)
        points = find_points(picture, seen, scale) if find_points else None
        mode: Mode = "L" if settings.gray else "RGB"
        return jpeg(*crop_around(picture, Placed(seen, points), settings.size, mode, settings.around, settings.filter))

    return decode(data, cut_around, max_pixels=settings.max_pixels)


def crop_around(
    photo: Image.Image, face: Placed, size: int, mode: Mode, around: float, filter: Filter = DownloadSettings.filter
) -> tuple[Image.Image, Placed]:
    """Return a crop of a face with `around` of its box on each side, and where the face lies in the crop.

    The longer side of the box becomes `size` pixels; both sides are scaled alike, so that a face keeps its shape. Where
    the photo ends its edge is repeated.
    """
    box = face.box or Box(0, 0, *photo.size)
    width, height = box.x2 - box.x1, box.y2 - box.y1
    scale = size / max(width, height)
    right, down = ceil(around * width), ceil(around * height)
    outer = framed(flat(photo).convert(mode), box.x1 - right, box.y1 - down, box.x2 + right, box.y2 + down)
    whole = max(round(scale * outer.width), 1), max(round(scale * outer.height), 1)
    x, y = whole[0] / outer.width, whole[1] / outer.height
    left, top = round(x * right), round(y * down)
    inside = Box(left, top, left + max(round(x * width), 1), top + max(round(y * height), 1))
    points = None if face.points is None else face.points.moved(1, right - box.x1, down - box.y1).moved(scale, 0, 0)
    return outer.resize(whole, Image.Resampling[filter.upper()]), Placed(inside, points)


def jpeg(picture: Image.Image, face: Placed = WHOLE) -> bytes:
    """Return a crop as a JPEG file that says where the face lies in it."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, subsampling=0, comment=comment_of(face))
    return file.getvalue()


def cut(photo: Image.Image, box: Box | None, size: int, mode: Mode, filter: Filter, scale: int = 1) -> Image.Image:
    """The box as size x size pixels in `mode`, on white where the photo is transparent.

    `photo` has been decoded `scale` times smaller than the pixels that `box` counts.
    """
    photo.load()  # only then it is known whether all of it is opaque
    x1, y1, x2, y2 = (0, 0, *photo.size) if box is None else (edge / scale for edge in box)
    around = (int(x1), int(y1), min(ceil(x2), photo.width), min(ceil(y2), photo.height))
    if around == (0, 0, *photo.size) or (x2 - x1) * (y2 - y1) > (Image.MAX_IMAGE_PIXELS or inf):
        part, edges = photo, (x1, y1, x2, y2)  # `crop` has a limit of its own
    else:
        part = photo.crop(around)
        edges = (x1 - around[0], y1 - around[1], x2 - around[0], y2 - around[1])
    return flat(part).convert(mode).resize((size, size), Image.Resampling[filter.upper()], edges)


def _spare(boxes: Sequence[Box | Failure | None], width: int, height: int, size: int, filter: Filter) -> float:
    """How many times smaller the photo may be decoded before the smallest box has too few pixels for the filter."""
    if filter in _NO_AVERAGE:
        return 1
    known = (box or Box(0, 0, width, height) for box in boxes if not isinstance(box, Failure))
    sides = [side for box in known for side in (box.x2 - box.x1, box.y2 - box.y1)]
    return min(sides, default=0) / (_SPARE * size)


def _larger(box: Box, scale: int) -> Box:
    """A box of a photo that was decoded `scale` times smaller, in pixels of the whole one."""
    return Box(*(scale * edge for edge in box))


def _turned(box: Box, orientation: int, width: int, height: int) -> Box:
    """Where a box of a stored photo of width x height pixels lies when the photo is upright."""
    x1, y1, x2, y2 = box
    if orientation in (2, 3, 7, 8):  # mirrored from left to right, before a turn
        x1, x2 = width - x2, width - x1
    if orientation in (3, 4, 6, 7):
        y1, y2 = height - y2, height - y1
    return Box(y1, x1, y2, x2) if orientation in (5, 6, 7, 8) else Box(x1, y1, x2, y2)


def outside(box: Box, width: int, height: int, *, upright: bool = True) -> Failure:
    """Return why nothing can be cut out: no part of the box lies in a photo of this size."""
    return Failure(Reason.BAD_BOX, f"box {box} in {'an upright' if upright else 'a'} photo of {width} x {height}")
