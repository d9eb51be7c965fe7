"""How many known people are given a name, against how many strangers: a curve over all thresholds, one point chosen."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from report.figures.layout import fit, headed, legend
from report.figures.style import FAINT, INK, PAGE, TRAIN, VALIDATION, new_figure, percent_tick, png, styled

WIDTH, SIDE = 7.0, 3.9  # inches: of the page, of the axes

Point = tuple[float, float]
"""The shares of strangers and of known photos that are given a name, in [0, 1]."""


def acceptance_picture(curve: Sequence[Point], chosen: Point, title: str) -> bytes:
    """Return `acceptance_figure` as a PNG."""
    return png(acceptance_figure(curve, chosen, title), few_colours=True)


@styled()
def acceptance_figure(curve: Sequence[Point], chosen: Point, title: str) -> Figure:
    """Return a figure of `curve`, from no photo to all, with the point of the threshold that was `chosen`."""
    figure = new_figure(WIDTH, SIDE + 2)
    body = headed(figure, title)
    axes = body.subplots()
    strangers, known = zip(*curve, strict=True)
    (line,) = axes.plot(strangers, known, color=TRAIN, linewidth=1.8)
    (chance,) = axes.plot([0, 1], [0, 1], color=FAINT, linestyle=":")
    (point,) = axes.plot(*chosen, "o", color=VALIDATION, markersize=8, clip_on=False, zorder=4)
    named, passed = percent_tick(round(chosen[1], 3)), percent_tick(round(chosen[0], 3))
    left, low = chosen[0] > 0.55, chosen[1] < 0.2
    place: dict[str, Any] = {"ha": "right" if left else "left", "va": "bottom" if low else "top"}
    axes.annotate(
        f"{named} of known photos,\n{passed} of strangers",
        chosen,
        xytext=(-14 if left else 14, 4 if low else -6),
        textcoords="offset points",
        fontsize=9,
        color=INK,
        bbox={"facecolor": PAGE, "edgecolor": "none", "pad": 1.5},
        **place,
    )
    axes.set(xlabel="strangers given a name", ylabel="known people given a name", xlim=(0, 1), ylim=(0, 1))
    axes.xaxis.set_major_formatter(percent_tick)
    axes.yaxis.set_major_formatter(percent_tick)
    axes.grid(axis="both")
    entries = {"every threshold": line, "the threshold of this run": point, "no better than chance": chance}
    legend(body, entries, WIDTH, loc="outside upper left")
    return fit(figure, axes, SIDE, SIDE + 1.2)
