"""The face's skin: its fill, and what lies in it - blush, lines of age, freckles, a mole."""

from typing import Final

import numpy as np

from data.portraits.geometry import ellipse, pair, ribbons, swell
from data.portraits.head import face_outline
from data.portraits.layer import Colour, PaintLayer
from data.portraits.palette import darker
from data.portraits.sitter import Sitter

BLUSH: Final[Colour] = (255, 196, 186)
FRECKLES: Final = 44


def paint_face(layer: PaintLayer, sitter: Sitter) -> None:
    """The face before its features."""
    t, pose, skin = sitter.traits, sitter.pose, sitter.skin
    layer.fill(face_outline(sitter), skin.base)
    cheek = ellipse(0.0, 0.0, 0.2 * pose.scale, 0.15 * pose.scale, corners=16)
    for middle in pose.project(pair([(0.43, 0.32, 0.50)])):
        layer.stain(middle + cheek, BLUSH, 0.3 + 0.5 * t.blush, 0.09 * pose.scale)
    if t.age > 0.45:
        _paint_lines(layer, sitter)
    if t.freckles:
        spots = np.random.Generator(np.random.PCG64(t.grain)).uniform(-1.0, 1.0, (FRECKLES, 3))
        places = pose.project(spots * (0.46, 0.20, 0.0) + (0.0, 0.22, 0.62))
        sizes = pose.scale * (0.012 + 0.004 * spots[:, 2])
        dots = places[:, None] + ellipse(0.0, 0.0, 1.0, 1.0, corners=8) * sizes[:, None, None]
        layer.glaze(dots, skin.line, 0.3 * t.freckles)
    if t.mole:
        spot = ellipse(0.0, 0.0, pose.scale * 0.018, pose.scale * 0.018, corners=12)
        layer.glaze(spot + pose.project([(0.30 * t.mole, 0.47, 0.6)]), darker(skin.line, 0.3), 0.85)


def _paint_lines(layer: PaintLayer, sitter: Sitter) -> None:
    """Lines across the forehead and beside the eyes, as deep as the age."""
    t, pose = sitter.traits, sitter.pose
    depth = (t.age - 0.35) * 0.42 * (1 + 0.5 * max(sitter.expression.brows, 0.0))
    brow = [[(-0.3, y + 0.02, 0.6), (0.0, y - 0.015, 0.68), (0.3, y + 0.02, 0.6)] for y in (-0.42, -0.51)]
    out = t.eye_gap + t.eye_size
    feet = [
        [(out + 0.045, y, 0.42), (out + 0.09, y * 1.4 + 0.005, 0.36), (out + 0.13, y * 2.2, 0.3)]
        for y in (-0.02, 0.03, 0.07)
    ]
    lines = pose.curve(np.concatenate([brow, *pair(feet)]))
    layer.glaze(ribbons(lines, pose.scale * 0.018 * swell(lines.shape[1])), sitter.skin.line, depth)
