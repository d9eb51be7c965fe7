"""Weights as pictures: a tile per unit, all on one colour scale, under the name of the class each belongs to.

All tiles are pasted into one image, which matplotlib draws as it is: a thousand are drawn as fast as ten.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from report.figures.cells import limit_of
from report.figures.layout import fit, headed, scale_bar
from report.figures.lettering import plain
from report.figures.style import PAGE, SIGNED, new_figure, png, styled

Tile = NDArray[Any]  # weights (H, W), or a picture (H, W, 3) in 0..255
WIDTH, DPI = 11.3, 130  # inches, of all tiles side by side; dots per inch
HEADING, CAPTION, GAP = 49, 21, 7  # dots: above the tiles of a section, below each tile, between tiles


@dataclass(frozen=True)
class Section:
    """A heading and the tiles under it, each with a caption."""

    heading: str
    tiles: Sequence[Tile]
    captions: Sequence[str]


def poster(sections: Sequence[Section], title: str, subtitle: str, limit: float | None = None) -> bytes:
    """Return `poster_figure` as a PNG."""
    return png(poster_figure(sections, title, subtitle, limit))


@styled()
def poster_figure(sections: Sequence[Section], title: str, subtitle: str, limit: float | None = None) -> Figure:
    """Return a figure of all sections that have tiles. Red is positive, blue negative, full colour at +-`limit`.

    Without a `limit` it is that of the tiles shown.
    """
    shown = [section for section in sections if section.tiles]
    if limit is None:
        limit = limit_of(tile for section in shown for tile in section.tiles if tile.ndim == 2)
    columns = _columns(sum(len(section.tiles) for section in shown))
    step = round((WIDTH * DPI + GAP) / columns)
    side, row = step - GAP, step + CAPTION
    rows = [math.ceil(len(section.tiles) / columns) for section in shown]
    page = Image.new("RGB", (columns * step - GAP, max(1, sum(HEADING + n * row for n in rows))), PAGE)
    size = (page.width / DPI, page.height / DPI)
    figure = new_figure(size[0], size[1] + 1, DPI)
    axes = headed(figure, title, subtitle, size=17).subplots()
    top = 0
    for section, n in zip(shown, rows, strict=True):
        axes.text(0, top + HEADING - 10, plain(section.heading), fontsize=11, fontweight="bold", va="bottom")
        top += HEADING
        for index, tile in enumerate(section.tiles):
            page.paste(_enlarged(tile, limit, side), (index % columns * step, top + index // columns * row))
        for index, caption in enumerate(section.captions):
            x, y = index % columns * step + side / 2, top + index // columns * row + side
            axes.text(x, y, caption, ha="center", va="top", fontsize=7, in_layout=False)
        top += n * row
    axes.imshow(page, aspect="auto", interpolation="nearest")
    axes.set_axis_off()
    if limit:
        scale_bar(axes, limit, size, anchor=(1, 0))
    return fit(figure, axes, size[1], size[0])


def tile_png(tile: Tile, limit: float) -> bytes:
    """Return weights (H, W) as a PNG of as many pixels, in the poster's colours."""
    buffer = io.BytesIO()
    Image.fromarray(SIGNED(Normalize(-limit, limit)(tile), bytes=True)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _columns(tiles: int) -> int:
    """Return as many columns as make the page about square, at least 6, so that a few tiles are not too large."""
    return max(6, min(30, round(math.sqrt(1.15 * tiles))))


def _enlarged(tile: Tile, limit: float, side: int) -> Image.Image:
    """Return the tile as `side` x `side` dots, smooth between its pixels."""
    large = Image.fromarray(tile).resize((side, side), Image.Resampling.BICUBIC)
    if tile.ndim == 2:
        large = Image.fromarray(SIGNED(Normalize(-limit, limit)(np.asarray(large)), bytes=True)).convert("RGB")
    return large
