"""Weights as pictures: a tile per unit, all on one colour scale, under the name of the class each belongs to.

Sections of few tiles stand side by side. All tiles are pasted into one image, which matplotlib draws as it is: a
thousand are drawn as fast as ten.
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
from report.figures.layout import fit, headed, letters, scale_bar, shortened
from report.figures.style import PAGE, SIGNED, new_figure, png, styled

Tile = NDArray[Any]  # weights (H, W), or a picture (H, W, 3) in 0..255
WIDTH, DPI = 11.3, 130  # inches, of all tiles side by side; dots per inch
HEADING, CAPTION, GAP = 49, 21, 7  # dots: above the tiles of a section, below each tile, between tiles
LETTER_OF_HEADING = 12.6  # dots, on average
FEWEST, MOST = 6, 30  # columns: of a few tiles, which are not to be too large; so that a tile can be seen
TALLEST = 7400  # dots: all tiles; with title and scale a poster is no higher than 8,000


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
    sizes = [(section.heading, len(section.tiles)) for section in shown]
    columns = _columns(sizes)
    places, height = _placed(sizes, columns)
    step = _step(columns)
    side, row = step - GAP, step + CAPTION
    page = Image.new("RGB", (columns * step - GAP, max(1, height)), PAGE)
    size = (page.width / DPI, page.height / DPI)
    figure = new_figure(size[0], size[1] + 1, DPI)
    axes = headed(figure, title, subtitle, size=17).subplots()
    for section, (left, top) in zip(shown, places, strict=True):
        heading = shortened(section.heading, int(page.width / LETTER_OF_HEADING))
        axes.text(left, top + HEADING - 10, heading, fontsize=11, fontweight="bold", va="bottom")
        for index, tile in enumerate(section.tiles):
            x, y = left + index % columns * step, top + HEADING + index // columns * row
            page.paste(_enlarged(tile, limit, side), (x, y))
            caption: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 7, "in_layout": False}
            axes.text(x + side / 2, y + side, section.captions[index], **caption)
    axes.imshow(page, aspect="auto", interpolation="nearest")
    axes.set_axis_off()
    if limit:
        scale_bar(axes, limit, size, anchor=(1, 0))
    return fit(figure, axes, size[1], size[0])


def poster_height(sizes: Sequence[tuple[str, int]]) -> int:
    """Return the dots that the tiles of a poster take at least: `sizes` are the sections' headings and tiles."""
    return _placed(sizes, MOST)[1]


def tile_png(tile: Tile, limit: float) -> bytes:
    """Return weights (H, W) as a PNG of as many pixels, in the poster's colours."""
    buffer = io.BytesIO()
    Image.fromarray(SIGNED(Normalize(-limit, limit)(tile), bytes=True)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _columns(sizes: Sequence[tuple[str, int]]) -> int:
    """Return as many columns as make the page about square, or more where it would be higher than `TALLEST`."""
    least = max(FEWEST, min(MOST, round(math.sqrt(1.15 * sum(tiles for _, tiles in sizes)))))
    return next((columns for columns in range(least, MOST) if _placed(sizes, columns)[1] <= TALLEST), MOST)


def _step(columns: int) -> int:
    """Return the dots from column to column."""
    return round((WIDTH * DPI + GAP) / columns)


def _placed(sizes: Sequence[tuple[str, int]], columns: int) -> tuple[list[tuple[int, int]], int]:
    """Return where the sections stand, (left, top) in dots, and the height of all.

    They stand side by side, a column between two of them, as far as headings and tiles have room.
    """
    step, places, left, top, bottom = _step(columns), list[tuple[int, int]](), 0, 0, 0
    for heading, tiles in sizes:
        width = min(columns, max(tiles, math.ceil(LETTER_OF_HEADING * letters(heading) / step)))
        if left + width > columns:
            left, top = 0, bottom
        places.append((left * step, top))
        left += width + 1
        bottom = max(bottom, top + HEADING + math.ceil(tiles / columns) * (step + CAPTION))
    return places, bottom


def _enlarged(tile: Tile, limit: float, side: int) -> Image.Image:
    """Return the tile as `side` x `side` dots, smooth between its pixels."""
    large = Image.fromarray(tile).resize((side, side), Image.Resampling.BICUBIC)
    if tile.ndim == 2:
        large = Image.fromarray(SIGNED(Normalize(-limit, limit)(np.asarray(large)), bytes=True)).convert("RGB")
    return large
