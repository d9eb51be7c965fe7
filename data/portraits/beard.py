"""Beards: stubble as a stain, the rest as sheets of short hair."""

import numpy as np

from data.portraits.geometry import Points, around, moved, pair
from data.portraits.hair import HairBrush
from data.portraits.layer import Colour

STUBBLE: Colour = (150, 136, 136)


def _jaw(brush: HairBrush, grow: float, top: float) -> Points:
    """Guides (k, 3, 3) from the cheeks' border of a beard down past the jaw by `grow`."""
    t, drop = brush.sitter.traits, brush.sitter.expression.open * 0.06
    y, length = t.nose_length, t.length + drop
    roots = np.array([
        (0.0, y + 0.11, 0.70), (t.mouth_width * 0.7, y + 0.14, 0.64), (t.mouth_width + 0.07, y + 0.20, 0.54),
        (t.jaw * 0.92, y + 0.14 - top, 0.40), (t.cheek * 0.90, y - 0.12 - top, 0.26), (t.cheek * 0.955, 0.06, 0.14),
    ])  # fmt: skip
    tips = np.array([
        (0.0, length + grow, 0.50), (t.chin * 0.9, length - 0.01 + grow, 0.48),
        (t.chin * 1.7 + grow * 0.3, length * 0.93 + grow * 0.8, 0.40),
        (t.jaw * 0.92 + grow * 0.4, 0.56 + (length - 0.56) * 0.48 + grow * 0.4, 0.24),
        (t.jaw * 1.09 + grow * 0.3, 0.55, 0.15), (t.cheek * 0.985, 0.28, 0.10),
    ])  # fmt: skip
    roots, tips = around(roots), around(tips)
    return np.stack([roots, moved((roots + tips) / 2, 0.0, 0.0, 0.06), tips], axis=1)


def _upper_lip(brush: HairBrush, thick: float) -> list[Points]:
    """Two sheets (3, 3, 3) that fall from below the nose to the mouth's corners."""
    t, smile = brush.sitter.traits, brush.sitter.expression.smile
    y, w = t.mouth_height, t.mouth_width * (1 + 0.2 * smile)
    end, middle = y - 0.06 * smile, y - 0.03 * smile
    half = np.array([
        [(0.0, t.nose_length + 0.085, 0.74), (w * 0.55, middle - 0.13, 0.66), (w * 1.12, end - 0.01, 0.50)],
        [(0.0, t.nose_length + 0.13, 0.74), (w * 0.55, middle - 0.09, 0.67), (w * 1.16, end + 0.01, 0.50)],
        [(0.0, y - 0.04, 0.72), (w * 0.55, middle - 0.05 + thick, 0.66), (w * 1.18, end + 0.035 + thick, 0.50)],
    ])  # fmt: skip
    return list(pair(half))


def _chin(brush: HairBrush, grow: float) -> Points:
    """Guides (k, 3, 3) of a tuft on the chin."""
    t, drop = brush.sitter.traits, brush.sitter.expression.open * 0.06
    low, top = t.length + drop + grow, t.mouth_height + t.lip_lower + 0.06 + drop * 2.2
    return np.array([
        [(x * 0.16, top + 0.03 * abs(x), 0.66), (x * 0.25, (top + low) / 2, 0.62), (x * 0.20, low - 0.05 * x * x, 0.5)]
        for x in np.linspace(-1.0, 1.0, 5)
    ])  # fmt: skip


def stubble(brush: HairBrush) -> None:
    """Two days without a razor."""
    guides = _jaw(brush, 0.0, 0.02)
    area = np.concatenate([guides[:, 0], guides[::-1, 2]])
    brush.layer.stain(brush.sitter.pose.curve(area, closed=True), STUBBLE, 0.46, 0.05 * brush.unit)


def short_beard(brush: HairBrush) -> None:
    """Clipped, along the jaw and around the mouth."""
    brush.sheet(_jaw(brush, 0.015, 0.02), strands=44, width=0.026, gloss=0.0, shadow=0.02)
    for half in _upper_lip(brush, 0.0):
        brush.sheet(half, strands=8, width=0.02, gloss=0.0, shadow=0.02)


def full_beard(brush: HairBrush) -> None:
    """Long enough to hide the chin."""
    brush.sheet(_jaw(brush, 0.15, 0.03), strands=48, width=0.036, gloss=0.55, shadow=0.03, reach=0.06)
    for half in _upper_lip(brush, 0.015):
        brush.sheet(half, strands=9, width=0.025, gloss=0.0, shadow=0.03)


def moustache(brush: HairBrush) -> None:
    """A moustache alone."""
    for half in _upper_lip(brush, 0.02):
        brush.sheet(half, strands=12, width=0.022, gloss=0.3, shadow=0.04)


def goatee(brush: HairBrush) -> None:
    """Moustache and chin."""
    stubble(brush)
    brush.sheet(_chin(brush, 0.04), strands=20, width=0.025, gloss=0.0, shadow=0.02, reach=0.03)
    for half in _upper_lip(brush, 0.0):
        brush.sheet(half, strands=9, width=0.02, gloss=0.0, shadow=0.02)
