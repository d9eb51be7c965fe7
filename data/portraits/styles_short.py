"""Short hair, a function a style: each lays sheets of hair on a head with a `HairBrush`.

Guides are control points in head units, from root to tip; `x * x` bends them around the head.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from data.portraits.curls import cloud, ringlets
from data.portraits.geometry import Points, around, mirrored, moved
from data.portraits.hair import CONTOUR, HAIRLINE, HairBrush, resampled
from data.portraits.layer import Colour
from data.portraits.palette import darker, mix

SHAVED: Final[Colour] = (176, 172, 178)
"""What a shaved head multiplies the skin by."""


def domed(front: Points, back: Points, sides: Points) -> Points:
    """The line (n, 3) halfway between two, lifted off the head except where `sides` (n,) nears -1 or 1: at the ears."""
    lift = 0.24 * (1 - sides**4)
    return (front + back) / 2 + np.stack([0.0 * lift, -0.12 * lift, lift], axis=1)


def swept(brush: HairBrush, part: float, hairline: Points, contour: Points) -> list[Points]:
    """Two sheets (3, n, 3) combed to both sides from a part at x = `part`, down to where the lines end."""
    sheets = []
    for side in (-1, 1):
        root = part * side
        front = np.concatenate(
            [[(root, hairline[0, 1] + 0.01, hairline[0, 2])], hairline[hairline[:, 0] > root + 0.14]]
        )
        back = np.concatenate([[(root, contour[0, 1] + 0.03, contour[0, 2])], contour[contour[:, 0] > root + 0.14]])
        front, back = resampled(front, 8), resampled(back, 8)
        middle = mirrored(domed(front, back, np.linspace(0.0, 1.0, 8)), side)
        sheets.append(np.stack([mirrored(front, side), middle, brush.silhouette(mirrored(back, side))]))
    return sheets


def backward(brush: HairBrush, hairline: Points, contour: Points) -> Points:
    """One sheet (k, 3, 3) combed from the hairline over the crown."""
    front, back = around(hairline), brush.silhouette(around(contour))
    return np.stack([front, domed(front, back, np.linspace(-1.0, 1.0, len(front))), back], axis=1)


def clipped(brush: HairBrush, fade: float) -> HairBrush:
    """A brush for hair so short that `fade` of the skin shows through it."""
    return replace(brush, colour=mix(brush.colour, brush.sitter.skin.base, fade))


def cover(brush: HairBrush, hairline: Points = HAIRLINE, contour: Points = CONTOUR) -> Points:
    """Covers the scalp evenly; gives the grid of the cover."""
    grid = brush.grid(backward(brush, hairline, contour))
    brush.fill(grid)
    return grid


def side_part(brush: HairBrush) -> None:
    """Combed to the side from a part."""
    cover(brush, contour=moved(CONTOUR, 0.0, 0.02, 0.0))
    near, _ = swept(brush, -0.36, HAIRLINE, moved(CONTOUR, 0.0, -0.03, 0.0))
    brush.sheet(near, strands=14)
    wave = [
        [(-0.35, -0.76, 0.62), (-0.10, -0.80, 0.72), (0.26, -0.74, 0.66), (0.58, -0.52, 0.42), (0.70, -0.16, 0.18)],
        [(-0.35, -0.96, 0.42), (0.02, -1.02, 0.58), (0.42, -0.88, 0.50), (0.72, -0.56, 0.26), (0.76, -0.14, 0.08)],
        [(-0.33, -1.12, 0.16), (0.08, -1.20, 0.26), (0.52, -1.04, 0.22), (0.80, -0.60, 0.06), (0.80, -0.12, -0.02)],
        [(-0.30, -1.19, -0.04), (0.10, -1.27, 0.0), (0.56, -1.07, -0.02), (0.83, -0.62, -0.06), (0.81, -0.10, -0.08)],
    ]
    brush.sheet(wave, strands=30, width=0.042)


def crop(brush: HairBrush) -> None:
    """Short sides, a rough top falling on the forehead."""
    cover(clipped(brush, 0.2))
    top = [
        [
            (x * 0.85, -1.20 + 0.22 * x * x, -0.05), (x * 1.06, -1.16 + 0.42 * x * x, 0.30),
            (x * 1.04 + 0.03, -0.90 + 0.20 * x * x, 0.58), (x * 0.96 + 0.06, -0.60 + 0.16 * x * x, 0.66 - 0.5 * x * x),
        ]
        for x in np.linspace(-0.66, 0.66, 9)
    ]  # fmt: skip
    brush.sheet(top, strands=34, width=0.045, gloss=0.42, reach=0.09)


def quiff(brush: HairBrush) -> None:
    """Short sides, the front brushed up into a wave."""
    cover(clipped(brush, 0.3), contour=moved(CONTOUR, 0.0, -0.02, 0.0))
    top = [
        [
            (x, -0.64 + 0.16 * x * x, 0.62 - 0.5 * x * x), (x * 1.14 - 0.06, -0.92 + 0.10 * x * x, 0.72 - 0.4 * x * x),
            (x * 1.14 - 0.02, -1.22 + 0.34 * x * x - 0.06 * x, 0.50),
            (x * 1.04 + 0.06, -1.42 + 0.72 * x * x - 0.10 * x, 0.15),
        ]
        for x in np.linspace(-0.62, 0.62, 9)
    ]  # fmt: skip
    brush.sheet(top, strands=38, width=0.045, gloss=0.5, reach=0.05)


def buzz(brush: HairBrush) -> None:
    """Clipped to a shadow."""
    short = clipped(brush, 0.35)
    short.strands(cover(short, contour=CONTOUR * (0.97, 0.945, 1.0)), 30, 0.02)


def bald(brush: HairBrush) -> None:
    """Shaved: a shadow where hair would be."""
    area = np.concatenate([around(HAIRLINE), around(CONTOUR * (0.94, 0.92, 1.0))[::-1]])
    brush.layer.stain(brush.sitter.pose.project(area), SHAVED, 0.4, 0.05 * brush.unit)


def receding(brush: HairBrush) -> None:
    """High bare temples, a thin brushed-back top."""
    high = HAIRLINE.copy()
    high[:4] += [(0.0, -0.10, -0.1), (0.02, -0.14, -0.1), (0.06, -0.22, -0.15), (0.06, -0.14, -0.15)]
    thin = clipped(brush, 0.18)
    grid = cover(thin, high, CONTOUR * (0.985, 0.96, 1.0))
    thin.strands(grid, 44, 0.03)
    thin.gloss(grid, 14, 0.45, 0.025)


def slick(brush: HairBrush) -> None:
    """Brushed back, close to the head."""
    brush.sheet(backward(brush, HAIRLINE, CONTOUR), strands=42, width=0.03, gloss=0.42)


def curly_top(brush: HairBrush) -> None:
    """Short sides and a top of curls."""
    cover(clipped(brush, 0.25))
    top = [
        [(x * 0.95, -0.70 + 0.12 * x * x, 0.60), (x * 1.05, -1.0, 0.5), (x * 1.08, -1.28 + 0.5 * x * x, 0.1)]
        for x in np.linspace(-0.60, 0.60, 7)
    ]
    grid = brush.grid(top)
    brush.fill(grid, darker(brush.colour, 0.3), shadow=0.05)
    ringlets(brush, grid, 30, 0.14, 1.6)


def short_afro(brush: HairBrush) -> None:
    """Tight curls all around."""
    grid = brush.grid(backward(brush, moved(HAIRLINE, 0.01, -0.03, 0.0), CONTOUR * (1.05, 1.04, 1.0)))
    brush.fill(grid, shadow=0.05)
    cloud(brush, grid, 60, 130, 0.055)


def pixie(brush: HairBrush) -> None:
    """Short with a long fringe swept over the forehead."""
    round_head = CONTOUR * (1.0, 1.02, 1.0)
    cover(brush, contour=round_head)
    for sheet in swept(brush, -0.40, HAIRLINE, round_head):
        brush.sheet(sheet, strands=16, reach=0.07)
    fringe = [
        [(-0.42, -1.02, 0.34), (-0.30, -0.72, 0.64), (-0.34, -0.46, 0.66), (-0.50, -0.30, 0.56)],
        [(-0.40, -1.08, 0.30), (-0.05, -0.84, 0.66), (0.08, -0.54, 0.72), (0.02, -0.40, 0.72)],
        [(-0.38, -1.14, 0.26), (0.22, -0.95, 0.60), (0.42, -0.62, 0.62), (0.46, -0.40, 0.60)],
        [(-0.34, -1.19, 0.10), (0.40, -1.06, 0.40), (0.64, -0.70, 0.40), (0.70, -0.30, 0.34)],
    ]
    brush.sheet(fringe, strands=26, gloss=0.5, reach=0.10)
