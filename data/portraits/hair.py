"""Hair as sheets of strands: how any hair is painted. The styles are in `styles_short` and `styles_long`.

A sheet is a grid of control points: k guide strands of n points from root to tip, side by side. It is filled as one
shape, then strands between the guides are painted a little lighter or darker, and short bright ones make the gloss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from data.portraits.geometry import Points, even_weights, profile, ribbons, spline_weights
from data.portraits.layer import Colour, PaintLayer
from data.portraits.palette import darker, lighter
from data.portraits.sitter import Sitter

STEPS: Final = 4
"""Samples between two control points of a guide."""
ACROSS: Final = 3
"""Samples between two guides."""
TONES: Final = 8
"""Shades of one hair, from the darkest strand to the lightest."""

HAIRLINE: Final = np.array([
    (0.00, -0.70, 0.64), (0.22, -0.69, 0.59), (0.43, -0.61, 0.47), (0.55, -0.46, 0.38), (0.60, -0.28, 0.27),
    (0.655, -0.10, 0.16), (0.69, 0.10, 0.08),
])  # fmt: skip
"""Right half of the border of hair and face, from the middle of the forehead to the end of the sideburn."""
CONTOUR: Final = np.array([
    (0.00, -1.22, 0.00), (0.32, -1.18, 0.00), (0.60, -1.01, -0.02), (0.78, -0.70, -0.05), (0.83, -0.38, -0.08),
    (0.80, -0.10, -0.10), (0.74, 0.13, -0.08),
])  # fmt: skip
"""Right half of the outline of hair from the crown to behind the ear."""


def resampled(line: Points, count: int) -> Points:
    """`count` points spread evenly (in control points) along a smooth line."""
    return spline_weights(np.linspace(0, len(line) - 1, count), len(line)) @ line


@dataclass(frozen=True)
class HairBrush:
    """Paints one person's hair into one layer; `grain` makes the person's strands the same in each photo."""

    layer: PaintLayer
    sitter: Sitter
    colour: Colour
    grain: np.random.Generator

    @property
    def unit(self) -> float:
        """Pixels a head unit."""
        return self.sitter.pose.scale

    @cached_property
    def tones(self) -> tuple[Colour, ...]:
        """`TONES` shades about the hair's colour, from dark to light."""
        steps = np.linspace(-0.24, 0.14, TONES).tolist()
        return tuple(darker(self.colour, -step) if step < 0 else lighter(self.colour, step) for step in steps)

    def toned(self, count: int) -> Sequence[Colour]:
        """`count` shades at random."""
        return [self.tones[k] for k in self.grain.integers(0, TONES, count)]

    def silhouette(self, points: Points) -> Points:
        """The outline of hair on a head that turns, from points (n, 3) of its outline seen from the front."""
        part = np.interp(points[:, 1], (-0.6, 0.2), (1.04, 0.6))  # the head is deepest at the back of the skull
        return self.sitter.pose.silhouette(points, np.abs(points[:, 0]) * part)

    def grid(self, guides: ArrayLike, wave: float = 0.0) -> Points:
        """Guides (k, n, 3) in head units to smooth strands in pixels (k, samples, 2), swaying by `wave` units."""
        control = np.asarray(guides, dtype=np.float64)
        count, length, _ = control.shape
        pixels = self.sitter.pose.project(control.reshape(-1, 3)).reshape(count, length, 2)
        strands = even_weights(length, STEPS) @ pixels
        if wave:
            along = np.linspace(0.0, 1.0, strands.shape[1])
            strands[..., 0] += np.sin(along * 15.0 + np.arange(count)[:, None] * 0.5) * along * (wave * self.unit)
        return strands

    def fill(self, grid: Points, colour: Colour | None = None, *, shadow: float = 0.0, reach: float = 0.0) -> None:
        """Fills a sheet's shape, its tips pointed where they `reach` up to so many units beyond it.

        With `shadow`, what lies within so many units of the sheet's sides and tips is darkened first.
        """
        fine = np.tensordot(even_weights(len(grid), ACROSS), grid, 1)
        ends = self._pointed(fine, reach) if reach else fine[:, -1]
        border = np.concatenate([fine[0, :-1], ends, fine[-1, -2::-1]])
        if shadow:
            wide = shadow * self.unit
            slide = (-self.sitter.light.direction[0] * 0.4 * wide, 0.4 * wide)
            for part in (1.5, 0.7):
                self.layer.glaze(ribbons(border[::2] + slide, wide * part), self.sitter.skin.line, 0.22)
        self.layer.fill(np.concatenate([border, fine[-2:0:-1, 0]]), colour or self.colour)

    def _pointed(self, fine: Points, reach: float) -> Points:
        """The tips (m, 2) of a sheet's strands (n, samples, 2): pointed locks, every other tip drawn out."""
        ends, before = fine[:, -1], fine[:, -3]
        way = ends - before
        way /= np.sqrt((way * way).sum(axis=1, keepdims=True)) + 1e-9
        count = max(len(fine) // 2, 4)
        places = np.linspace(0.0, len(fine) - 1.0, 2 * count + 1)
        places[1:-1] += self.grain.uniform(-0.4, 0.4, 2 * count - 1)
        out = np.where(np.arange(2 * count + 1) % 2, self.grain.uniform(0.4, 1.0, 2 * count + 1), 0.0)
        weights = spline_weights(places, len(fine))
        return weights @ ends + weights @ way * (out * reach * self.unit)[:, None]

    def paths(self, grid: Points, at: Points, start: ArrayLike, end: ArrayLike, samples: int) -> Points:
        """Strands (m, samples, 2) at places `at` (0..1) across a sheet, each from its `start` to its `end` along it."""
        across = spline_weights(at * (len(grid) - 1), len(grid))
        strands = np.tensordot(across, grid, 1)
        first, last = (np.broadcast_to(np.asarray(edge), len(at))[:, None] for edge in (start, end))
        along = first + (last - first) * np.linspace(0.0, 1.0, samples)
        weights = spline_weights(along.ravel() * (grid.shape[1] - 1), grid.shape[1])
        return weights.reshape(len(at), samples, -1) @ strands

    def strands(self, grid: Points, count: int, width: float) -> None:
        """Paints `count` long strands of about `width` units, lighter and darker than the hair."""
        g = self.grain
        at, start, end = g.uniform(0.03, 0.97, count), g.uniform(-0.1, 0.35, count).clip(0), g.uniform(0.6, 1, count)
        taper = profile(8, 0.2, 0.9, 1.0, 0.9, 0.05)
        widths = taper * (self.unit * width * g.uniform(0.5, 1.4, count))[:, None]
        self.layer.strokes(ribbons(self.paths(grid, at, start, end, 8), widths), self.toned(count))

    def gloss(self, grid: Points, count: int, where: float, width: float) -> None:
        """Paints a band of short bright strands around `where` (0 root, 1 tip) along a sheet."""
        g = self.grain
        at, half = g.uniform(0.05, 0.95, count), g.uniform(0.04, 0.13, count)
        middle = where + g.uniform(-0.06, 0.06, count)
        widths = profile(6, 0.0, 0.9, 1.0, 0.9, 0.0) * (self.unit * width * g.uniform(0.5, 1.5, count))[:, None]
        paths = self.paths(grid, at, (middle - half).clip(0), (middle + half).clip(0, 1), 6)
        self.layer.glaze(ribbons(paths, widths), lighter(self.colour, 0.5), 0.3)

    def sheet(
        self, guides: ArrayLike, *, strands: int = 24, width: float = 0.035, gloss: float = 0.35, wave: float = 0.0,
        shadow: float = 0.07, reach: float = 0.0,
    ) -> None:  # fmt: skip
        """A whole sheet: shape, loose tips when `reach` > 0, strands, and gloss around `gloss` when that is > 0."""
        grid = self.grid(guides, wave)
        self.fill(grid, shadow=shadow, reach=reach)
        self.strands(grid, strands, width)
        if gloss:
            self.gloss(grid, max(5, strands // 2), gloss, width)
