"""Lines over a common axis in one panel or several: losses by epoch, magnitudes of deltas, times over sizes.

A panel is data: what stands on its axes, and its lines. Colours come from the palette in `style.py`, and a name has
the same colour in all panels. Values that are not finite are not drawn: the line of a run that diverged ends early.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from report.figures.layout import fit, headed, legend, wrapped
from report.figures.style import PAGE, PALETTE, Powers, new_figure, percent_tick, png, styled

# Panels -> panels per row; others stand in rows of four.
COLUMNS = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 9: 3}
WIDTH, HEIGHTS = 10.0, {1: 3.7, 2: 2.6, 3: 2.1}  # inches: of the page; of the axes, by panels per row
LOWEST = 1.7  # inches: of the axes where more panels stand side by side
TICKS = {1: 12, 2: 8, 3: 5}  # intervals on the horizontal axis, by panels per row
MOST_MARKERS, MOST_SIZES = 40, 8  # a longer line marks some of its points; more sizes than this are not all written


@dataclass(frozen=True)
class Curve:
    """One line: `y` over `x`, equally many. Without a `colour`, an index into `style.PALETTE`, its name gets one.

    A value that is not finite is left out, and if no finite one follows, the line ends there and the legend says
    "diverged": of what was not measured, leave out both x and y.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int | None = None
    dashed: bool = False
    marker: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes. `ylim` None: chosen by the lines that did not diverge; `percent`: y in [0, 1] as percent."""

    title: str
    xlabel: str
    ylabel: str
    lines: Sequence[Curve]
    log_x: bool = False
    log_y: bool = False
    ylim: tuple[float | None, float | None] | None = None
    percent: bool = False


@dataclass(frozen=True)
class _Points:
    """The finite points of a line, and whether its last point was not finite."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    diverged: bool

    @classmethod
    def of(cls, line: Curve) -> "_Points":
        x, y = np.asarray(line.x, float), np.asarray(line.y, float)
        finite = np.isfinite(x) & np.isfinite(y)
        return cls(x[finite], y[finite], bool(finite.size and not finite[-1]))


def series_picture(panels: Sequence[Panel], title: str, note: str = "", columns: int | None = None) -> bytes:
    """Return `series_figure` as a PNG."""
    return png(series_figure(panels, title, note, columns), few_colours=True)


@styled()
def series_figure(panels: Sequence[Panel], title: str, note: str = "", columns: int | None = None) -> Figure:
    """Return a figure of the panels, row by row, `columns` per row; one legend where all name the same lines."""
    columns = columns or COLUMNS.get(len(panels), 4)
    rows = math.ceil(len(panels) / columns)
    colours, labels = _colours(panels), _labels(line for panel in panels for line in panel.lines)
    shared = len({frozenset(line.name for line in panel.lines) for panel in panels}) == 1
    height = HEIGHTS.get(columns, LOWEST)
    figure = new_figure(WIDTH, rows * height + 2)
    body = headed(figure, title, note)
    for index, panel in enumerate(panels):
        axes = body.add_subplot(rows, columns, index + 1)
        drawn = _panel(axes, panel, colours, columns)
        if index % columns and panels[index - 1].ylabel == panel.ylabel:
            axes.set_ylabel("")  # it stands at the left already
        if not shared:
            below = ScaledTranslation(0, -0.5, figure.dpi_scale_trans)  # inches: below the axis' numbers and name
            entries = {label: drawn[name] for name, label in _labels(panel.lines).items()}
            place = {"bbox_to_anchor": (0, 0), "bbox_transform": axes.transAxes + below, "borderaxespad": 0}
            legend(axes, entries, WIDTH / columns - 0.9, loc="upper left", **place)
    if shared:
        legend(body, {label: drawn[name] for name, label in labels.items()}, WIDTH, loc="outside upper left")
    return fit(figure, body.axes[0], height, rows=rows)


def _labels(lines: Iterable[Curve]) -> dict[str, str]:
    """Return the legend's text for each name, in the order of first appearance."""
    diverged: dict[str, bool] = {}
    for line in lines:
        diverged[line.name] = diverged.get(line.name, False) or _Points.of(line).diverged
    return {name: f"{name} (diverged)" if ended else name for name, ended in diverged.items()}


def _colours(panels: Sequence[Panel]) -> dict[str, int]:
    """Return an index into the palette for each name: the one given, else the next that no line was given."""
    lines = [line for panel in panels for line in panel.lines]
    chosen = {line.name: line.colour for line in reversed(lines) if line.colour is not None}
    free = (index for index in itertools.count() if index not in set(chosen.values()))
    return chosen | {name: next(free) for name in dict.fromkeys(line.name for line in lines) if name not in chosen}


def _panel(axes: Axes, panel: Panel, colours: Mapping[str, int], columns: int) -> dict[str, Artist]:
    """Draw a panel, one of `columns` side by side; return the line of each name."""
    drawn = {line.name: _line(axes, line, colours[line.name]) for line in panel.lines}
    title = wrapped(panel.title, WIDTH / columns - 0.8, 12)
    axes.set(title=title, xlabel=panel.xlabel, ylabel=panel.ylabel)
    axes.grid(axis="y")
    sizes = np.unique(np.concatenate([_Points.of(line).x for line in panel.lines] or [np.empty(0)]))
    if not len(sizes):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "no finite number", ha="center", va="center", transform=axes.transAxes)
        return drawn
    _scales(axes, panel, sizes, columns)
    if any(_Points.of(line).diverged for line in panel.lines):
        _limit(axes, panel)
    if panel.ylim is not None:
        axes.set_ylim(*panel.ylim)
    return drawn


def _line(axes: Axes, line: Curve, colour: int) -> Artist:
    """Draw the line, and a cross where it diverged."""
    points = _Points.of(line)
    colour = colour if line.colour is None else line.colour
    style: dict[str, Any] = {"color": PALETTE[colour % len(PALETTE)], "linewidth": 1.6}
    if line.dashed:
        style["linestyle"] = (0, (4, 1.6))
    elif colour >= len(PALETTE):
        style["linestyle"] = "-."  # the palette begins anew
    if line.marker or len(points.x) == 1:
        style |= {"marker": "o", "markersize": 4.5, "markevery": math.ceil(len(points.x) / MOST_MARKERS) or 1}
    (artist,) = axes.plot(points.x, points.y, **style)
    if points.diverged:
        cross = {"marker": "X", "markersize": 9, "color": style["color"], "markeredgecolor": PAGE, "zorder": 3}
        axes.plot(points.x[-1:], points.y[-1:], **cross)
    return artist


def _scales(axes: Axes, panel: Panel, sizes: NDArray[np.float64], columns: int) -> None:
    """Give the axes their scales and the numbers on them; `sizes` are the distinct values of x."""
    if panel.log_x:
        axes.set_xscale("log")
        if len(sizes) <= MOST_SIZES:  # the sizes that were measured, as plain numbers
            axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
            axes.xaxis.set_minor_locator(NullLocator())
    else:
        whole = np.array_equal(sizes, np.round(sizes))
        axes.xaxis.set_major_locator(
            MaxNLocator(TICKS.get(columns, 4), steps=[1, 2, 5, 10], integer=whole, min_n_ticks=1)
        )
    if panel.log_y:
        axes.set_yscale("log", nonpositive="mask")
    for axis, is_log in ((axes.xaxis, panel.log_x and len(sizes) > MOST_SIZES), (axes.yaxis, panel.log_y)):
        if is_log:
            axis.set_major_formatter(Powers())
            axis.set_minor_formatter(Powers())
    if panel.log_y and panel.percent:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    if panel.percent:
        axes.yaxis.set_major_formatter(percent_tick)


def _limit(axes: Axes, panel: Panel) -> None:
    """Choose the limits by the lines that did not diverge, so that one that did does not flatten them."""
    lines = [_Points.of(line) for line in panel.lines]
    calm = [value for line in lines for value in (line.y[:1] if line.diverged else line.y)]
    near = np.array([value for line in lines for value in line.y if abs(value) <= max(map(abs, calm))])
    if panel.log_y:
        near = np.log10(near[near > 0])
    if len(near):
        span = np.ptp(near) or 1.0
        limits = np.array(
            [near.min() - 0.05 * span, near.max() + 0.2 * span]
        )  # more above, where the line that diverged goes
        bottom, top = (10**limits if panel.log_y else limits).tolist()
        axes.set_ylim(bottom, top)
