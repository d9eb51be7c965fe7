"""Curves and the turned head: control points in head units become outlines in canvas pixels.

Head units: the origin lies between the eyes, x to the right of the picture, y down, z towards the viewer; the chin is
near y = 1.1, the crown near y = -1.05, half the face's width near 0.7. All parts are drawn in head units,
which a `Pose` converts to pixels. Needs only numpy.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]


def spline_weights(places: Points, count: int, *, closed: bool = False) -> Points:
    """Catmull-Rom weights (m, count) of `count` control points at places (m,) in 0..count-1 (closed: 0..count).

    The curve passes through control point k at place k.
    """
    segment = np.minimum(places.astype(np.int64), count - 1 if closed else count - 2)
    t = places - segment
    tt, ttt = t * t, t * t * t
    cubic = np.stack([2 * tt - t - ttt, 2 - 5 * tt + 3 * ttt, t + 4 * tt - 3 * ttt, ttt - tt], axis=1) / 2
    wide = np.zeros((len(places), count + 3))  # column k belongs to control point k - 1
    wide[np.arange(len(places))[:, None], segment[:, None] + (0, 1, 2, 3)] = cubic
    weights = wide[:, 1 : count + 1]
    if closed:
        weights[:, -1] += wide[:, 0]
        weights[:, :2] += wide[:, -2:]
    else:
        weights[:, 0] += wide[:, 0]
        weights[:, -1] += wide[:, -2]
    return weights


@lru_cache(maxsize=256)
def even_weights(count: int, steps: int, *, closed: bool = False) -> Points:
    """Catmull-Rom weights of `count` control points with `steps` samples a segment."""
    segments = count if closed else count - 1
    return spline_weights(np.arange(segments * steps + (not closed)) / steps, count, closed=closed)


def curve(control: ArrayLike, *, closed: bool = False, steps: int = 4) -> Points:
    """Smooth curves through control points (..., n, d), `steps` samples a segment: (..., samples, d)."""
    points = np.asarray(control, dtype=np.float64)
    return even_weights(points.shape[-2], steps, closed=closed) @ points


def ribbons(paths: Points, width: ArrayLike) -> Points:
    """Outlines (..., 2n, 2) of brush strokes along paths (..., n, 2); `width` in pixels, broadcast over the points."""
    along = np.empty_like(paths)
    along[..., 1:-1, :] = paths[..., 2:, :] - paths[..., :-2, :]
    along[..., 0, :] = paths[..., 1, :] - paths[..., 0, :]
    along[..., -1, :] = paths[..., -1, :] - paths[..., -2, :]
    length = np.sqrt(along[..., 0] ** 2 + along[..., 1] ** 2) + 1e-9
    half = along[..., ::-1] * ((np.asarray(width) * 0.5 / length)[..., None] * (-1.0, 1.0))
    return np.concatenate([paths + half, (paths - half)[..., ::-1, :]], axis=-2)


@lru_cache(maxsize=64)
def swell(count: int) -> Points:
    """`count` widths of a stroke that grows from nothing to 1 in the middle and back."""
    across = np.linspace(-1.0, 1.0, count)
    return 1.0 - across * across


@lru_cache(maxsize=256)
def profile(count: int, *stops: float) -> Points:
    """`count` widths of a stroke that passes through evenly spread `stops`."""
    return np.interp(np.linspace(0.0, 1.0, count), np.linspace(0.0, 1.0, len(stops)), stops)


@lru_cache(maxsize=16)
def _unit_circle(corners: int) -> Points:
    angles = [2 * math.pi * k / corners for k in range(corners)]
    return np.array([(math.cos(a), math.sin(a)) for a in angles])


def ellipse(x: float, y: float, rx: float, ry: float, *, corners: int = 28) -> Points:
    """The outline (corners, 2) of an upright ellipse."""
    return _unit_circle(corners) * (rx, ry) + (x, y)


def moved(points: Points, *way: float) -> Points:
    """Points (..., d) moved by `way`, a number a dimension."""
    shifted: Points = points + np.array(way)
    return shifted


def mirrored(points: ArrayLike, side: int) -> Points:
    """Points (..., 3) made for the right of the picture, for `side` +1 as they are and for -1 mirrored."""
    turned: Points = np.asarray(points, dtype=np.float64) * np.array((side, 1.0, 1.0))
    return turned


def pair(points: ArrayLike) -> Points:
    """Points (..., 3) made for the right of the picture, on both sides: (2, ..., 3), the left first."""
    right = np.asarray(points, dtype=np.float64)
    return np.stack([right * (-1.0, 1.0, 1.0), right])


def around(right: ArrayLike) -> Points:
    """A line (2n - 1, 3) from left to right whose right half (n, 3) starts in the middle."""
    half = np.asarray(right, dtype=np.float64)
    return np.concatenate([half[:0:-1] * (-1.0, 1.0, 1.0), half])


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How the head is held and where it stands on the canvas.

    `yaw` > 0 turns the face to the right of the picture, `pitch` > 0 looks down, `roll` > 0 leans clockwise
    (radians); `scale` is pixels a head unit; (`x`, `y`) is where the origin lands, in pixels.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    x: float
    y: float

    @cached_property
    def matrix(self) -> Points:
        """(3, 2): head units to pixels, without the shift. Orthographic: what is near is not larger."""
        sin_y, cos_y = math.sin(self.yaw), math.cos(self.yaw)
        sin_p, cos_p = math.sin(self.pitch), math.cos(self.pitch)
        sin_r, cos_r = math.sin(self.roll), math.cos(self.roll)
        turned = np.array([[cos_y, sin_y * -sin_p], [0.0, cos_p], [sin_y, cos_y * sin_p]])
        leaned = np.array([[cos_r, sin_r], [-sin_r, cos_r]])
        whole: Points = turned @ leaned * self.scale
        return whole

    def silhouette(self, points: ArrayLike, depth: ArrayLike) -> Points:
        """Where the outline of a turned body runs: points (n, 3) of its outline seen from the front, moved.

        Each level of the body is an ellipse about (0, z), |x| wide and `depth` deep; seen turned, its outermost points
        are others than seen from the front. Without this a turned head would look like a turned mask.
        """
        control = np.asarray(points, dtype=np.float64)
        x, deep = control[:, 0], np.asarray(depth, dtype=np.float64)
        sin, cos = math.sin(self.yaw), math.cos(self.yaw)
        reach = np.sqrt((x * cos) ** 2 + (deep * sin) ** 2) + 1e-9
        outer = np.sign(x) * deep * deep * sin / reach
        return np.stack([x * np.abs(x) * cos / reach, control[:, 1], control[:, 2] + outer], axis=1)

    def project(self, points: ArrayLike) -> Points:
        """Head units (..., 3) to canvas pixels (..., 2)."""
        return np.asarray(points, dtype=np.float64) @ self.matrix + (self.x, self.y)

    def curve(self, control: ArrayLike, *, closed: bool = False) -> Points:
        """Smooth curves through control points (..., n, 3) in head units, as pixels (..., samples, 2)."""
        return curve(self.project(control), closed=closed)
