"""Long hair, a function a style, and what of it hangs behind neck and shoulders."""

from dataclasses import replace

import numpy as np

from data.portraits.curls import cloud, ringlets, woven
from data.portraits.geometry import Points, around, mirrored, moved
from data.portraits.hair import CONTOUR, HAIRLINE, HairBrush
from data.portraits.palette import darker
from data.portraits.styles_short import backward, swept

Line = list[tuple[float, float, float]]


def hanging(brush: HairBrush, part: float, inner: Line, outer: Line) -> list[Points]:
    """Two sheets that fall from a part along the face and go on below along `inner` and `outer` (right side)."""
    sheets = []
    ends = (np.array(inner), (np.array(inner) + outer) / 2 + (0.0, 0.0, 0.1), np.array(outer))
    for side, sheet in zip((-1, 1), swept(brush, part, HAIRLINE, CONTOUR), strict=True):
        guides = [np.concatenate([guide, mirrored(end, side)]) for guide, end in zip(sheet, ends, strict=True)]
        sheets.append(np.stack(guides))
    return sheets


def behind(brush: HairBrush, width: float, length: float, *, wave: float = 0.0) -> None:
    """The hair behind neck and shoulders: half its `width`, and how far down it goes, in head units."""
    guides = [
        [
            (0.5 * x, -0.9, -0.2), (0.78 * x, -0.3, -0.3), (width * x, 0.4, -0.4), (width * 1.04 * x, 1.0, -0.35),
            (width * 1.02 * x, length, -0.3),
        ]
        for x in np.linspace(-1.0, 1.0, 6)
    ]  # fmt: skip
    brush.sheet(guides, strands=18, width=0.05, gloss=0.0, wave=wave, shadow=0.0, reach=0.14)


def straight(brush: HairBrush) -> None:
    """A middle part, straight and long over the shoulders."""
    inner = [(0.72, 0.45, 0.16), (0.74, 0.95, 0.14), (0.70, 1.5, 0.12), (0.62, 2.0, 0.1)]
    outer = [(0.86, 0.45, -0.1), (0.94, 0.95, -0.1), (1.00, 1.5, -0.1), (0.98, 2.05, -0.1)]
    for sheet in hanging(brush, 0.04, inner, outer):
        brush.sheet(sheet, strands=24, gloss=0.3, reach=0.08)


def wavy(brush: HairBrush) -> None:
    """A side part and long waves."""
    inner = [(0.72, 0.42, 0.16), (0.76, 0.9, 0.14), (0.66, 1.4, 0.12), (0.60, 1.85, 0.1)]
    outer = [(0.92, 0.42, -0.1), (1.08, 0.9, -0.1), (1.16, 1.4, -0.1), (1.08, 1.9, -0.1)]
    for sheet in hanging(brush, -0.3, inner, outer):
        brush.sheet(sheet, strands=24, gloss=0.3, wave=0.07, reach=0.1)


def bob(brush: HairBrush) -> None:
    """Chin-long with a side part, turned in at the ends."""
    inner = [(0.73, 0.40, 0.18), (0.72, 0.66, 0.2), (0.62, 0.88, 0.24)]
    outer = [(0.90, 0.38, -0.1), (0.96, 0.70, -0.1), (0.86, 0.98, -0.05)]
    for sheet in hanging(brush, -0.22, inner, outer):
        brush.sheet(sheet, strands=22, gloss=0.38, reach=0.03)


def fringe(brush: HairBrush) -> None:
    """Long and straight with a full fringe."""
    straight(brush)
    bangs(brush)


def fringe_bob(brush: HairBrush) -> None:
    """Chin-long and straight with a full fringe."""
    inner = [(0.71, 0.40, 0.2), (0.72, 0.70, 0.2), (0.70, 0.92, 0.2)]
    outer = [(0.90, 0.38, -0.1), (0.95, 0.70, -0.1), (0.95, 0.96, -0.1)]
    for sheet in hanging(brush, 0.0, inner, outer):
        brush.sheet(sheet, strands=20, gloss=0.38, reach=0.02)
    bangs(brush)


def bangs(brush: HairBrush) -> None:
    """A fringe down to the brows."""
    guides = [
        [
            (x * 0.4, -1.17, 0.15), (x * 0.82, -0.98, 0.42), (x, -0.62, 0.66 - 0.38 * abs(x)),
            (x, -0.33 + 0.14 * x * x, 0.70 - 0.5 * abs(x)),
        ]
        for x in np.linspace(-0.66, 0.66, 8)
    ]  # fmt: skip
    brush.sheet(guides, strands=30, width=0.04, gloss=0.52, reach=0.06)


def shag(brush: HairBrush) -> None:
    """Down to the neck, parted in the middle, loose."""
    inner = [(0.72, 0.36, 0.14), (0.73, 0.62, 0.1), (0.74, 0.95, 0.0)]
    outer = [(0.90, 0.30, -0.1), (0.95, 0.62, -0.12), (0.90, 1.05, -0.15)]
    for sheet in hanging(brush, 0.1, inner, outer):
        brush.sheet(sheet, strands=22, width=0.045, gloss=0.3, wave=0.04, reach=0.16)


def tied(brush: HairBrush) -> None:
    """Brushed back from the face; what it is tied to is painted behind."""
    brush.sheet(backward(brush, HAIRLINE, CONTOUR * (0.97, 0.975, 1.0)), strands=42, width=0.028, gloss=0.4)


def bun(brush: HairBrush) -> None:
    """A bun on top, painted before the head."""
    ball = [
        [(x * 0.33, -1.12, -0.2), (x * 0.42, -1.40, -0.1), (x * 0.16, -1.60, -0.15)] for x in np.linspace(-1.0, 1.0, 6)
    ]
    brush.sheet(ball, strands=18, width=0.04, gloss=0.5, shadow=0.0)


def ponytail(brush: HairBrush) -> None:
    """A tail over one shoulder, painted before the head."""
    tail = [
        [
            (0.2 + 0.3 * x, -0.9, -0.5), (0.75 + 0.22 * x, -0.55, -0.6), (0.98 + 0.2 * x, 0.3, -0.5),
            (0.88 + 0.22 * x, 1.2, -0.3), (0.82 + 0.12 * x, 1.8, -0.2),
        ]
        for x in np.linspace(-1.0, 1.0, 5)
    ]  # fmt: skip
    brush.sheet(tail, strands=22, width=0.045, gloss=0.3, wave=0.04, shadow=0.0, reach=0.12)


def curls(brush: HairBrush) -> None:
    """Shoulder-long curls around the face."""
    inner = [(0.74, 0.4, 0.16), (0.80, 0.9, 0.14), (0.76, 1.3, 0.12)]
    outer = [(1.02, 0.4, -0.1), (1.14, 0.9, -0.1), (1.06, 1.4, -0.1)]
    for sheet in hanging(brush, -0.2, inner, outer):
        grid = brush.grid(sheet)
        brush.fill(grid, darker(brush.colour, 0.2), shadow=0.06)
        ringlets(brush, grid, 15, 0.155, 4.2)


def afro(brush: HairBrush) -> None:
    """A round cloud of tight curls."""
    wide = np.array([
        (0.0, -1.58, -0.1), (0.5, -1.50, -0.1), (0.95, -1.16, -0.12), (1.18, -0.66, -0.15), (1.20, -0.14, -0.18),
        (1.06, 0.24, -0.18), (0.80, 0.42, -0.15),
    ])  # fmt: skip
    grid = brush.grid(backward(brush, moved(HAIRLINE, 0.02, -0.02, 0.0), wide))
    brush.fill(grid, shadow=0.06)
    cloud(brush, grid, 90, 230, 0.075)


def plaits(brush: HairBrush) -> None:
    """Many thin plaits from a middle part."""
    inner = [(0.72, 0.45, 0.16), (0.74, 0.95, 0.14), (0.70, 1.5, 0.12), (0.66, 1.9, 0.1)]
    outer = [(0.90, 0.45, -0.1), (1.00, 0.95, -0.1), (1.08, 1.5, -0.1), (1.10, 1.95, -0.1)]
    for sheet in hanging(brush, 0.0, inner, outer):
        grid = brush.grid(sheet)
        brush.fill(grid, darker(brush.colour, 0.4), shadow=0.06)
        woven(brush, grid, 6, 0.125, 17)


def headscarf(brush: HairBrush) -> None:
    """A scarf around the face and under the chin, in the person's favourite colour."""
    cloth = replace(brush, colour=brush.sitter.traits.cloth)
    inner = np.array([
        (0.0, -0.66, 0.62), (0.34, -0.60, 0.52), (0.56, -0.34, 0.36), (0.645, 0.02, 0.24), (0.61, 0.42, 0.24),
        (0.46, 0.80, 0.34), (0.20, 1.05, 0.46), (0.0, 1.11, 0.50),
    ])  # fmt: skip
    outer = np.array([
        (0.0, -1.25, 0.0), (0.44, -1.15, 0.0), (0.80, -0.72, -0.05), (0.91, -0.06, -0.1), (0.88, 0.55, -0.1),
        (0.84, 1.10, 0.0), (0.60, 1.50, 0.2), (0.0, 1.66, 0.3),
    ])  # fmt: skip
    middle = moved((inner + outer) / 2 * (1.04, 1.0, 1.0), 0.0, 0.0, 0.14)
    lines = [around(line) for line in (inner, middle, outer)]
    cloth.sheet(np.stack(lines), strands=22, width=0.06, gloss=0.0, shadow=0.05)
    drape = [
        [(-0.60, 0.88, 0.2), (-0.26, 1.22, 0.36), (0.24, 1.40, 0.36), (0.80, 1.34, 0.1)],
        [(-0.76, 1.14, 0.1), (-0.32, 1.50, 0.34), (0.28, 1.70, 0.34), (0.94, 1.60, 0.1)],
        [(-0.90, 1.46, 0.0), (-0.40, 1.80, 0.30), (0.28, 1.98, 0.30), (1.00, 1.86, 0.1)],
        [(-0.80, 1.70, -0.1), (-0.36, 2.02, 0.2), (0.26, 2.16, 0.2), (0.90, 2.06, 0.0)],
    ]
    cloth.sheet(drape, strands=16, width=0.07, gloss=0.5, shadow=0.08)


def scarf_behind(brush: HairBrush) -> None:
    """The scarf on neck and shoulders."""
    behind(replace(brush, colour=darker(brush.sitter.traits.cloth, 0.15)), 0.86, 1.75)
