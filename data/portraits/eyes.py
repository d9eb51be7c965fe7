"""Eyes: two lids around a ball with an iris that looks somewhere, and the folds of skin about them.

Drawn in units of half an eye's width, x outwards from the nose, both eyes at once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from data.portraits.geometry import Points, curve, ellipse, moved, pair, profile, ribbons, swell
from data.portraits.layer import Colour, PaintCanvas
from data.portraits.palette import darker, lighter, mix
from data.portraits.sitter import Sitter

UPPER: Final = np.array([(-1.0, 0.20), (-0.66, -0.20), (-0.15, -0.52), (0.40, -0.49), (0.80, -0.20), (1.03, 0.04)])
LOWER: Final = np.array([(-1.0, 0.20), (-0.66, 0.34), (-0.15, 0.44), (0.40, 0.42), (0.80, 0.26), (1.03, 0.04)])
WHITE: Final[Colour] = (250, 246, 242)
LASH: Final[Colour] = (38, 28, 30)
PUPIL: Final[Colour] = (20, 16, 18)
LID_SHADOW: Final[Colour] = (70, 46, 56)
TEAR: Final[Colour] = (216, 128, 118)
IRIS_RADIUS: Final = 0.54
SHUT: Final = 0.1
"""Below this opening nothing of the ball shows."""


@dataclass(frozen=True)
class _Lids:
    """The control points (6, 2) of the upper lid, both lids' curves in pixels (2, samples, 2), and the opening."""

    control: Points
    upper: Points
    lower: Points
    opening: float


def _place(sitter: Sitter, points: ArrayLike) -> Points:
    """Pixels (2, n, 2) of points (n, 2) about each eye, on the curve of the face."""
    t = sitter.traits
    local = np.asarray(points, dtype=np.float64)
    x, y = local[:, 0], local[:, 1]
    across = t.eye_gap + t.eye_size * x
    down = t.eye_size * y - t.eye_slant * x
    near = 0.59 - 0.07 * x - 0.05 * x * x
    return sitter.pose.project(pair(np.stack([across, down, near], axis=1)))


def eye_centres(sitter: Sitter) -> Points:
    """The middles of both eyes, the left one in the picture first, in pixels (2, 2)."""
    return _place(sitter, [(0.0, 0.0)])[:, 0]


def _lids(sitter: Sitter) -> _Lids:
    t, e = sitter.traits, sitter.expression
    opening = min(max(e.lids * t.eye_open, 0.0), 1.2)
    raised = 0.10 * max(e.smile, 0.0) * (1 - LOWER[:, 0] ** 2)
    lower = LOWER - np.stack([np.zeros(len(LOWER)), raised], axis=1)
    upper = lower + (UPPER - lower) * opening
    return _Lids(upper, curve(_place(sitter, upper)), curve(_place(sitter, lower)), opening)


def paint_eyes(layer: PaintCanvas, sitter: Sitter) -> None:
    """Both eyes."""
    t, skin, unit = sitter.traits, sitter.skin, sitter.pose.scale * sitter.traits.eye_size
    lids = _lids(sitter)
    _paint_folds(layer, sitter, lids)
    if lids.opening > SHUT:
        _paint_balls(layer, sitter, lids)
    along = profile(lids.upper.shape[1], 0.0, 1.0)
    layer.glaze(ribbons(lids.lower, unit * 0.075 * (0.4 + along)), skin.line, 0.5)
    thick = 0.05 + (0.10 + 0.11 * t.lashes) * along * (1.7 - along)
    layer.glaze(ribbons(lids.upper - (0.0, 0.02 * unit), unit * thick), LASH, 0.92)
    if t.lashes > 0.4:
        wings = curve(_place(sitter, [(0.78, -0.20 * lids.opening + 0.02), (1.02, 0.0), (1.26, -0.20)]))
        layer.glaze(ribbons(wings, unit * profile(wings.shape[1], 0.20, 0.02)), LASH, 0.92)


def _paint_folds(layer: PaintCanvas, sitter: Sitter, lids: _Lids) -> None:
    """The upper lids up to their creases, and the hollows below the eyes that come with age."""
    t, skin, unit = sitter.traits, sitter.skin, sitter.pose.scale * sitter.traits.eye_size
    height = 0.10 + 0.26 * t.eye_fold + 0.22 * (1 - min(lids.opening, 1.0))
    bow = np.array([0.35, 0.75, 1.0, 1.0, 0.8, 0.45])[:, None]
    crease = curve(_place(sitter, lids.control - (0.0, height) * bow))
    shadow = mix(skin.shade, t.lid_paint, 0.6) if t.lashes > 0.4 else skin.shade
    layer.glaze(np.concatenate([lids.upper, crease[:, ::-1]], axis=1), shadow, 0.4)
    swelling = swell(crease.shape[1])
    layer.glaze(ribbons(crease, unit * (0.02 + 0.07 * swelling)), skin.line, 0.25 + 0.35 * t.eye_fold)
    hollow = curve(_place(sitter, [(-0.75, 0.58), (-0.1, 0.76), (0.6, 0.66)]))
    layer.glaze(ribbons(hollow, unit * 0.08 * swell(hollow.shape[1])), skin.shade, 0.2 + 0.5 * t.age)


def _paint_balls(layer: PaintCanvas, sitter: Sitter, lids: _Lids) -> None:
    e, unit = sitter.expression, sitter.pose.scale * sitter.traits.eye_size
    holes = np.concatenate([lids.upper, lids.lower[:, ::-1]], axis=1)
    lid_shadows = np.concatenate([lids.upper, moved(lids.upper[:, ::-1], 0.0, unit * 0.22)], axis=1)
    gaze = _place(sitter, [(side * e.gaze_x * 0.36, -0.04 + 0.16 * e.gaze_y) for side in (-1, 1)])
    corners = _place(sitter, [(-0.97, 0.2)])
    for k in (0, 1):
        with layer.inside(holes[k]) as ball:
            ball.fill(holes[k], WHITE)
            _paint_iris(ball, sitter, gaze[k, k])
            ball.glaze(lid_shadows[k], LID_SHADOW, 0.36)
            x, y = corners[k, 0]
            ball.glaze(ellipse(x, y, unit * 0.17, unit * 0.13, corners=12), TEAR, 0.7)


def _paint_iris(ball: PaintCanvas, sitter: Sitter, centre: Points) -> None:
    """An iris about its centre (2,), a bit narrower when the head is turned, and the light it mirrors."""
    iris, (x, y) = sitter.traits.iris, centre
    high = sitter.pose.scale * sitter.traits.eye_size * IRIS_RADIUS
    wide = high * (1 - 0.3 * abs(sitter.pose.yaw))
    ball.fill(ellipse(x, y, wide, high), darker(iris, 0.55))
    ball.fill(ellipse(x, y + high * 0.05, wide * 0.87, high * 0.86), iris)
    ball.glaze(ellipse(x, y + high * 0.36, wide * 0.64, high * 0.46), lighter(iris, 0.55), 0.5)
    ball.fill(ellipse(x, y, wide * 0.45, high * 0.45, corners=18), PUPIL)
    towards = 1 if sitter.light.direction[0] > 0 else -1
    glint = ellipse(x + towards * wide * 0.34, y - high * 0.34, wide * 0.2, high * 0.2, corners=12)
    ball.fill(glint, (255, 255, 255))
    ball.glaze(ellipse(x - towards * wide * 0.4, y + high * 0.4, wide * 0.13, high * 0.13, corners=10), WHITE, 0.55)
