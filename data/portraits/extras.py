"""What hides a bit of a face in a few photos: hats, sunglasses, headphones, a scarf."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from data.portraits.geometry import around, curve, ellipse, moved, ribbons
from data.portraits.glasses import paint_glasses
from data.portraits.hair import CONTOUR, HAIRLINE, HairBrush
from data.portraits.palette import darker, lighter
from data.portraits.styles_short import backward


def sunglasses(brush: HairBrush) -> None:
    """Dark lenses over the eyes."""
    kind = ("round", "square", "cat", "pilot")[int(brush.grain.integers(4))]
    paint_glasses(brush.layer, brush.sitter, kind, darker(brush.colour, 0.7), dark=True)


def beanie(brush: HairBrush) -> None:
    """A knitted hat with a folded brim."""
    crown = CONTOUR[:5] * (1.02, 1.07, 1.0)
    lower = [(0.0, 0.18, 0.08), (0.03, 0.18, 0.08), (0.07, 0.16, 0.04), (0.14, 0.10, 0.0), (0.20, 0.02, 0.0)]
    brim = HAIRLINE[:5] + np.array(lower)
    brush.sheet(backward(brush, brim, crown), strands=60, width=0.03, gloss=0.0, shadow=0.08)
    grid = brush.grid(backward(brush, brim, moved(brim, 0.015, -0.21, 0.0)))
    brush.fill(grid, lighter(brush.colour, 0.14), shadow=0.03)
    brush.strands(grid, 50, 0.03)


def cap(brush: HairBrush) -> None:
    """A cap with a peak."""
    crown = CONTOUR[:5] * (1.01, 1.04, 1.0)
    lower = [(0.0, 0.06, 0.10), (0.02, 0.07, 0.08), (0.06, 0.09, 0.04), (0.14, 0.06, 0.0), (0.19, 0.0, 0.0)]
    edge = HAIRLINE[:5] + np.array(lower)
    brush.sheet(backward(brush, edge, crown), strands=10, width=0.02, gloss=0.45, shadow=0.05)
    x = np.linspace(-1.0, 1.0, 7)
    inner = curve(np.stack([0.56 * x, -0.66 + 0.14 * x * x, 0.74 - 0.3 * x * x], axis=1))
    outer = curve(np.stack([0.64 * x, -0.40 - 0.06 * x * x, 1.20 - 0.7 * x * x], axis=1))
    peak = brush.sitter.pose.project(np.concatenate([inner, outer[::-1]]))
    for part in (0.14, 0.09, 0.04):
        brush.layer.glaze(moved(peak, 0.0, part * brush.unit), brush.sitter.skin.shade, 0.3)
    brush.layer.fill(peak, darker(brush.colour, 0.18))
    rim = brush.sitter.pose.project(outer)
    brush.layer.glaze(ribbons(rim - (0.0, 0.02 * brush.unit), brush.unit * 0.03), lighter(brush.colour, 0.4), 0.5)


def headphones(brush: HairBrush) -> None:
    """A band over the head and a shell on each ear."""
    pose, x = brush.sitter.pose, brush.sitter.traits.cheek + 0.09
    half = np.array(
        [(0.0, -1.29, 0.1), (0.42, -1.21, 0.1), (0.74, -0.92, 0.08), (0.87, -0.50, 0.05), (x + 0.02, 0.0, 0.0)]
    )
    band = curve(pose.project(around(half)))
    brush.layer.fill(ribbons(band, brush.unit * 0.10), darker(brush.colour, 0.3))
    brush.layer.glaze(ribbons(band, brush.unit * 0.03), lighter(brush.colour, 0.4), 0.5)
    for side in (-1, 1):
        cx, cy = pose.project([(side * x, 0.06, 0.02)])[0]
        for size, paint in ((1.0, darker(brush.colour, 0.35)), (0.7, brush.colour)):
            brush.layer.fill(ellipse(cx, cy, brush.unit * 0.14 * size, brush.unit * 0.23 * size), paint)


def scarf(brush: HairBrush) -> None:
    """A thick scarf on the shoulders and up to the mouth, which goes with the head."""
    sitter = brush.sitter
    rise = float(brush.grain.uniform(0.0, 0.26))
    x = np.linspace(-1.0, 1.0, 9)
    near, thin = 0.1 + 0.5 * (1 - x * x), 1 - 0.7 * x**4
    rounds = ((sitter.stance, 0.84, 1.58 - 0.3 * rise, 0.76), (sitter.pose, 0.68, 1.18 - 0.9 * rise, 0.46))
    for pose, wide, level, high in rounds:
        folds = [
            np.stack([wide * x, level + 0.20 * (1 - x * x) - high * part * thin, near], axis=1)
            for part in (1.0, 0.66, 0.33, 0.0)
        ]
        wool = replace(brush, sitter=replace(sitter, pose=pose))
        wool.sheet(np.stack(folds), strands=26, width=0.04, gloss=0.5, shadow=0.09)


EXTRAS: Final[dict[str, Callable[[HairBrush], None]]] = {
    "sunglasses": sunglasses, "beanie": beanie, "cap": cap, "headphones": headphones, "scarf": scarf,
}  # fmt: skip
"""What may be painted over hair and face; the brush's colour is the thing's."""
HATS: Final = ("beanie", "cap", "headphones")
"""What does not go over hair that stands up, or a headscarf."""
