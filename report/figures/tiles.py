"""Weights as pictures: a tile per unit, signed, all on one colour scale, each under the name it belongs to.

A poster is a list of sections, a heading with its tiles. The tiles of a section are composed into one picture before
matplotlib sees them, so that a thousand tiles are drawn as fast as ten; matplotlib sets the type.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from report.figures.cells import limit_of
from report.figures.style import PAGE, SIGNED, new_figure, png, styled

Tile = NDArray[Any]  # weights (H, W), or a picture (H, W, 3) in 0..255
WIDTH, DPI = 12.0, 130  # of the page, in inches; dots per inch
HEAD, MARGIN, HEADING, CAPTION, GAP = 1.25, 0.35, 0.38, 0.16, 0.05  # inches: the page's title, its edge, ...


@dataclass(frozen=True)
class Section:
    """A heading and the tiles under it, each with a caption."""

    heading: str
    tiles: Sequence[Tile]
    captions: Sequence[str]


@dataclass(frozen=True)
class _Grid:
    """Where tiles go, in inches; the same for all sections of a poster."""

    columns: int
    tile: float

    def rows(self, section: Section) -> int:
        return math.ceil(len(section.tiles) / self.columns)

    @property
    def row_height(self) -> float:
        return self.tile + CAPTION + GAP


def poster(sections: Sequence[Section], title: str, subtitle: str, limit: float | None = None) -> bytes:
    """Return a PNG of all sections that have tiles. Red is positive, blue negative, full colour at +-`limit`.

    Without a `limit` it is that of the tiles shown.
    """
    shown = [section for section in sections if section.tiles]
    if limit is None:
        limit = limit_of(tile for section in shown for tile in section.tiles if tile.ndim == 2)
    grid = _grid(sum(len(section.tiles) for section in shown))
    height = HEAD + MARGIN + sum(HEADING + grid.rows(section) * grid.row_height for section in shown)
    with styled():
        figure = new_figure(WIDTH, height)
        _title(figure, height, title, subtitle, limit)
        top = height - HEAD
        for section in shown:
            _section(figure, height, top, section, grid, limit)
            top -= HEADING + grid.rows(section) * grid.row_height
        return png(figure, dpi=DPI)


def tile_png(tile: Tile, limit: float) -> bytes:
    """Return weights (H, W) as a PNG of as many pixels, in the poster's colours."""
    buffer = io.BytesIO()
    Image.fromarray(SIGNED(Normalize(-limit, limit)(tile), bytes=True)).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _grid(tiles: int) -> _Grid:
    """As many columns as make the page about as high as it is wide; a few tiles are not blown up beyond use."""
    columns = max(6, min(30, round(math.sqrt(1.15 * tiles))))
    return _Grid(columns, (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns)


def _title(figure: Figure, height: float, title: str, subtitle: str, limit: float) -> None:
    left, bar = MARGIN / WIDTH, 2.6 / WIDTH
    figure.text(left, 1 - 0.42 / height, title, fontsize=17, fontweight="bold", va="center")
    figure.text(left, 1 - 0.82 / height, subtitle, fontsize=10, va="center")
    if not limit:
        return  # pictures alone: there is no scale to show
    axes = figure.add_axes((1 - left - bar, 1 - 0.5 / height, bar, 0.13 / height))
    colours = ScalarMappable(Normalize(-limit, limit), SIGNED)
    scale = figure.colorbar(colours, cax=axes, orientation="horizontal", ticks=[-limit, 0, limit])
    scale.ax.set_xticklabels([f"\N{MINUS SIGN}{limit:.2g}", "weight 0", f"+{limit:.2g}"])
    scale.ax.tick_params(length=0, labelsize=8)
    scale.ax.spines[:].set_visible(False)


def _section(figure: Figure, height: float, top: float, section: Section, grid: _Grid, limit: float) -> None:
    """Draw the heading and its tiles below `top`, inches above the page's foot."""
    figure.text(MARGIN / WIDTH, (top - 0.22) / height, section.heading, fontsize=11, fontweight="bold", va="center")
    top -= HEADING
    across, down = WIDTH - 2 * MARGIN, grid.rows(section) * grid.row_height
    axes = figure.add_axes((MARGIN / WIDTH, (top - down) / height, across / WIDTH, down / height))
    axes.set(xlim=(0, across), ylim=(down, 0))
    axes.set_axis_off()
    axes.imshow(_mosaic(section.tiles, grid, limit), extent=(0, across, down, 0), aspect="auto")
    for index, caption in enumerate(section.captions):
        row, column = divmod(index, grid.columns)
        x = column * (grid.tile + GAP) + grid.tile / 2
        axes.text(x, row * grid.row_height + grid.tile + 0.02, caption, ha="center", va="top", fontsize=7)


def _mosaic(tiles: Sequence[Tile], grid: _Grid, limit: float) -> NDArray[np.uint8]:
    """Return the tiles enlarged and laid out on the page's colour, (height, width, 4) in 0..255."""
    dots = 2 * DPI  # twice what is printed: the edges of tiles stay sharp wherever they fall
    side, step, row = (round(inches * dots) for inches in (grid.tile, grid.tile + GAP, grid.row_height))
    rows = math.ceil(len(tiles) / grid.columns)
    page = Image.new("RGBA", (round((WIDTH - 2 * MARGIN) * dots), rows * row), PAGE)
    for index, tile in enumerate(tiles):
        large = Image.fromarray(tile).resize((side, side), Image.Resampling.BICUBIC)
        if tile.ndim == 2:
            large = Image.fromarray(SIGNED(Normalize(-limit, limit)(np.asarray(large)), bytes=True))
        page.paste(large, (index % grid.columns * step, index // grid.columns * row))
    return np.asarray(page)
