"""Reported beside measured values: a row each, with a hollow and a filled marker on one scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from report.figures.layout import fit, fitted, headed, legend
from report.figures.style import FAINT, INK, PAGE, TRAIN, VALIDATION, new_figure, png, styled

WIDTH, NAMES = 10.0, 3.4  # inches: the page, and names at most
NUMBERS = (54, 140)  # points from the axes: where the columns of numbers end
BETTER, WORSE = TRAIN, VALIDATION
DOT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": 7.5}
HOLLOW = DOT | {"markersize": 10, "markerfacecolor": PAGE, "markeredgecolor": INK, "markeredgewidth": 1.5}


@dataclass(frozen=True)
class Pair:
    """A row: None where nothing was reported or measured, nan where the run diverged; `deviation` is over the seeds."""

    name: str
    reported: float | None
    measured: float | None
    deviation: float | None = None


def reported_beside_measured(
    rows: Sequence[Pair], title: str, unit: str, lower_is_better: bool, *, note: str = "", decimals: int = 1
) -> bytes:
    """Return `reported_beside_measured_figure` as a PNG."""
    figure = reported_beside_measured_figure(rows, title, unit, lower_is_better, note=note, decimals=decimals)
    return png(figure, few_colours=True)


@styled()
def reported_beside_measured_figure(
    rows: Sequence[Pair], title: str, unit: str, lower_is_better: bool, *, note: str = "", decimals: int = 1
) -> Figure:
    """Return a figure of the rows in order, numbers to `decimals` beside them; `unit` ("test error, %") on the axis.

    A measured value is as good as the reported one if it is better or both are written alike.
    """
    size, names = fitted([row.name for row in rows], NAMES, (10, 9), lines=2)
    step = 0.3 if all("\n" not in name for name in names) else 0.44  # inches from row to row
    height = len(rows) * step
    figure = new_figure(WIDTH, height + 2)
    body = headed(figure, title, note)
    axes = body.subplots()
    for place, row in enumerate(rows):
        _draw(axes, place, row, lower_is_better, decimals)
        _write(axes, place, _numbers(row, decimals), size)
    _write(axes, -0.5, ("reported", "measured"), 9, va="bottom")
    axes.set(xlabel=f"{unit}  ({'lower' if lower_is_better else 'higher'} is better)", ylim=(len(rows) - 0.5, -0.5))
    axes.set_yticks(range(len(rows)), names, fontsize=size)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.06)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    legend(body, _marks(rows, lower_is_better, decimals), WIDTH, loc="outside upper left")
    return fit(figure, axes, height)


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


def _write(axes: Axes, place: float, numbers: tuple[str, str], size: float, va: str = "center") -> None:
    """Write the numbers of a row at height `place`, right-aligned beside the axes."""
    for number, points in zip(numbers, NUMBERS, strict=True):
        at: dict[str, Any] = {
            "xytext": (points, 0),
            "xycoords": axes.get_yaxis_transform(),
            "textcoords": "offset points",
        }
        axes.annotate(number, (1, place), ha="right", va=va, fontsize=size, **at)


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


def _marks(rows: Sequence[Pair], lower_is_better: bool, decimals: int) -> dict[str, Artist]:
    """Return the legend's entries: those of the markers that are drawn."""
    measured = [row for row in rows if _known(row.measured)]
    worse = [_worse(row, lower_is_better, decimals) for row in measured]
    marks: list[tuple[str, dict[str, Any], bool]] = [
        ("reported", HOLLOW, any(_known(row.reported) for row in rows)),
        ("measured", DOT | {"color": BETTER}, not all(worse)),
        ("measured, worse than reported", DOT | {"color": WORSE}, any(worse)),
        ("± deviation over seeds", {"color": INK, "linewidth": 1.3}, any(_known(row.deviation) for row in measured)),
    ]
    return {name: Line2D([], [], **style) for name, style, drawn in marks if drawn}
