"""The head without its features: face, ears and neck."""

from typing import Final

import numpy as np

from data.portraits.geometry import Points, curve, ellipse, mirrored, moved, pair, profile, ribbons
from data.portraits.layer import Colour, PaintLayer
from data.portraits.palette import lighter
from data.portraits.sitter import Sitter

CHIN_SHADOW: Final[Colour] = (158, 120, 124)
"""What the chin's shadow on the neck multiplies by."""


def face_outline(sitter: Sitter) -> Points:
    """The outline of skull and face, in pixels; an open mouth lowers the chin."""
    t = sitter.traits
    drop = sitter.expression.open * 0.06
    low = t.length - 0.56
    right = np.array([  # x, y, z of the middle of a level, depth of the level
        (0.24, -1.08, 0.0, 0.20), (0.50, -0.95, 0.0, 0.46), (0.67, -0.66, 0.02, 0.62),
        (t.cheek - 0.005, -0.30, 0.05, 0.62), (t.cheek, 0.02, 0.06, 0.60), (t.cheek * 0.965, 0.30, 0.10, 0.54),
        (t.jaw * 1.08, 0.56, 0.15, 0.44), (t.jaw * 0.90, 0.56 + low * 0.48, 0.22, 0.34),
        (t.chin * 1.65, 0.56 + low * 0.85 + drop * 0.7, 0.40, 0.14),
        (t.chin * 0.68, t.length - 0.012 + drop, 0.50, 0.04), (0.0, t.length + drop, 0.52, 0.0),
    ])  # fmt: skip
    whole = np.concatenate([right, right[-2::-1] * (-1.0, 1.0, 1.0, 1.0)])
    return sitter.pose.curve(sitter.pose.silhouette(whole[:, :3], whole[:, 3]), closed=True)


def paint_ears(layer: PaintLayer, sitter: Sitter) -> None:
    """Both ears, with their rings; the face is painted over their roots."""
    t, skin, pose = sitter.traits, sitter.skin, sitter.pose
    size, place = (t.ear_size, t.ear_size, 1.0), (t.cheek - 0.01, 0.03, 0.0)
    rim = np.array([
        (-0.06, -0.10, -0.06), (0.04, -0.155, -0.12), (0.11, -0.10, -0.15), (0.115, 0.03, -0.15),
        (0.085, 0.14, -0.14), (0.055, 0.26, -0.10), (-0.01, 0.30, -0.07), (-0.07, 0.24, -0.05),
    ])  # fmt: skip
    layer.fill(pose.curve(pair(rim * size + place), closed=True), skin.base)
    hollow = np.array([
        (0.0, -0.06, -0.1), (0.055, -0.09, -0.13), (0.072, 0.01, -0.13), (0.04, 0.12, -0.12), (0.0, 0.16, -0.1),
    ])  # fmt: skip
    paths = pose.curve(pair(hollow * size + place))
    layer.glaze(paths, skin.shade, 0.55)
    layer.glaze(ribbons(paths, pose.scale * 0.02), skin.line, 0.35)
    if t.earrings:
        _paint_earrings(layer, sitter)


def _paint_earrings(layer: PaintLayer, sitter: Sitter) -> None:
    """A drop in the person's favourite colour at each lobe."""
    t, pose = sitter.traits, sitter.pose
    lobes = pose.project(pair([(t.cheek + 0.03, 0.30 * t.ear_size + 0.05, -0.02)]))
    for down, size, paint in ((0.0, 0.022, t.cloth), (0.075, 0.045, t.cloth), (0.06, 0.016, lighter(t.cloth, 0.8))):
        drop = ellipse(0.0, down * pose.scale, size * pose.scale, size * 1.2 * pose.scale, corners=14)
        layer.fill(lobes + drop, paint)


def paint_neck(layer: PaintLayer, sitter: Sitter) -> None:
    """Neck and upper chest, between the head's pose and the body's stance, and the chin's shadow on them."""
    n, skin, head, body = sitter.traits.neck, sitter.skin, sitter.pose, sitter.stance
    high = [(n * 0.98, 0.40, -0.1), (n * 0.97, 0.85, -0.1)]
    deep = [(n, 1.20, 0.0), (n * 1.16, 1.42, 0.0), (n * 1.7, 1.56, 0.0), (n * 2.2, 1.76, 0.0), (n * 2.3, 2.6, 0.0)]
    right = np.concatenate([head.project(high), body.project(deep)])
    left = np.concatenate([head.project(mirrored(high, -1)), body.project(mirrored(deep, -1))])[::-1]
    layer.fill(curve(np.concatenate([right, left]), closed=True), skin.base)
    chin = head.curve([
        (-n * 1.05, 0.6, 0.2), (n * 1.05, 0.6, 0.2), (n * 0.9, 1.12, 0.3), (0.0, 1.30, 0.4), (-n * 0.9, 1.12, 0.3),
    ], closed=True)  # fmt: skip
    slide = -sitter.light.direction[0] * 0.12 * head.scale
    layer.stain(moved(chin, slide, 0.0), CHIN_SHADOW, 0.85, 0.07 * head.scale)
    bones = body.curve(pair([(0.08, 1.70, 0.1), (0.3, 1.66, 0.1), (0.62, 1.60, 0.0)]))
    layer.glaze(ribbons(bones, head.scale * profile(bones.shape[1], 0.03, 0.005)), skin.shade, 0.4)
