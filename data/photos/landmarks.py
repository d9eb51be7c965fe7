"""Five points of a face - the two eyes, the tip of the nose, the corners of the mouth - and where a crop keeps them.

A crop that this program makes says in a comment of its JPEG file where the face lies in it, so that the points belong
to the bytes: they are copied, verified and removed together, and each digest of the file is one of the points too.
"""

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Square = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels, not rounded

_DIGITS = 2  # of a pixel
_LARGEST = 1e5  # of a coordinate
_COMMENT = re.compile(rb'\xff\xfe..faces (\{"box": [^{}\x00]{1,100}, "points": [^{}\x00]{1,400}\})', re.DOTALL)
_HEAD = 4096  # bytes of a file in which the comment is


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


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a face lies in a picture: its box, None for all of it, and its points, None where they are not known."""

    box: Square | None = None
    points: Landmarks | None = None


def comment_of(face: Placed) -> bytes:
    """Return the comment of a JPEG file with this face; b"" when nothing is known of it."""
    if face == Placed():
        return b""
    box = None if face.box is None else [round(edge, _DIGITS) for edge in face.box]
    points = None if face.points is None else [[round(x, _DIGITS), round(y, _DIGITS)] for x, y in face.points]
    return b"faces " + json.dumps({"box": box, "points": points}).encode()


def placed_in(data: bytes) -> Placed:
    """Return where the face lies in the picture of this file, as its comment says. It may be a stranger's file: what is
    not such a comment says nothing."""
    found = _COMMENT.search(data, 0, _HEAD) if data[:2] == b"\xff\xd8" else None
    if found is None:
        return Placed()
    try:
        said = json.loads(found[1])
        box = None if said["box"] is None else _numbers(said["box"], 4)
        points = None if said["points"] is None else Landmarks(*(_numbers(pair, 2) for pair in said["points"]))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Placed()
    if box is not None and not (box[0] < box[2] and box[1] < box[3]):
        return Placed()
    return Placed(box, points)  # type: ignore[arg-type]


def _numbers(values: object, n: int) -> tuple[float, ...]:
    """Return n finite numbers of a sensible size. ValueError for anything else."""
    if not isinstance(values, list) or len(values) != n or any(isinstance(value, bool) for value in values):
        raise ValueError(values)
    numbers = tuple(float(value) for value in values)
    if not all(abs(number) <= _LARGEST for number in numbers):  # False for NaN too
        raise ValueError(values)
    return numbers
