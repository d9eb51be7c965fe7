"""A cost over two weights as a map, and the paths that optimisers took across it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from report.figures.layout import fit, headed, legend
from report.figures.style import COUNTS, INK, PAGE, PALETTE, new_figure, png, styled

WIDTH, HEIGHT = 9.0, 4.9  # inches: of the page; of the map
LEVELS = 12  # at most about so many
COLOURS = [PALETTE[index] for index in (1, 4, 3, 6)]  # of the paths, which lie on blue
HALO = [Stroke(linewidth=3.4, foreground=PAGE), Normal()]  # so that a path is seen on dark blue, too
_Numbers: TypeAlias = NDArray[np.float64]
MARKS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "markersize": 9, "markerfacecolor": PAGE, "markeredgecolor": INK, "markeredgewidth": 1.6},
    {"marker": "s", "markersize": 8, "markeredgecolor": INK, "markeredgewidth": 1.2},
    {"marker": "*", "markersize": 16, "markerfacecolor": "#f2c94c", "markeredgecolor": INK, "markeredgewidth": 1.0},
)
START, END, STAR = MARKS


@dataclass(frozen=True)
class Path:
    """The steps of an optimiser: points (u, v), the start first. It ends before one that is not finite."""

    name: str
    u: Sequence[float]
    v: Sequence[float]


def contour_picture(
    u: ArrayLike,
    v: ArrayLike,
    cost: ArrayLike,
    paths: Sequence[Path],
    title: str,
    xlabel: str,
    ylabel: str,
    **options: Any,
) -> bytes:
    """Return `contour_figure`, which has the same parameters, as a PNG."""
    return png(contour_figure(u, v, cost, paths, title, xlabel, ylabel, **options), few_colours=True)


@styled()
def contour_figure(
    u: ArrayLike,
    v: ArrayLike,
    cost: ArrayLike,
    paths: Sequence[Path],
    title: str,
    xlabel: str,
    ylabel: str,
    *,
    note: str = "",
    cost_label: str = "cost",
    star: tuple[float, float] | None = None,
    star_label: str = "trained values",
    every: int = 10,
) -> Figure:
    """Return a figure of `cost` (len(v), len(u)) over the values `u` and `v` with the paths, a marker `every` steps.

    The window is that of `u` and `v`: a path that leaves it is cut there. A `star` marks one point.
    """
    across, along = np.asarray(u, float), np.asarray(v, float)
    figure = new_figure(WIDTH, HEIGHT + 2)
    body = headed(figure, title, note)
    axes = body.subplots()
    axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(across.min(), across.max()), ylim=(along.min(), along.max()))
    _map(axes, across, along, np.ma.masked_invalid(np.asarray(cost, float)), cost_label, paths)
    entries: dict[str, Artist] = {
        _label(path, across, along): _path(axes, path, COLOURS[index % len(COLOURS)], every)
        for index, path in enumerate(paths)
    }
    if star is not None:
        axes.plot(*star, linestyle="none", zorder=5, **STAR)
    entries |= _marks(paths, star is not None, star_label)
    legend(body, entries, WIDTH, loc="outside upper left")
    return fit(figure, axes, HEIGHT)


def _map(axes: Axes, u: _Numbers, v: _Numbers, cost: Any, label: str, paths: Sequence[Path]) -> None:
    """Fill the map, draw and label its level lines, and set the scale beside it."""
    low, high = (float(cost.min()), float(cost.max())) if cost.count() else (0.0, 1.0)
    if low == high:
        low, high = low - 1, high + 1  # a constant cost: any levels
    levels = MaxNLocator(LEVELS, steps=[1, 2, 5, 10]).tick_values(low, high)
    filled = axes.contourf(u, v, cost, levels, cmap=COUNTS)
    if cost.count() and cost.min() < cost.max():
        lines = axes.contour(u, v, cost, levels, colors=INK, linewidths=0.6, alpha=0.55)
        for text in axes.clabel(lines, fmt=_written(levels), fontsize=8.5, colors=INK, inline=False):
            text.set(alpha=1, path_effects=[Stroke(linewidth=2.5, foreground=PAGE, alpha=0.8), Normal()])
            if not _free(axes, text.get_position(), paths):
                text.remove()
    bar = axes.figure.colorbar(filled, ax=axes, fraction=0.045, pad=0.03, label=label, format=_written(levels))
    bar.outline.set_visible(False)


def _free(axes: Axes, place: tuple[float, float], paths: Sequence[Path]) -> bool:
    """Say whether a level's number at `place` is neither cut by the map's edge nor crossed by a path."""

    def share(points: ArrayLike) -> _Numbers:  # of the map's width and height
        return np.asarray(axes.transAxes.inverted().transform(axes.transData.transform(points)))

    middle = share([place])[0]
    dense = [np.linspace(a, b, 20) for path in paths for a, b in pairwise(share(_finite(path).reshape(-1, 2)))]
    distances = (np.abs(np.concatenate([[[9, 9]], *dense]) - middle)).max(axis=1)
    return bool(middle.min() > 0.05 and middle.max() < 0.95 and distances.min() > 0.03)


def _written(levels: Sequence[float]) -> Callable[..., str]:
    """Return a formatter of levels, with the decimals that they need to differ."""
    decimals = max(0, -math.floor(math.log10(levels[1] - levels[0]) + 1e-9))
    return lambda level, _=None: f"{level:,.{decimals}f}"


def _path(axes: Axes, path: Path, colour: str, every: int) -> Line2D:
    """Draw the path, its start and its end, and return its line."""
    points = _finite(path)
    (line,) = axes.plot(*points.T, color=colour, linewidth=1.8, marker="o", markersize=4.5, markevery=every, zorder=4)
    line.set_path_effects(HALO)
    axes.plot(*points[-1:].T, linestyle="none", markerfacecolor=colour, zorder=5, **END)
    axes.plot(*points[:1].T, linestyle="none", zorder=6, **START)
    return line


def _finite(path: Path) -> _Numbers:
    """Return the points (n, 2) of a path up to the first that is not finite."""
    points = np.column_stack([np.asarray(path.u, float), np.asarray(path.v, float)])
    return points[np.logical_and.accumulate(np.isfinite(points).all(axis=1))]


def _label(path: Path, u: _Numbers, v: _Numbers) -> str:
    """Return the path's name, with a remark where it diverged or leaves the map."""
    points = _finite(path)
    low, high = (u.min(), v.min()), (u.max(), v.max())
    if len(points) < len(path.u):
        return f"{path.name} (diverged)"
    return path.name if ((points >= low) & (points <= high)).all() else f"{path.name} (leaves the map)"


def _marks(paths: Sequence[Path], starred: bool, star_label: str) -> dict[str, Line2D]:
    """Return the legend's entries for start, end and star."""
    marks = {"start": START, "end": END | {"markerfacecolor": PAGE}} if paths else {}
    marks |= {star_label: STAR} if starred else {}
    return {name: Line2D([], [], linestyle="none", **style) for name, style in marks.items()}
