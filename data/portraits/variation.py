"""What a photo is: all that differs between two photos of one person, drawn from one generator.

Only numbers and names are chosen here; the parts turn them into paint. How far photos vary decides how hard it is to
tell people apart: the ranges are chosen so that a small network does it well, and not perfectly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from data.portraits.backdrop import BACKDROPS
from data.portraits.clothes import GARMENTS
from data.portraits.extras import EXTRAS
from data.portraits.layer import Colour
from data.portraits.palette import CLOTHS, WALLS
from data.portraits.sitter import Expression, Light

Option = TypeVar("Option")

SIDES: Final = (240, 400)
"""The least and the most width and height of a photo, in pixels."""
FACE: Final = (0.38, 0.56)
"""How much of the photo's shorter side the face takes."""
TURN, NOD, LEAN = 0.54, 0.26, 0.34
"""How far a head turns, nods and leans at most, in radians."""
SLIP: Final = 0.10
"""How far a box is off to a side at most, in parts of its side."""
SLACK: Final = (-0.05, 0.22)
"""How much larger than the face a box is, in parts of its side."""
OCCLUDED: Final = 0.24
"""How many photos show a hat, sunglasses, a scarf or the like."""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """What the camera does to the picture.

    `exposure` multiplies, `contrast` stretches about the middle, `cast` multiplies a channel; `blur` is a radius in
    pixels, `noise` the largest error of a pixel; `quality` is JPEG's; `grey` takes the colour away.
    """

    exposure: float
    contrast: float
    cast: tuple[float, float, float]
    blur: float
    noise: int
    quality: int
    grey: bool


@dataclass(frozen=True, kw_only=True)
class Variation:
    """One photo: its size, where and how the head is, the face's box, expression, light, scene and camera."""

    size: tuple[int, int]
    yaw: float
    pitch: float
    roll: float
    face: float
    """The face's size as part of the photo's shorter side."""
    place: tuple[float, float]
    """The middle of the face, as part of width and height."""
    jitter: tuple[float, float, float]
    """How far the box is off, right, down and in size, in parts of its side."""
    expression: Expression
    light: Light
    backdrop: str
    wall: Colour
    garment: str
    cloth: Colour
    second_cloth: Colour
    extra: str
    extra_colour: Colour
    grain: int
    """Seeds what is random inside backdrop and noise."""
    camera: Camera


def _about(g: np.random.Generator, spread: float) -> float:
    """A random number about 0, within `spread`: a sum of two uniform ones, since logarithms differ by machine."""
    return float(g.random() + g.random() - 1.0) * spread


def _one(g: np.random.Generator, options: Iterable[Option]) -> Option:
    row = tuple(options)
    return row[int(g.integers(len(row)))]


def _expression(g: np.random.Generator) -> Expression:
    smile = float(g.uniform(-0.15, 1.0))
    opens = g.random() < (0.6 if smile > 0.45 else 0.25)
    lids = float(g.uniform(0.78, 1.08)) if g.random() > 0.07 else float(g.uniform(0.05, 0.5))
    return Expression(
        smile=smile,
        open=float(g.uniform(0.15, 0.75)) if opens else 0.0,
        lids=lids - 0.12 * max(smile, 0.0),
        brows=_about(g, 0.8),
        gaze_x=_about(g, 0.8),
        gaze_y=_about(g, 0.6),
    )


def _light(g: np.random.Generator) -> Light:
    return Light(
        side=float(g.uniform(-1.5, 1.5)), height=float(g.uniform(-0.1, 1.0)), strength=float(g.uniform(0.45, 1.2))
    )


def _camera(g: np.random.Generator) -> Camera:
    warmth, tint = _about(g, 0.10), _about(g, 0.03)
    return Camera(
        exposure=float(g.uniform(0.86, 1.16)),
        contrast=float(g.uniform(0.85, 1.12)),
        cast=(1.0 + warmth, 1.0 + tint, 1.0 - warmth),
        blur=float(g.uniform(0.6, 1.6)) if g.random() < 0.22 else 0.0,
        noise=int(g.integers(2, 10)) if g.random() < 0.85 else int(g.integers(10, 18)),
        quality=int(g.integers(72, 94)),
        grey=bool(g.random() < 0.04),
    )


def draw_variation(g: np.random.Generator) -> Variation:
    """One photo at random; the generator is the photo's own."""
    low, high = SIDES
    size = (int(g.integers(low, high - 60)), int(g.integers(low + 20, high + 1)))
    return Variation(
        size=size,
        yaw=_about(g, TURN),
        pitch=_about(g, NOD),
        roll=_about(g, LEAN),
        face=float(g.uniform(*FACE)),
        place=(0.5 + _about(g, 0.16), 0.47 + _about(g, 0.07)),
        jitter=(float(g.uniform(-SLIP, SLIP)), float(g.uniform(-SLIP, SLIP)), float(g.uniform(*SLACK))),
        expression=_expression(g),
        light=_light(g),
        backdrop=_one(g, BACKDROPS),
        wall=_one(g, WALLS),
        garment=_one(g, GARMENTS),
        cloth=_one(g, CLOTHS),
        second_cloth=_one(g, CLOTHS),
        extra=_one(g, EXTRAS) if g.random() < OCCLUDED else "none",
        extra_colour=_one(g, CLOTHS),
        grain=int(g.integers(2**31)),
        camera=_camera(g),
    )
