"""A sheet of small pictures under row and column labels: filters through training, deconvolutions, misread digits.

`cells.py` paints one picture; here they are pasted into one image. `tiles.py` is the same for hundreds of one kind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from report.figures.cells import Cell, Kind, Picture, limit_of, painted
from report.figures.layout import LETTER, fit, fitted, headed, scale_bar
from report.figures.style import FAINT, PAGE, new_figure, png, styled

Scale = Literal["all", "row", "cell"]
Grid = list[list[Cell | None]]  # all rows equally long, each cell with its kind

DPI, GAP, CAPTION = 150, 10, 22  # dots: per inch; between cells; for a line of caption
WIDTH, NARROWEST = 9.6, 5.0  # inches: of cells and row labels at most, of the cells at least
TALLEST, LABEL = 8.0, 1.7  # inches: all rows, where cells may shrink to it; row labels at most
LARGEST, SMALLEST = 1.9, 0.42  # inches: a cell's side
LABELS, CAPTIONS = (10, 9, 8, 7), (9, 8, 7, 6)  # sizes of type: the first that fits
SIGNED_WORDS = {
    "all": "one colour scale for all",
    "row": "full colour at the number beside each row",
    "cell": "each picture on its own scale",
}


@dataclass(frozen=True)
class SheetRow:
    """A label at the left and the cells beside it, from the first column on; None leaves a place empty."""

    label: str
    cells: Sequence[Cell | Picture | None]


def sheet(
    rows: Sequence[SheetRow],
    title: str,
    subtitle: str = "",
    *,
    columns: Sequence[str] = (),
    kind: Kind | Sequence[Kind] = "signed",
    scale: Scale = "all",
) -> bytes:
    """Return `sheet_figure` as a PNG."""
    return png(sheet_figure(rows, title, subtitle, columns=columns, kind=kind, scale=scale), few_colours=True)


@styled()
def sheet_figure(
    rows: Sequence[SheetRow],
    title: str,
    subtitle: str = "",
    *,
    columns: Sequence[str] = (),
    kind: Kind | Sequence[Kind] = "signed",
    scale: Scale = "all",
) -> Figure:
    """Return a figure of the rows. Signed cells: red positive, blue negative; grey: from darkest to brightest.

    `columns` are the labels on top; `kind` is one for all columns or one per column. `scale` says which signed cells
    share the number that is full colour; the figure says so in words.
    """
    grid = _grid(rows, len(columns), kind)
    limits = _limits(grid, scale)
    labels = [row.label for row in rows]
    if scale == "row":
        labels = [f"{label}\n±{max(row):.2g}" if max(row) else label for label, row in zip(labels, limits, strict=True)]
    side = _side(grid, labels)
    letters, captions = fitted(
        [cell.caption if cell else "" for row in grid for cell in row], side / DPI, CAPTIONS, lines=2
    )
    lines = max(text.count("\n") + 1 for text in captions) if any(captions) else 0
    across, down = side + GAP, side + GAP + lines * CAPTION + 10 * bool(lines)
    page = Image.new("RGB", (max(len(grid[0]) * across - GAP, round(NARROWEST * DPI)), len(grid) * down - GAP), PAGE)
    size = (page.width / DPI, page.height / DPI)
    figure = new_figure(size[0] + 1, size[1] + 1, DPI)
    axes = headed(figure, title, f"{subtitle}\n{_key(grid, scale)}".strip()).subplots()
    for index, caption in enumerate(captions):
        row, column = divmod(index, len(grid[0]))
        x, y = column * across, row * down
        if cell := grid[row][column]:
            _paste(page, painted(cell.picture, None if cell.kind == "grey" else limits[row][column], side), x, y, side)
            axes.text(x + side / 2, y + side + 8, caption, ha="center", va="top", fontsize=letters, in_layout=False)
    axes.imshow(page, aspect="auto", interpolation="nearest")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    _label(axes, [number * across + side / 2 for number in range(len(columns))], columns, side / DPI, "x")
    _label(axes, [number * down + side / 2 for number in range(len(labels))], labels, LABEL, "y")
    if any(cell.kind == "signed" for row in grid for cell in row if cell):
        scale_bar(axes, limits[0][0] if scale == "all" else None, size, anchor=(0, 0))
    return fit(figure, axes, size[1], size[0])


def _grid(rows: Sequence[SheetRow], columns: int, kind: Kind | Sequence[Kind]) -> Grid:
    """Return the cells, each with its kind, filled up with empty places."""
    width = max([columns, 1, *(len(row.cells) for row in rows)])
    kinds = [kind] * width if isinstance(kind, str) else kind

    def cell(given: Cell | Picture | None, kind: Kind) -> Cell | None:
        if given is None:
            return None
        return replace(given, kind=given.kind or kind) if isinstance(given, Cell) else Cell(given, kind=kind)

    padded = [[*row.cells, *[None] * (width - len(row.cells))] for row in rows]
    return [[cell(given, kind) for given, kind in zip(row, kinds, strict=True)] for row in padded]


def _limits(grid: Grid, scale: Scale) -> list[list[float]]:
    """Return the number that is full colour in each place of the grid."""

    def limit(cells: Iterable[Cell | None]) -> float:
        return limit_of(cell.picture for cell in cells if cell and cell.kind == "signed")

    if scale == "all":
        one = limit(cell for row in grid for cell in row)
        return [[one] * len(row) for row in grid]
    if scale == "row":
        return [[limit(row)] * len(row) for row in grid]
    return [[limit([cell]) for cell in row] for row in grid]


def _key(grid: Grid, scale: Scale) -> str:
    """Return what colours mean, in words."""
    cells = [cell for row in grid for cell in row if cell]
    kinds = {cell.kind for cell in cells}
    words = [SIGNED_WORDS[scale]] if "signed" in kinds else []
    words += ["grey: each from its darkest to its brightest"] if "grey" in kinds else []
    words += [] if all(np.isfinite(cell.picture).all() for cell in cells) else ["beige: not a finite number"]
    return "; ".join(words)


def _side(grid: Grid, labels: Sequence[str]) -> int:
    """Return a cell's side in dots: near the largest that fits the page, a multiple of the largest picture's side."""
    letters = max((len(line) for label in labels for line in label.split("\n")), default=0)
    room = (WIDTH - min(LABEL, LETTER * letters * LABELS[0] / 72)) / len(grid[0]) - GAP / DPI
    side = DPI * min(room, LARGEST, max(SMALLEST, TALLEST / len(grid)))
    largest = max((max(cell.picture.shape) for row in grid for cell in row if cell), default=1)
    times = round(side / largest)
    return times * largest if times > 1 else round(side)


def _paste(page: Image.Image, picture: Image.Image, x: int, y: int, side: int) -> None:
    """Paste `picture` in the middle of the `side` x `side` dots at (x, y), within a hairline."""
    left, top = x + (side - picture.width) // 2, y + (side - picture.height) // 2
    page.paste(picture, (left, top))
    ImageDraw.Draw(page).rectangle((left - 1, top - 1, left + picture.width, top + picture.height), outline=FAINT)


def _label(axes: Axes, places: Sequence[float], labels: Sequence[str], room: float, axis: Literal["x", "y"]) -> None:
    """Set the labels of an axis at their places in the largest size that fits `room` inches."""
    size, texts = fitted(labels, room, LABELS, lines=2 if axis == "x" else 3) if labels else (10.0, [])
    axes.set(**{f"{axis}ticks": places, f"{axis}ticklabels": texts})
    axes.tick_params(axis=axis, labelsize=size)
