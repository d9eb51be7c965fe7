"""What stands around the axes of a figure: heading, legend, colour scale; and the size that gives the axes their room.

Lengths are inches, sizes of type points. matplotlib's constrained layout does the placing.
"""

import math
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure

from report.figures.lettering import plain
from report.figures.style import SIGNED, laid_out

LEFT = 0.07  # of headings, where legends begin, too
LETTER = 0.56  # width of a letter, on average, in its size; in prose that is not bold it is 7% less


def wrapped(text: str, width: float, size: float) -> str:
    """Return `text` broken into lines of about `width`; a word longer than that is broken, too."""
    letters = max(1, int(72 * width / (LETTER * size)))
    return "\n".join(textwrap.fill(line, letters) for line in plain(text).split("\n"))


def letters(text: str) -> int:
    """Return how many letters of ordinary width a text is as wide as: East Asian ones are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def shortened(name: str, most: int) -> str:
    """Return a name as a line of at most so many `letters`: of a longer one the beginning and the end."""
    line = plain(name).replace("\n", " ")
    if letters(line) <= most:
        return line
    end = ""
    while letters(line[len(line) - len(end) - 1 :]) <= most // 3:
        end = line[len(line) - len(end) - 1 :]
    start = line
    while letters(start) + 1 + letters(end) > most:
        start = start[:-1]
    return f"{start.rstrip()}…{end.lstrip()}"


def fitted(texts: Sequence[str], width: float, sizes: Sequence[float], lines: int) -> tuple[float, list[str]]:
    """Return the first of `sizes` at which all texts fit `width` in `lines` lines, else the last, and them broken."""
    for size in sizes:
        broken = [wrapped(text, width, size) for text in texts]
        if all(new.split() == old.split() and new.count("\n") < lines for new, old in zip(broken, texts, strict=True)):
            break
    return size, broken


def headed(figure: Figure, title: str, note: str = "", size: float = 13) -> SubFigure:
    """Set the title, with `note` below it, on top of the figure and return the part of the figure below."""
    width = figure.get_size_inches()[0]
    figure.suptitle(wrapped(title, width, size), x=LEFT / width, ha="left", fontsize=size)
    below = figure.add_subfigure(figure.add_gridspec()[0])
    if note:
        below.suptitle(wrapped(note, 1.07 * width, 10), x=LEFT / width, ha="left", fontsize=10, fontweight="normal")
    return below.add_subfigure(below.add_gridspec()[0])


def legend(owner: SubFigure | Axes, entries: Mapping[str, Artist], width: float, **place: Any) -> None:
    """Give `owner` a legend of as many columns as fit `width`: name -> what is drawn. `place` is as matplotlib's."""
    if not entries:
        return
    widest = (4.8 + LETTER * max(map(len, entries))) * 10 / 72  # a drawn sample, the name, space to the next column
    rows = math.ceil(len(entries) / max(1, int(width / widest)))
    names = [wrapped(name, width - 0.4, 10) for name in entries]
    owner.legend(list(entries.values()), names, ncols=math.ceil(len(entries) / rows), **place)


def fit(figure: Figure, axes: Axes, height: float, width: float | None = None, rows: int = 1) -> Figure:
    """Return the figure resized so that `axes`, one of `rows` above each other, have `height` and, if given, `width`.

    The layout is made here, and not once more for every drawing.
    """
    laid_out(figure)
    box, size = axes.get_window_extent(), figure.get_size_inches()
    wider = 0.0 if width is None else width - box.width / figure.dpi
    figure.set_size_inches(size[0] + wider, size[1] + rows * (height - box.height / figure.dpi))
    laid_out(figure).set_layout_engine("none")
    return figure


def scale_bar(axes: Axes, limit: float | None, size: tuple[float, float], anchor: tuple[float, float]) -> None:
    """Set the colours of signed numbers above `axes` of `size`, with their ends: +-`limit`, or words where it is None.

    It is at the left of the axes for the `anchor` (0, 0), at the right for (1, 0).
    """
    length, (width, height) = 1.8, size
    where: dict[str, Any] = {
        "location": "top",
        "anchor": anchor,
        "pad": 0.08 / height,
        "shrink": min(1, length / width),
    }
    bar = axes.figure.colorbar(ScalarMappable(Normalize(-1, 1), SIGNED), ax=axes, aspect=length / 0.11, **where)
    bar.outline.set_visible(False)
    ends = ("negative", "positive") if limit is None else (f"\N{MINUS SIGN}{limit:.2g}", f"+{limit:.2g}")
    bar.set_ticks([-1, 0, 1], labels=[ends[0], "0", ends[1]])
    bar.ax.tick_params(length=0, labelsize=8)
