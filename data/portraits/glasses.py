"""Glasses and sunglasses."""

from typing import Final

import numpy as np

from data.portraits.geometry import Points, pair, ribbons
from data.portraits.layer import Colour, PaintLayer
from data.portraits.palette import lighter
from data.portraits.sitter import Sitter

RIMS: Final[dict[str, Points]] = {
    "round": np.array([(-1, 0), (-0.72, -0.72), (0, -1), (0.72, -0.72), (1, 0), (0.72, 0.72), (0, 1), (-0.72, 0.72)]),
    "square": np.array([
        (-1, -0.1), (-0.94, -0.72), (-0.5, -0.86), (0.5, -0.86), (0.96, -0.74), (1.04, -0.1), (0.92, 0.66),
        (0.5, 0.82), (-0.45, 0.82), (-0.9, 0.62),
    ]),
    "cat": np.array([
        (-1, 0.0), (-0.86, -0.58), (-0.3, -0.78), (0.5, -0.86), (1.2, -1.06), (1.1, -0.2), (0.8, 0.62), (0.1, 0.84),
        (-0.65, 0.64),
    ]),
    "pilot": np.array([
        (-0.98, -0.35), (-0.8, -0.78), (0, -0.88), (0.9, -0.80), (1.08, -0.3), (0.86, 0.62), (0.3, 1.0),
        (-0.35, 0.86), (-0.84, 0.3),
    ]),
}  # fmt: skip
"""A lens's outline, x outwards from the nose, in half its width and height."""
THICK: Final[dict[str, float]] = {"round": 0.030, "square": 0.046, "cat": 0.044, "pilot": 0.020}
"""How thick each rim is, in head units."""

WIDTH, HEIGHT, DROP, DEPTH = 0.245, 0.20, 0.025, 0.66
DARK_LENS: Final[Colour] = (34, 32, 40)


def paint_glasses(layer: PaintLayer, sitter: Sitter, kind: str, colour: Colour, *, dark: bool = False) -> None:
    """A pair of glasses of a `kind` of `RIMS`; `dark` ones hide the eyes."""
    pose, middle = sitter.pose, sitter.traits.eye_gap + 0.012
    thick, level = THICK[kind] * pose.scale, DROP - 0.35 * HEIGHT
    ear = sitter.traits.cheek + 0.01
    arms = pose.curve(
        pair([(middle + WIDTH, level, 0.55), (ear, level + 0.01, 0.1), (ear + 0.02, level + 0.03, -0.12)])
    )
    layer.glaze(ribbons(arms, thick * 1.1), colour, 0.9)
    x = middle + RIMS[kind][:, 0] * WIDTH
    rims = pair(np.stack([x, DROP + RIMS[kind][:, 1] * HEIGHT, DEPTH - 0.22 * np.maximum(x - 0.2, 0.0)], axis=1))
    lenses = pose.curve(rims, closed=True)
    closed = np.concatenate([lenses, lenses[:, :2]], axis=1)
    slide = np.array([-sitter.light.direction[0] * 0.02, 0.045]) * pose.scale
    layer.glaze(ribbons(closed + slide, thick), sitter.skin.shade, 0.35)
    if dark:
        layer.glaze(lenses, DARK_LENS, 0.93)
    for lens in lenses:
        _paint_reflection(layer, lens)
    layer.glaze(ribbons(closed, thick), colour, 0.97)
    upper = closed[:, : lenses.shape[1] // 3] - (0.0, thick * 0.2)
    layer.glaze(ribbons(upper, thick * 0.25), lighter(colour, 0.6), 0.45)
    inner = middle - WIDTH
    bridge = pose.curve([(-inner, level + 0.01, 0.72), (0.0, level - 0.03, 0.80), (inner, level + 0.01, 0.72)])
    layer.glaze(ribbons(bridge, thick), colour, 0.97)


def _paint_reflection(layer: PaintLayer, lens: Points) -> None:
    """Two slanting streaks on a lens (n, 2)."""
    corner = lens.min(axis=0)
    wide, high = lens.max(axis=0) - corner
    streak = np.array([(0.16, 0.0), (0.44, 0.0), (0.12, 1.0), (-0.16, 1.0)])
    with layer.inside(lens) as glass:
        for start, size in ((0.25, 1.0), (0.62, 0.35)):
            glass.glaze(streak * (wide * size, high) + corner + (start * wide, 0.0), (255, 255, 255), 0.12)
