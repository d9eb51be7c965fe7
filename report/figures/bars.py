"""What was reported beside what is measured: a line per row, a hollow and a filled marker on one scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from report.figures.layout import LEADING, MARGIN, Heading, fitted, legend, legend_height, text_height, text_width
from report.figures.style import FAINT, INK, PAGE, TRAIN, VALIDATION, new_figure, png, styled

WIDTH, NAMES = 10.0, 3.4  # inches: the page, and names at most
NUMBERS = (0.75, 1.95)  # inches from the axes: where the columns of numbers end
HEAD, FOOT = 0.36, 0.6  # inches above the first row, for the columns' names, and below the last, for the axis
BETTER, WORSE = TRAIN, VALIDATION
DOT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 7.5}
HOLLOW = DOT | {"markersize": 10, "markerfacecolor": PAGE, "markeredgecolor": INK, "markeredgewidth": 1.5}


@dataclass(frozen=True)
class Pair:
    """A row: None where nothing was reported or measured, nan where the run diverged; `deviation` over the seeds."""

    name: str
    reported: float | None
    measured: float | None
    deviation: float | None = None


def reported_beside_measured(
    rows: Sequence[Pair], title: str, unit: str, lower_is_better: bool, *, note: str = "", decimals: int = 1
) -> bytes:
    """Return a PNG of the rows in their order, numbers to `decimals` beside them; `unit` ("test error, %") on the axis.

    A measured value is as good as the reported one if it is better or both are written alike.
    """
    heading = Heading.of(title, note, WIDTH)
    size, names = fitted([row.name for row in rows], NAMES, (10, 9), lines=2)
    step = max(0.3, 0.1 + max(text_height(name, size) for name in names))
    left = MARGIN + max(text_width(name, size) for name in names) + 0.2
    across = WIDTH - left - NUMBERS[-1] - MARGIN
    marks = _marks(rows, lower_is_better, decimals)
    top = heading.height + legend_height(marks, WIDTH - 2 * MARGIN) + HEAD
    height = top + len(rows) * step + FOOT
    with styled():
        figure = new_figure(WIDTH, height)
        heading.draw(figure)
        legend(figure, marks, WIDTH - 2 * MARGIN, bbox_to_anchor=(MARGIN / WIDTH, 1 - heading.height / height))
        axes = figure.add_axes((left / WIDTH, FOOT / height, across / WIDTH, 1 - (top + FOOT) / height))
        columns = [1 + inches / across for inches in NUMBERS]  # in widths of the axes
        for place, (row, name) in enumerate(zip(rows, names, strict=True)):
            _draw(axes, place, row, lower_is_better, decimals)
            _write(axes, place, [(MARGIN - left) / across, *columns], [name, *_numbers(row, decimals)], size)
        for column, name in zip(columns, ("reported", "measured"), strict=True):
            axes.annotate(name, (column, 1), (0, 6), "axes fraction", "offset points", ha="right", fontsize=9)
        axes.set(xlabel=f"{unit}  ({'lower' if lower_is_better else 'higher'} is better)", yticks=[])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.margins(x=0.06)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=FAINT, alpha=0.4, linewidth=0.6)
        axes.set_axisbelow(True)
        return png(figure, drawn=True)


def _draw(axes: Axes, place: int, row: Pair, lower_is_better: bool, decimals: int) -> None:
    """Draw the markers of a row at height `place`, and what joins them."""
    axes.axhline(place, color=FAINT, linewidth=0.6, alpha=0.6, zorder=0)
    if _known(row.measured):
        colour = WORSE if _worse(row, lower_is_better, decimals) else BETTER
        if _known(row.reported):
            axes.plot([row.reported, row.measured], [place] * 2, color=colour, linewidth=2.2, alpha=0.5)
        deviation = row.deviation if _known(row.deviation) else None
        bar: dict[str, Any] = {"xerr": deviation, "elinewidth": 1.3, "capsize": 3.5, "ecolor": INK, "zorder": 3}
        axes.errorbar(row.measured, place, color=colour, **bar, **DOT)
    if _known(row.reported):
        axes.plot(row.reported, place, zorder=2.5, **HOLLOW)


def _write(axes: Axes, place: float, columns: Sequence[float], texts: Sequence[str], size: float) -> None:
    """Set the name of a row at the left and its numbers, right-aligned, beside the axes."""
    style: dict[str, Any] = {"va": "center", "fontsize": size, "linespacing": LEADING - 0.1}
    for column, text, ha in zip(columns, texts, ("left", "right", "right"), strict=True):
        axes.text(column, place, text, ha=ha, transform=axes.get_yaxis_transform(), **style)


def _numbers(row: Pair, decimals: int) -> tuple[str, str]:
    """Return the reported and the measured value as they are written."""

    def written(value: float | None) -> str:
        if value is None:
            return "–"
        if not math.isfinite(value):
            return "diverged"
        return f"{value:,.{decimals}f}" if abs(value) < 1e6 else f"{value:.2g}"

    spread = f" ± {row.deviation:,.{decimals}f}" if _known(row.measured) and _known(row.deviation) else ""
    return written(row.reported), written(row.measured) + spread


def _worse(row: Pair, lower_is_better: bool, decimals: int) -> bool:
    if not (_known(row.reported) and _known(row.measured)):
        return False
    gain = round(row.measured, decimals) - round(row.reported, decimals)
    return gain > 0 if lower_is_better else gain < 0


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _marks(rows: Sequence[Pair], lower_is_better: bool, decimals: int) -> dict[str, Line2D]:
    """Return the legend: what each of the markers drawn says."""
    measured = [row for row in rows if _known(row.measured)]
    worse = [_worse(row, lower_is_better, decimals) for row in measured]
    marks: list[tuple[str, dict[str, Any], bool]] = [
        ("reported", HOLLOW, any(_known(row.reported) for row in rows)),
        ("measured", DOT | {"color": BETTER}, not all(worse)),
        ("measured, worse than reported", DOT | {"color": WORSE}, any(worse)),
        ("± deviation over seeds", {"color": INK, "linewidth": 1.3}, any(_known(row.deviation) for row in measured)),
    ]
    return {name: Line2D([], [], **style) for name, style, drawn in marks if drawn}
