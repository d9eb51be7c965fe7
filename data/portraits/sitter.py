"""One person in one photo: all values that the functions which draw the parts of a portrait get."""

import math
from dataclasses import dataclass
from functools import cached_property

from data.portraits.geometry import Pose
from data.portraits.palette import Skin
from data.portraits.traits import Traits


@dataclass(frozen=True, kw_only=True)
class Expression:
    """What a face does: `smile` in -1..1, `open` 0..1, `lids` 1 when open as usual, `brows` -1..1, gaze -1..1."""

    smile: float
    open: float
    lids: float
    brows: float
    gaze_x: float
    gaze_y: float


@dataclass(frozen=True, kw_only=True)
class Light:
    """A lamp or a window: how far to the `side` (left of the picture < 0) and how high, seen from 0.8 before the face.

    At `strength` 0 all is evenly bright, at 1 what lies in shadow has the shadow's full tint.
    """

    side: float
    height: float
    strength: float

    @cached_property
    def direction(self) -> tuple[float, float, float]:
        """The unit vector towards the light: x right, y down, z to the viewer."""
        x, y, z = self.side, -self.height, 0.8
        length = math.sqrt(x * x + y * y + z * z)
        return x / length, y / length, z / length


@dataclass(frozen=True, kw_only=True)
class Sitter:
    """A person's traits, the head's `pose` and the body's `stance` on the canvas, the expression and the light."""

    traits: Traits
    pose: Pose
    stance: Pose
    expression: Expression
    light: Light

    @cached_property
    def skin(self) -> Skin:
        """The paints of the person's skin."""
        return Skin(self.traits.skin)
