"""A sheet of small pictures under row and column labels: filters through training, deconvolutions, misread digits.

`cells.py` paints one picture, `canvas.py` is the page; here is where things go. `tiles.py` is the same for hundreds of
tiles of one kind.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np

from report.figures.canvas import Canvas
from report.figures.cells import Cell, Kind, Picture, limit_of, painted
from report.figures.layout import MARGIN, NOTE, Heading, fitted, text_height, text_width, wrapped
from report.figures.style import styled

Scale = Literal["all", "row", "cell"]
Grid = list[list[Cell | None]]  # all rows equally long, each cell with its kind

DPI = 150  # dots per inch
WIDTH, NARROWEST = 10.0, 6.0  # inches: a page at most and at least
TALLEST = 8.0  # inches: all rows, where cells may shrink to it
LARGEST, SMALLEST, GAP, LABEL = 1.9, 0.42, 0.07, 1.7  # inches: a cell's side, between cells, the labels at the left
LABELS, CAPTIONS = (10, 9, 8, 7), (9, 8, 7, 6)  # sizes of type: the first that fits
BAR = 1.5  # inches: the signed colours
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
    """Return a PNG of the rows. Signed cells: red positive, blue negative; grey: each from its darkest to brightest.

    `columns` are the labels on top; `kind` is one for all columns or one per column. `scale` says which signed cells
    share the number that is full colour; the picture says so in words.
    """
    grid = _grid(rows, len(columns), kind)
    limits = _limits(grid, scale)
    labels = [row.label for row in rows]
    if scale == "row":
        labels = [f"{label}\n±{max(row):.2g}" if max(row) else label for label, row in zip(labels, limits, strict=True)]
    place = _Layout.of(grid, labels, columns)
    heading = Heading.of(title, subtitle, place.width)
    key = _Key.of(grid, scale, limits, place.width)
    top = heading.height + key.height
    with styled():
        canvas = Canvas(place.width, top + place.height, place.dpi)
        canvas.heading(heading)
        key.draw(canvas, heading.height)
        place.draw(canvas, top, grid, limits)
        return canvas.png()


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


@dataclass(frozen=True)
class _Key:
    """What colours mean, in one line: the ends of the signed scale, where there is one, and words."""

    ends: tuple[str, str] | None
    words: str
    start: float  # inches: where the words begin

    @classmethod
    def of(cls, grid: Grid, scale: Scale, limits: list[list[float]], width: float) -> Self:
        """Return the key to a grid on a page of `width`."""
        cells = [cell for row in grid for cell in row if cell]
        kinds = {cell.kind for cell in cells}
        words = [SIGNED_WORDS[scale]] if "signed" in kinds else []
        words += ["grey: each from its darkest to its brightest"] if "grey" in kinds else []
        words += [] if all(np.isfinite(cell.picture).all() for cell in cells) else ["beige: not a finite number"]
        number = f"{limits[0][0]:.2g}" if scale == "all" else ""
        ends = (f"\N{MINUS SIGN}{number or ' negative'}", f"+{number or ' positive'}") if "signed" in kinds else None
        start = MARGIN + (BAR + 0.35 + sum(text_width(end, NOTE) for end in ends) if ends else 0)
        return cls(ends, wrapped("; ".join(words), width - MARGIN - start, NOTE), start)

    @property
    def height(self) -> float:
        """What the key takes, and the air below."""
        return text_height(self.words, NOTE) + 0.1

    def draw(self, canvas: Canvas, top: float) -> None:
        """Set the words and the scale from `top` on."""
        canvas.write(self.start, top, self.words, NOTE)
        if self.ends is not None:
            bar = MARGIN + text_width(self.ends[0], NOTE) + 0.08
            canvas.write(MARGIN, top, self.ends[0], NOTE)
            canvas.write(bar + BAR + 0.08, top, self.ends[1], NOTE)
            colours = painted(np.linspace(-1, 1, 256)[None], 1.0, 256)
            canvas.paste(bar, top + 0.02, colours.resize((round(BAR * canvas.dpi), round(0.13 * canvas.dpi))))


@dataclass(frozen=True)
class _Texts:
    """Texts of one size, broken into lines."""

    size: float
    texts: list[str]

    @property
    def width(self) -> float:
        """That of the widest."""
        return max((text_width(text, self.size) for text in self.texts), default=0.0)

    @property
    def height(self) -> float:
        """That of the highest."""
        return max((text_height(text, self.size) for text in self.texts), default=0.0)


@dataclass(frozen=True)
class _Layout:
    """Where cells and their labels go; in inches, but for `dots`, the side of a cell, and `dpi`, dots per inch."""

    left: float
    side: float
    dots: int
    width: float
    labels: _Texts
    columns: _Texts
    captions: _Texts  # of all places, row by row

    @classmethod
    def of(cls, grid: Grid, labels: Sequence[str], columns: Sequence[str]) -> Self:
        """Return the largest cells that the page, its labels and good taste allow."""
        across = len(grid[0])
        at_left = _Texts(*fitted(labels, LABEL, LABELS, lines=3))
        left = MARGIN + (at_left.width + 0.12 if at_left.width else 0)
        room = (WIDTH - left - MARGIN - (across - 1) * GAP) / across
        side = min(room, LARGEST, max(SMALLEST, TALLEST / len(grid)))
        captions = [cell.caption if cell else "" for row in grid for cell in row]
        return cls(
            left=left,
            side=side,
            dots=_dots(side, grid),
            width=max(NARROWEST, left + across * (side + GAP) - GAP + MARGIN),
            labels=at_left,
            columns=_evenly(_Texts(*fitted(columns, side, LABELS, lines=2))),
            captions=_Texts(*fitted(captions, side, CAPTIONS, lines=2)),
        )

    @property
    def dpi(self) -> float:
        """Dots per inch: so many that a cell has its dots."""
        return self.dots / self.side

    @property
    def above(self) -> float:
        """What the column labels take."""
        return self.columns.height + 0.05

    @property
    def row(self) -> float:
        """From one row of cells to the next."""
        return self.side + GAP + (self.captions.height + 0.05 if self.captions.height else 0)

    @property
    def height(self) -> float:
        """What labels and cells take, the margin below included."""
        return self.above + len(self.labels.texts) * self.row - GAP + MARGIN

    def draw(self, canvas: Canvas, top: float, grid: Grid, limits: list[list[float]]) -> None:
        """Paste the cells and set their labels and captions from `top` on."""
        columns = [self.left + column * (self.side + GAP) for column in range(len(grid[0]))]
        first, middle = top + self.above, self.side / 2
        for x, text in zip(columns, self.columns.texts, strict=False):
            canvas.write(x + middle, first - 0.08, text, self.columns.size, "center", "baseline")
        captions = iter(self.captions.texts)
        for row, (cells, label) in enumerate(zip(grid, self.labels.texts, strict=True)):
            y = first + row * self.row
            canvas.write(MARGIN, y + middle, label, self.labels.size, va="center")
            for x, cell, limit in zip(columns, cells, limits[row], strict=True):
                canvas.write(x + middle, y + self.side + 0.04, next(captions), self.captions.size, "center")
                if cell:
                    picture = painted(cell.picture, None if cell.kind == "grey" else limit, self.dots)
                    canvas.paste(x, y, picture, self.dots)


def _dots(side: float, grid: Grid) -> int:
    """Return a cell's side in dots: the multiple of the largest picture's that is nearest to `side` at `DPI`."""
    largest = max((max(cell.picture.shape) for row in grid for cell in row if cell), default=1)
    times = round(side * DPI / largest)
    return times * largest if times > 1 else round(side * DPI)


def _evenly(labels: _Texts) -> _Texts:
    """Return labels of two words all in two lines, where one of them needs two: "filter 9" as "filter 10"."""
    words = [text.split() for text in labels.texts]
    if max(map(len, words), default=0) > 2 or not any("\n" in text for text in labels.texts):
        return labels
    return _Texts(labels.size, ["\n".join(word) for word in words])
