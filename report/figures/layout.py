"""Letters measured before they are set: where a text breaks, the heading of a picture, a legend that fits its width.

All lengths are inches, sizes are points. Pictures lay themselves out with these, so that nothing overlaps or is cut.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from report.figures.style import FONT

MARGIN = 0.2  # between the heading and the page's edge
LEADING = 1.3  # from one line of text to the next, in its size
TITLE, NOTE, LEGEND = 13.0, 10.0, 10.0  # sizes
HANDLE, SPACING = 2.8, 2.0  # of a legend: what a drawn sample takes, what lies between columns; in its size


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return the width of the widest line of `text`."""
    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    lines = [line for line in text.split("\n") if line]
    return max((text_to_path.get_text_width_height_descent(line, font, False)[0] for line in lines), default=0) / 72


def text_height(text: str, size: float) -> float:
    """Return the height of all lines of `text`; of no text, 0."""
    return (text.count("\n") + 1) * size * LEADING / 72 if text else 0.0


def wrapped(text: str, width: float, size: float, bold: bool = False) -> str:
    """Return `text` broken between words into lines of at most `width`; a word wider than that ends in an ellipsis."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and text_width(longer, size, bold) > width:
                lines.append(line)
                longer = word
            line = _cut(longer, width, size, bold)
        lines.append(line)
    return "\n".join(lines)


def fitted(texts: Sequence[str], width: float, sizes: Sequence[float], lines: int) -> tuple[float, list[str]]:
    """Return the first of `sizes` at which all texts fit `width` in `lines` lines, else the last, and them broken."""
    for size in sizes:
        broken = [wrapped(text, width, size) for text in texts]
        if all(new.split() == old.split() and new.count("\n") < lines for new, old in zip(broken, texts, strict=True)):
            break
    return size, broken


@dataclass(frozen=True)
class Heading:
    """The title of a picture and the note under it, broken to the width of the page."""

    title: str
    note: str

    @classmethod
    def of(cls, title: str, note: str, width: float) -> "Heading":
        """Return the heading of a page of `width`."""
        room = width - 2 * MARGIN
        return cls(wrapped(title, room, TITLE, bold=True), wrapped(note, room, NOTE))

    @property
    def height(self) -> float:
        """What it takes of the page, its margin included."""
        return MARGIN + text_height(self.title, TITLE) + text_height(self.note, NOTE) + 0.06

    def draw(self, figure: Figure) -> None:
        """Set it at the top of the figure, which has its final size."""
        width, height = figure.get_size_inches()
        below = MARGIN + text_height(self.title, TITLE)
        place: dict[str, Any] = {"x": MARGIN / width, "ha": "left", "va": "top", "linespacing": LEADING - 0.1}
        figure.text(y=1 - MARGIN / height, s=self.title, fontsize=TITLE, fontweight="bold", **place)
        figure.text(y=1 - below / height, s=self.note, fontsize=NOTE, **place)


def legend_height(names: Collection[str], width: float) -> float:
    """Return what `legend` takes."""
    return math.ceil(len(names) / _legend_columns(names, width)) * LEGEND * 1.5 / 72 + 0.08 if names else 0.0


def legend(owner: Figure | Axes, entries: Mapping[str, Artist], width: float, **place: Any) -> None:
    """Give a figure or axes a legend of as many columns as fit `width`; `place` is where its upper left corner goes."""
    owner.legend(
        entries.values(),
        [wrapped(name, width - HANDLE * LEGEND / 72, LEGEND) for name in entries],
        loc="upper left",
        ncols=_legend_columns(entries, width),
        fontsize=LEGEND,
        columnspacing=SPACING,
        borderpad=0,
        borderaxespad=0,
        **place,
    )


def _legend_columns(names: Collection[str], width: float) -> int:
    widest = max((text_width(name, LEGEND) for name in names), default=0) + (HANDLE + SPACING) * LEGEND / 72
    most = max(1, int((width + SPACING * LEGEND / 72) / widest))
    rows = math.ceil(len(names) / most)
    return math.ceil(len(names) / rows) if names else 1  # evenly: four names in two columns, not in three


def _cut(text: str, width: float, size: float, bold: bool) -> str:
    if text_width(text, size, bold) <= width:
        return text
    while len(text) > 1 and text_width(text + "…", size, bold) > width:
        text = text[:-1]
    return text + "…"
