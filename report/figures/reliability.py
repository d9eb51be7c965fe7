"""A reliability diagram: how often answers are right, against the probability that they were given with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report.figures.layout import fit, headed, legend
from report.figures.style import FAINT, INK, TRAIN, new_figure, percent_tick, png, styled
from report.reliability import Bin, calibration_error

WIDTH, SIDE = 10.0, 3.6  # inches: of the page, of each of the axes


def reliability_picture(before: Sequence[Bin], after: Sequence[Bin], title: str) -> bytes:
    """Return `reliability_figure` as a PNG."""
    return png(reliability_figure(before, after, title), few_colours=True)


@styled()
def reliability_figure(before: Sequence[Bin], after: Sequence[Bin], title: str) -> Figure:
    """Return a figure of the bins before and after the temperature; a point's area grows with its answers, and their
    number stands beside it."""
    figure = new_figure(WIDTH, SIDE + 2)
    body = headed(figure, title)
    panels = body.subplots(1, 2, sharey=True)
    for axes, bins, name in zip(panels, (before, after), ("before", "after"), strict=True):
        _draw(axes, [each for each in bins if each.n])
        error = calibration_error(list(bins))
        axes.set_title(name if error is None else f"{name} the temperature: {error:.1%} apart")
    panels[0].set_ylabel("answers that were right")
    points = panels[0].scatter([], [], s=60, color=TRAIN)
    (diagonal,) = panels[0].plot([], [], color=FAINT, linestyle="--")
    entries = {"answers of like probability, and how many": points, "as often right as said": diagonal}
    legend(body, entries, WIDTH, loc="outside upper left")
    return fit(figure, panels[0], SIDE)


def _draw(axes: Axes, bins: Sequence[Bin]) -> None:
    said, right = ([getattr(each, what) for each in bins] for what in ("probability", "accuracy"))
    n = np.array([each.n for each in bins])
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", zorder=1)
    axes.vlines(said, said, right, color=TRAIN, linewidth=1.2, alpha=0.5, zorder=2)
    axes.scatter(said, right, s=20 + 180 * n / max(1, n.sum()), color=TRAIN, zorder=3, clip_on=False)
    for x, y, count in zip(said, right, n, strict=True):
        above = y >= x or y < 0.1  # on the side away from the diagonal, unless the axis is there
        place: dict[str, Any] = {"xytext": (0, 9 if above else -9), "va": "bottom" if above else "top"}
        axes.annotate(f"{count:,}", (x, y), ha="center", fontsize=8, color=INK, textcoords="offset points", **place)
    axes.set(xlabel="probability of the answer", xlim=(0, 1), ylim=(0, 1.08), xticks=np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.xaxis.set_major_formatter(percent_tick)
    axes.yaxis.set_major_formatter(percent_tick)
    axes.grid(axis="y")
