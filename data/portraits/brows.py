"""Brows: a tapering band of short hairs over each eye."""

from typing import Final

import numpy as np

from data.portraits.geometry import pair, profile, ribbons
from data.portraits.layer import PaintCanvas
from data.portraits.palette import darker, mix
from data.portraits.sitter import Sitter

HAIRS: Final = 11


def paint_brows(layer: PaintCanvas, sitter: Sitter) -> None:
    """Both brows, raised or knit as the expression has it."""
    t, e = sitter.traits, sitter.expression
    top, gap, arch = -t.brow_height - 0.06 * e.brows, t.eye_gap, t.brow_arch
    worry = 0.03 * e.brows + t.brow_slant
    bands = sitter.pose.curve(pair([
        (gap - 0.225, top + 0.018 - worry, 0.68), (gap - 0.11, top - 0.012 - worry * 0.5, 0.67),
        (gap + 0.04, top - arch * 0.85, 0.62), (gap + 0.15, top - arch, 0.52), (gap + 0.265, top + 0.045, 0.37),
    ]))  # fmt: skip
    count = bands.shape[1]
    width = sitter.pose.scale * t.brow_width * profile(count, 0.35, 0.98, 1.0, 0.8, 0.12)
    colour = mix(darker(t.hair, 0.3), sitter.skin.line, 0.3)
    layer.glaze(ribbons(bands, width), colour, 0.72)
    # Short hairs, each from the lower edge up and outwards, so that the band does not look solid.
    starts = np.linspace(0, count - 6, HAIRS).astype(np.int64)
    rise = np.array([(0.0, 0.42), (0.0, 0.0), (0.0, -0.62)]) * width[starts + 2][:, None, None]
    hairs = (bands[:, starts[:, None] + (0, 2, 4)] + rise).reshape(-1, 3, 2)
    bristle = sitter.pose.scale * t.brow_width * profile(3, 0.16, 0.22, 0.03)
    layer.glaze(ribbons(hairs, bristle), colour, 0.5)
