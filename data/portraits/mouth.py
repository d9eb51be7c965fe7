"""The mouth: two lips, what shows between them, and the folds a smile makes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from data.portraits.geometry import Points, around, curve, ellipse, moved, pair, ribbons, swell
from data.portraits.layer import Colour, PaintLayer
from data.portraits.palette import darker, lighter, mix
from data.portraits.sitter import Sitter

TEETH: Final[Colour] = (248, 243, 236)
DARK: Final[Colour] = (82, 30, 34)
TONGUE: Final[Colour] = (188, 90, 90)
BACK: Final = 3
"""Samples of a lip, from each corner inwards, behind which the teeth are too far back to be seen."""
CLOSED: Final = 0.06
"""Below this opening the lips touch."""


@dataclass(frozen=True)
class _Lips:
    """The four curves across a mouth, left to right, in pixels, and its right corner in head units."""

    top: Points
    upper: Points
    lower: Points
    bottom: Points
    corner: tuple[float, float]


def mouth_corners(sitter: Sitter) -> Points:
    """The corners of the mouth, the left one in the picture first, in pixels (2, 2)."""
    return sitter.pose.project(pair([_corner(sitter)]))[:, 0]


def _gap(sitter: Sitter) -> float:
    return sitter.expression.open if sitter.expression.open > CLOSED else 0.0


def _corner(sitter: Sitter) -> tuple[float, float, float]:
    """The right corner, in head units."""
    t, smile = sitter.traits, sitter.expression.smile
    return t.mouth_width * (1 + 0.26 * smile - 0.14 * _gap(sitter)), t.mouth_height - (0.085 * smile - 0.012), 0.50


def _lips(sitter: Sitter) -> _Lips:
    t, smile = sitter.traits, sitter.expression.smile
    gap, end = _gap(sitter), _corner(sitter)
    w, lift = end[0], 0.085 * smile - 0.012
    full, low = t.lip_upper * (1 - 0.22 * smile), t.lip_lower * (1 - 0.12 * smile)
    top = t.mouth_height + 0.012 * smile - 0.015 * gap
    drop = 0.19 * gap
    curves = sitter.pose.curve([
        around([
            (0.0, top - full * 0.80, 0.70), (w * 0.20, top - full * 1.02, 0.69),
            (w * 0.62, top - full * 0.62 - lift * 0.42, 0.62), end,
        ]),
        around([
            (0.0, top + full * 0.10, 0.70), (w * 0.22, top + full * 0.02, 0.69),
            (w * 0.64, top - lift * 0.36, 0.62), end,
        ]),
        around([
            (0.0, top + drop + full * 0.10, 0.70), (w * 0.24, top + drop + full * 0.08 - 0.1 * drop * smile, 0.69),
            (w * 0.64, top + drop * 0.70 - lift * 0.34, 0.62), end,
        ]),
        around([
            (0.0, top + drop + low, 0.68), (w * 0.30, top + drop + low * 0.93, 0.67),
            (w * 0.68, top + drop * 0.78 + low * 0.55 - lift * 0.36, 0.60), end,
        ]),
    ])  # fmt: skip
    return _Lips(curves[0], curves[1], curves[2], curves[3], (w, t.mouth_height - lift))


def paint_mouth(layer: PaintLayer, sitter: Sitter) -> None:
    """Lips, teeth and folds."""
    t, skin, unit = sitter.traits, sitter.skin, sitter.pose.scale
    lips = _lips(sitter)
    colour = mix(skin.lip, t.lip_colour, t.lip_paint)
    if sitter.expression.open > CLOSED:
        _paint_hollow(layer, sitter, lips)
    layer.fill(np.concatenate([lips.top, lips.upper[::-1]]), darker(colour, 0.14))
    layer.fill(np.concatenate([lips.lower, lips.bottom[::-1]]), colour)
    quarter = len(lips.lower) // 4
    shine = (lips.lower * 0.52 + lips.bottom * 0.48)[quarter:-quarter]
    layer.glaze(ribbons(shine, unit * t.lip_lower * 0.42 * swell(len(shine))), lighter(colour, 0.6), 0.4)
    if sitter.expression.open <= CLOSED:
        across = np.abs(np.linspace(-1.0, 1.0, len(lips.upper)))
        wide = unit * 0.024 * np.interp(across, (0, 0.25, 0.8, 1), (0.9, 0.7, 1.0, 0.5))
        layer.glaze(ribbons(lips.upper, wide), darker(skin.line, 0.25), 0.8)
    _paint_folds(layer, sitter, lips)


def _paint_hollow(layer: PaintLayer, sitter: Sitter, lips: _Lips) -> None:
    """Teeth above, tongue below, dark between."""
    unit = sitter.pose.scale
    upper = lips.upper[BACK:-BACK]
    hole = np.concatenate([lips.upper, lips.lower[::-1]])
    with layer.inside(hole) as inner:
        inner.fill(hole, DARK)
        x, y = lips.lower[len(lips.lower) // 2]
        inner.fill(ellipse(x, y + unit * 0.02, unit * 0.17, unit * 0.08), TONGUE)
        inner.fill(np.concatenate([upper, moved(upper[::-1], 0.0, unit * 0.085)]), TEETH)
        inner.glaze(np.concatenate([upper, moved(upper[::-1], 0.0, unit * 0.03)]), DARK, 0.35)


def _paint_folds(layer: PaintLayer, sitter: Sitter, lips: _Lips) -> None:
    """Corners, the shade below the lower lip, and the folds from nose to mouth."""
    t, skin, pose = sitter.traits, sitter.skin, sitter.pose
    (x, y), smile = lips.corner, max(sitter.expression.smile, 0.0)
    corners = pose.curve(pair([(x - 0.015, y + 0.015, 0.50), (x + 0.018, y, 0.48), (x + 0.03, y - 0.03, 0.46)]))
    layer.glaze(ribbons(corners, pose.scale * 0.024), skin.line, 0.3)
    folds = pose.curve(pair([
        (t.nose_width + 0.05, t.nose_length - 0.03, 0.60),
        (t.nose_width + 0.13 + 0.03 * smile, t.nose_length + 0.10, 0.52), (x + 0.085, y - 0.03, 0.44),
    ]))  # fmt: skip
    depth = 0.18 * (0.1 + 1.5 * smile + 1.2 * t.age)
    for wide in (0.05, 0.022):
        layer.glaze(ribbons(folds, pose.scale * wide * swell(folds.shape[1])), skin.shade, min(depth, 0.6))
    quarter = len(lips.bottom) // 4
    under = curve(lips.bottom[[quarter, 2 * quarter, -quarter]] + (0.0, pose.scale * 0.025))
    layer.glaze(ribbons(under, pose.scale * 0.05 * swell(len(under))), skin.shade, 0.4)
