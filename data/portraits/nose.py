"""The nose: wings, nostrils and the line beneath; its body is light and shade from `relief`."""

from typing import Final

from data.portraits.geometry import Points, pair, profile, ribbons, swell
from data.portraits.layer import Colour, PaintLayer
from data.portraits.sitter import Sitter

SHADOW: Final[Colour] = (200, 160, 160)
"""What the nose's own shadow on the upper lip multiplies by."""


def nose_tip(sitter: Sitter) -> Points:
    """The tip, in pixels (2,): the middle of the light on it (`relief`)."""
    return sitter.pose.project((0.0, sitter.traits.nose_length - 0.08, 0.95))


def paint_nose(layer: PaintLayer, sitter: Sitter) -> None:
    """The drawn part of the nose."""
    t, skin, pose = sitter.traits, sitter.skin, sitter.pose
    y, w, unit = t.nose_length, t.nose_width, pose.scale
    wings = pose.curve(pair([
        (w * 0.80, y - 0.11, 0.72), (w * 1.02, y - 0.055, 0.68), (w, y + 0.005, 0.68), (w * 0.76, y + 0.03, 0.72),
    ]))  # fmt: skip
    layer.glaze(ribbons(wings, unit * 0.024 * profile(wings.shape[1], 0.2, 1.3)), skin.line, 0.5)
    holes = pose.curve(pair([
        (w * 0.22, y + 0.028, 0.84), (w * 0.46, y, 0.82), (w * 0.72, y + 0.014, 0.76), (w * 0.5, y + 0.036, 0.80),
    ]), closed=True)  # fmt: skip
    layer.glaze(holes, skin.line, 0.8)
    under = pose.curve([(-w * 0.42, y + 0.03, 0.83), (0.0, y + 0.06, 0.90), (w * 0.42, y + 0.03, 0.83)])
    layer.glaze(ribbons(under, unit * 0.026 * swell(len(under))), skin.line, 0.5)
    below = pose.curve([
        (-w * 0.95, y + 0.04, 0.74), (0.0, y + 0.075, 0.84), (w * 0.95, y + 0.04, 0.74), (0.0, y + 0.16, 0.72),
    ], closed=True)  # fmt: skip
    layer.stain(below, SHADOW, 0.8, unit * 0.05)
