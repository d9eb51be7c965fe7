"""A layer of paint: a supersampled picture, its coverage, and soft stains, which parts paint and light falls on.

Everything is painted at `OVERSAMPLE` times the photo's size with hard edges and averaged down once, which makes the
edges smooth. Outside the coverage a picture counts as black, so the average is already multiplied by the coverage.
What has no edge (a blush, a shadow) is a stain: painted on a picture `CELL` times smaller than the photo,
and multiplied in at the end together with the light.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from data.portraits.geometry import Points

OVERSAMPLE: Final = 3
CELL: Final = 5

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]


def coarse(size: tuple[int, int]) -> tuple[int, int]:
    """The size of the grid of cells that covers a photo of `size` (width, height)."""
    return -(-size[0] // CELL), -(-size[1] // CELL)


def _whole(outlines: Points) -> NDArray[np.int64]:
    """Outlines (..., n, 2) to whole pixels, flat: (..., 2n).

    By way of 1/16 pixel, so that the last bits of a machine's sines and sums hardly ever decide a pixel.
    """
    sixteenths: NDArray[np.int64] = np.rint(outlines * 16).astype(np.int64)
    whole: NDArray[np.int64] = (sixteenths + 8) >> 4
    return whole.reshape(*outlines.shape[:-2], -1)


class PaintCanvas:
    """A picture (RGB) and its coverage (L) to paint on; outlines are in pixels, `origin` is the first one's place."""

    def __init__(self, image: Image.Image, coverage: Image.Image, origin: tuple[int, int] = (0, 0)) -> None:
        self.image = image
        self.coverage = coverage
        self._origin = origin
        self._brush = ImageDraw.Draw(image)
        self._glaze = ImageDraw.Draw(image, "RGBA")
        self._mask = ImageDraw.Draw(coverage)

    def fill(self, outlines: Points, colour: Colour) -> None:
        """Paints an outline (n, 2), or several (m, n, 2), opaquely; it is covered from now on."""
        for flat in self._flat(outlines):
            self._brush.polygon(flat, fill=colour)
            self._mask.polygon(flat, fill=255)

    def fill_each(self, outlines: Points, colours: Sequence[Colour]) -> None:
        """Paints outlines (m, n, 2) opaquely, each in its colour, the last on top."""
        for flat, colour in zip(self._flat(outlines), colours, strict=True):
            self._brush.polygon(flat, fill=colour)
            self._mask.polygon(flat, fill=255)

    def glaze(self, outlines: Points, colour: Colour, opacity: float) -> None:
        """Paints an outline (n, 2), or several (m, n, 2), thinly (opacity 0..1); it shows only where covered."""
        ink = (*colour, int(255 * min(opacity, 1.0) + 0.5))
        for flat in self._flat(outlines):
            self._glaze.polygon(flat, fill=ink)

    def strokes(self, outlines: Points, colours: Sequence[Colour]) -> None:
        """Paints outlines (m, n, 2) opaquely, each in its colour, but covers nothing new."""
        for flat, colour in zip(self._flat(outlines), colours, strict=True):
            self._brush.polygon(flat, fill=colour)

    def _flat(self, outlines: Points) -> list[list[int]]:
        whole = _whole(outlines - self._origin)
        flat: list[list[int]] = whole.reshape(-1, whole.shape[-1]).tolist()
        return flat

    @contextmanager
    def inside(self, outline: Points) -> Iterator["PaintCanvas"]:
        """A canvas of which only what lies within the outline comes back; it covers nothing new."""
        local = outline - self._origin
        left, top = np.floor(local.min(axis=0)).astype(int).tolist()
        right, bottom = np.ceil(local.max(axis=0)).astype(int).tolist()
        width, height = self.image.size
        box = (max(left, 0), max(top, 0), min(right + 1, width), min(bottom + 1, height))
        if box[0] >= box[2] or box[1] >= box[3]:  # beyond the picture: nothing to show
            box = (0, 0, 1, 1)
        cut, origin = self.image.crop(box), (box[0] + self._origin[0], box[1] + self._origin[1])
        patch = PaintCanvas(cut, Image.new("L", cut.size), origin)
        yield patch
        stencil = Image.new("L", cut.size)
        ImageDraw.Draw(stencil).polygon(_whole(local - box[:2]).tolist(), fill=255)
        self.image.paste(patch.image, box[:2], stencil)


class PaintLayer(PaintCanvas):
    """A canvas of `OVERSAMPLE` times a photo's `size` (width, height), with stains."""

    def __init__(self, size: tuple[int, int], image: Image.Image | None = None) -> None:
        canvas = (size[0] * OVERSAMPLE, size[1] * OVERSAMPLE)
        super().__init__(image or Image.new("RGB", canvas), Image.new("L", canvas))
        self.size = size
        self.stains = Image.new("RGB", coarse(size), (255, 255, 255))

    def above(self) -> "PaintLayer":
        """A layer painted over this one: the same picture, but its own coverage, stains, and light."""
        return PaintLayer(self.size, self.image)

    def stain(self, outline: Points, colour: Colour, opacity: float, softness: float) -> None:
        """Multiplies what is or will be under an outline by a colour, with an edge of about `softness` pixels."""
        step = CELL * OVERSAMPLE
        mask = Image.new("L", self.stains.size)
        ImageDraw.Draw(mask).polygon(_whole(outline / step).tolist(), fill=int(255 * opacity + 0.5))
        self.stains.paste(colour, (0, 0), mask.filter(ImageFilter.GaussianBlur(softness / step)))

    def extent(self) -> Box:
        """The part of the photo that the layer covers, in its pixels, in whole cells."""
        box = self.coverage.getbbox() or (0, 0, 1, 1)
        step = CELL * OVERSAMPLE
        low = [side // step * CELL for side in box[:2]]
        high = [min(-(-side // step) * CELL, limit) for side, limit in zip(box[2:], self.size, strict=True)]
        return low[0], low[1], high[0], high[1]


def reduced(picture: Image.Image, extent: Box) -> Image.Image:
    """A part of a canvas's picture or coverage at the photo's size."""
    left, top, right, bottom = (side * OVERSAMPLE for side in extent)
    return picture.reduce(OVERSAMPLE, (left, top, right, bottom))


def grey(level: Image.Image) -> Image.Image:
    """A picture of one channel as one of three."""
    return Image.merge("RGB", (level, level, level))
