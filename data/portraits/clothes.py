"""Clothes: what neck and shoulders wear, a function a garment."""

from collections.abc import Callable
from typing import Final

import numpy as np

from data.portraits.geometry import Points, ellipse, moved, pair, profile, ribbons
from data.portraits.layer import Colour, PaintLayer
from data.portraits.palette import darker, lighter
from data.portraits.sitter import Sitter

Line = tuple[tuple[float, float], ...]
"""The right half of a neck's line, from its middle up to the shoulder: x and y in head units."""
CREW: Final[Line] = ((0.0, 1.66), (0.22, 1.62), (0.40, 1.48), (0.50, 1.36))
SCOOP: Final[Line] = ((0.0, 1.92), (0.30, 1.86), (0.58, 1.66), (0.70, 1.52))
VEE: Final[Line] = ((0.0, 2.06), (0.16, 1.86), (0.38, 1.56), (0.51, 1.26))
HIGH: Final[Line] = ((0.0, 1.52), (0.22, 1.50), (0.40, 1.42), (0.49, 1.30))
OPEN: Final[Line] = ((0.0, 2.70), (0.20, 2.20), (0.44, 1.62), (0.52, 1.28))
AVERAGE_NECK: Final = 0.42


def _neck(sitter: Sitter, line: Line) -> Points:
    """A neck's line as points (2n - 1, 3) from left to right, as wide as the person's neck."""
    wide = sitter.traits.neck / AVERAGE_NECK
    right = np.array([(x * wide, y, 0.0) for x, y in line])
    return np.concatenate([right[:0:-1] * (-1.0, 1.0, 1.0), right])


def _torso(sitter: Sitter, line: Line) -> tuple[Points, Points]:
    """The outline of a garment and the line of its neck, left to right, in pixels."""
    wide, body = sitter.traits.shoulders, sitter.stance
    neck = _neck(sitter, line)
    slope = np.array([
        neck[-1], (0.92, 1.57, 0.0), (1.28 * wide, 1.72, 0.0), (1.56 * wide, 1.96, 0.0), (1.76 * wide, 2.5, 0.0),
        (1.9 * wide, 5.0, 0.0),
    ])  # fmt: skip
    left, right = body.curve(pair(slope))
    border = body.curve(neck)
    return np.concatenate([border, right, left[::-1]]), border


def _shadow(layer: PaintLayer, sitter: Sitter, neck: Points) -> None:
    """The shadow of a border on the skin above it."""
    for wide in (0.14, 0.07):
        layer.glaze(ribbons(neck, wide * sitter.stance.scale), sitter.skin.shade, 0.16)


def _cloth(layer: PaintLayer, sitter: Sitter, line: Line, colour: Colour, *, hem: float = 0.07) -> None:
    """A plain garment with soft folds and, where `hem` > 0, a ribbed border around the neck."""
    outline, neck = _torso(sitter, line)
    unit = sitter.stance.scale
    _shadow(layer, sitter, neck)
    layer.fill(outline, colour)
    folds = np.array([
        [(x, y - 0.22, 0.0), (x - lean * 0.4, y + 0.1, 0.0), (x - lean, y + 0.55, 0.0)]
        for x, y, lean in ((1.10, 2.1, 0.16), (0.72, 1.95, 0.30), (1.36, 2.2, 0.06))
    ])  # fmt: skip
    paths = sitter.stance.curve(pair(folds)).reshape(6, -1, 2)
    taper = unit * profile(paths.shape[1], 0.01, 0.07, 0.045, 0.02)
    layer.glaze(ribbons(paths, taper), darker(colour, 0.35), 0.35)
    layer.glaze(ribbons(moved(paths, unit * 0.05, 0.0), taper * 0.7), lighter(colour, 0.3), 0.25)
    if hem:
        layer.glaze(ribbons(moved(neck, 0.0, unit * hem * 0.5), unit * hem), darker(colour, 0.22), 0.8)
        layer.glaze(ribbons(moved(neck, 0.0, unit * hem * 1.02), unit * 0.012), darker(colour, 0.5), 0.5)


def _bib(layer: PaintLayer, sitter: Sitter, line: Line, colour: Colour) -> None:
    """What shows of a shirt under another garment."""
    neck = sitter.stance.curve(_neck(sitter, line))
    unit = sitter.stance.scale
    _shadow(layer, sitter, neck)
    layer.fill(np.concatenate([neck, sitter.stance.project([(0.5, 3.2, 0.0), (-0.5, 3.2, 0.0)])]), colour)
    layer.glaze(ribbons(moved(neck, 0.0, unit * 0.03), unit * 0.05), darker(colour, 0.25), 0.8)


def tee(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A T-shirt."""
    _cloth(layer, sitter, CREW, colour)


def striped(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A striped shirt with a wide neck."""
    outline, _ = _torso(sitter, SCOOP)
    _cloth(layer, sitter, SCOOP, colour, hem=0.05)
    bands = sitter.stance.curve([
        [(-2.0, y + 0.24, 0.0), (-1.1, y - 0.02, 0.0), (0.0, y + 0.05, 0.0), (1.1, y - 0.02, 0.0), (2.0, y + 0.24, 0.0)]
        for y in np.arange(1.78, 3.0, 0.22)
    ])  # fmt: skip
    with layer.inside(outline) as inner:
        inner.glaze(ribbons(bands, sitter.stance.scale * 0.09), second, 0.85)


def sweater(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A V-neck over a shirt of the second colour."""
    _bib(layer, sitter, HIGH, lighter(second, 0.5))
    _cloth(layer, sitter, VEE, colour, hem=0.09)


def turtleneck(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A rolled collar around the neck."""
    _cloth(layer, sitter, HIGH, colour, hem=0.0)
    n, body = sitter.traits.neck * 1.1, sitter.stance
    right = np.array([
        (0.0, 1.24, 0.2), (n * 0.7, 1.18, 0.1), (n, 1.06, 0.0), (n * 1.06, 1.3, 0.0), (n * 1.1, 1.5, 0.0),
        (n * 0.7, 1.62, 0.1), (0.0, 1.66, 0.2),
    ])  # fmt: skip
    roll = np.concatenate([right, right[::-1] * (-1.0, 1.0, 1.0)])
    layer.fill(body.curve(roll, closed=True), lighter(colour, 0.06))
    crease = body.curve([(-n * 1.04, 1.32, 0.0), (0.0, 1.48, 0.2), (n * 1.04, 1.32, 0.0)])
    layer.glaze(ribbons(crease, body.scale * 0.03), darker(colour, 0.5), 0.4)


def collar(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A shirt with an open collar and buttons."""
    _cloth(layer, sitter, VEE, colour, hem=0.0)
    body, n = sitter.stance, sitter.traits.neck / AVERAGE_NECK
    front = body.curve([(0.0, 2.02, 0.1), (0.02, 2.5, 0.0), (0.02, 4.0, 0.0)])
    layer.glaze(ribbons(front, body.scale * 0.02), darker(colour, 0.5), 0.5)
    button = ellipse(0.0, 0.0, body.scale * 0.025, body.scale * 0.025, corners=12)
    buttons = body.project([(0.07, 2.16, 0.05), (0.07, 2.5, 0.05), (0.07, 2.84, 0.05)])
    layer.fill(buttons[:, None] + button, lighter(colour, 0.6))
    flaps = body.project(pair([
        (0.47 * n, 1.24, 0.0), (0.34 * n, 1.56, 0.1), (0.06, 1.98, 0.1), (0.34, 2.12, 0.1), (0.66 * n, 1.66, 0.0),
        (0.58 * n, 1.34, 0.0),
    ]))  # fmt: skip
    layer.glaze(moved(flaps, 0.0, body.scale * 0.05), darker(colour, 0.6), 0.4)
    layer.fill(flaps, lighter(colour, 0.12))


def blazer(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A jacket with lapels over a shirt of the second colour."""
    _bib(layer, sitter, CREW, lighter(second, 0.45))
    dark = darker(colour, 0.25)
    _cloth(layer, sitter, OPEN, dark, hem=0.0)
    lapels = sitter.stance.project(pair([
        (0.50, 1.26, 0.0), (0.40, 1.70, 0.1), (0.04, 2.66, 0.1), (0.56, 2.16, 0.1), (0.50, 2.02, 0.1),
        (0.72, 1.90, 0.0), (0.64, 1.42, 0.0),
    ]))  # fmt: skip
    layer.glaze(moved(lapels, 0.0, sitter.stance.scale * 0.05), darker(dark, 0.6), 0.4)
    layer.fill(lapels, lighter(dark, 0.10))


def hoodie(layer: PaintLayer, sitter: Sitter, colour: Colour, second: Colour) -> None:
    """A hood lying on the shoulders, and its strings."""
    _cloth(layer, sitter, CREW, colour, hem=0.0)
    body = sitter.stance
    hood = np.array([
        (0.44, 1.18, -0.1), (0.62, 1.16, -0.1), (0.80, 1.36, 0.0), (0.72, 1.66, 0.1), (0.36, 1.94, 0.2),
        (0.0, 2.02, 0.2), (0.0, 1.80, 0.2), (0.30, 1.64, 0.1), (0.44, 1.42, 0.0),
    ])  # fmt: skip
    halves = body.curve(pair(hood), closed=True)
    layer.glaze(moved(halves, 0.0, body.scale * 0.05), darker(colour, 0.6), 0.4)
    layer.fill(halves, lighter(colour, 0.08))
    layer.glaze(ribbons(body.curve(pair(hood[[0, 8, 7, 6]])), body.scale * 0.05), darker(colour, 0.4), 0.5)
    strings = body.curve(pair([(0.16, 1.88, 0.2), (0.19, 2.2, 0.1), (0.15, 2.55, 0.1)]))
    layer.fill(ribbons(strings, body.scale * 0.035), lighter(second, 0.5))


Garment = Callable[[PaintLayer, Sitter, Colour, Colour], None]
GARMENTS: Final[dict[str, Garment]] = {
    "tee": tee, "striped": striped, "sweater": sweater, "turtleneck": turtleneck, "collar": collar, "blazer": blazer,
    "hoodie": hoodie,
}  # fmt: skip
"""Every garment: painted in a colour and a second one."""
