"""The confusion of classes too many to be named beside a matrix: where mistakes are, and by name the extremes.

Every count that is not 0 is a mark of its own in the matrix, never smaller than can be seen, so that the one mistake
among a million cells is. Beside it are the pairs most confused, below it the classes by accuracy.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from report.figures.layout import headed, shortened
from report.figures.style import MARKS, TRAIN, new_figure, percent_tick, styled
from report.results import ClassAccuracy, by_accuracy, confused_pairs

WIDTH, HEIGHT = 13.2, 11.6  # inches
MATRIX, LISTS, CURVE = 7.0, 4.8, 3.0  # inches, about: the matrix' side, the width of the lists, the curve's height
SMALLEST = 1.9  # points: a mark's side, 4 dots
PAIRS, EXTREMES = 29, 5  # lines of the lists
LINE, TYPE = 16.5, 9  # points: from line to line, of type
LETTERS = 22  # of a name; two of them and a count fill a line


@styled()
def many_classes_figure(counts: NDArray[np.int_], classes: Sequence[str], title: str, of: str) -> Figure:
    """Return a figure of `counts` (classes, classes), true by predicted; colour is the share `of` the row."""
    figure = new_figure(WIDTH, HEIGHT)
    note = (
        f"{len(classes):,} classes by number, in the order of the names in metrics.json. Each mark stands for one test "
        "sample or more; those off the diagonal are mistakes."
    )
    body = headed(figure, title, note)
    ratios = {"width_ratios": [MATRIX + 1, LISTS], "height_ratios": [MATRIX, CURVE]}
    (matrix, beside), (curve, below) = body.subplots(2, 2, gridspec_kw=ratios)
    _marks(matrix, counts, of)
    ranked = by_accuracy(counts, classes)
    _curve(curve, ranked)
    pairs = confused_pairs(counts, classes)
    shown = [
        (f"{pair.n:,} of {pair.of:,}", f"{_short(pair.true)} → {_short(pair.predicted)}") for pair in pairs[:PAIRS]
    ]
    _lists(beside, {f"Most confused pairs, {len(shown):,} of {len(pairs):,}": shown})
    highest = sorted(ranked, key=lambda each: (-each.right / each.n, -each.n, each.name))
    _lists(below, {"Lowest accuracy": _lines(ranked), "Highest accuracy": _lines(highest)})
    return figure


def _marks(axes: Axes, counts: NDArray[np.int_], of: str) -> None:
    """Draw the matrix as marks, the larger shares on top."""
    n, (rows, columns) = len(counts), counts.nonzero()
    shares = counts[rows, columns] / counts.sum(axis=1)[rows]
    order = np.argsort(shares, kind="stable")
    side = max(SMALLEST, 72 * MATRIX / n)
    squares: dict[str, Any] = {"marker": "s", "s": side**2, "linewidths": 0, "clip_on": False}
    found = axes.scatter(columns[order], rows[order], c=shares[order], cmap=MARKS, vmin=0, vmax=1, **squares)
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), xlabel="predicted", ylabel="true", aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    bar = axes.figure.colorbar(found, ax=axes, fraction=0.04, pad=0.03, label=f"share of {of}")
    bar.outline.set_visible(False)


def _curve(axes: Axes, ranked: Sequence[ClassAccuracy]) -> None:
    """Draw the accuracies by rank, the lowest first."""
    ranks, shares = np.arange(1, len(ranked) + 1), [each.right / each.n for each in ranked]
    axes.fill_between(ranks, shares, step="mid", color=TRAIN, alpha=0.25, linewidth=0)
    axes.step(ranks, shares, where="mid", color=TRAIN, linewidth=1.6)
    axes.set(ylim=(0, 1.02), ylabel="accuracy", xlabel="classes with test samples, the lowest accuracy first")
    axes.set_xlim(0.5, max(1, len(ranked)) + 0.5)
    axes.yaxis.set_major_formatter(percent_tick)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")


def _lists(axes: Axes, lists: dict[str, list[tuple[str, str]]]) -> None:
    """Write lists under headings: in each line a count, and what it counts."""
    axes.set_axis_off()
    line = 0.0
    for heading, rows in lists.items():
        _write(axes, 0, line, heading, fontweight="bold")
        for count, names in rows or [("", "none")]:
            line += 1
            _write(axes, 62, line, count, ha="right")
            _write(axes, 72, line, names)
        line += 1.4


def _write(axes: Axes, x: float, line: float, text: str, **how: Any) -> None:
    at: dict[str, Any] = {
        "xy": (0, 1),
        "xycoords": "axes fraction",
        "xytext": (x, -LINE * line),
        "textcoords": "offset points",
    }
    axes.annotate(text, va="top", fontsize=TYPE, **at, **how)


def _lines(ranked: Sequence[ClassAccuracy]) -> list[tuple[str, str]]:
    return [(f"{each.right:,} of {each.n:,}", shortened(each.name, 2 * LETTERS)) for each in ranked[:EXTREMES]]


def _short(name: str) -> str:
    return shortened(name, LETTERS)
