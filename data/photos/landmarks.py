"""Five points of a face: the two eyes, the tip of the nose, the corners of the mouth."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


class Landmarks(NamedTuple):
    """Five points (x, y) in pixels of a picture; left and right as they are seen in it."""

    left_eye: Point
    right_eye: Point
    nose: Point
    left_mouth: Point
    right_mouth: Point

    def array(self) -> NDArray[np.float64]:
        """Return the points as (5, 2)."""
        return np.array(self, np.float64)

    def moved(self, scale: float, right: float, down: float) -> "Landmarks":
        """Return the points in another picture: scaled, then moved."""
        return Landmarks(*((scale * x + right, scale * y + down) for x, y in self))
