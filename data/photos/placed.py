"""Where a face lies in a picture, and how a crop keeps that.

A crop that this program makes says it in a comment of its JPEG file, so that box and points belong to its bytes: they
are copied, verified and removed together, and each digest of the file is one of the points too.
"""

import json
import re
from dataclasses import dataclass

from data.photos.alignment import is_sensible
from data.photos.landmarks import Landmarks
from data.rows import Box

_DIGITS = 2  # of a pixel
_LARGEST = 1e5  # of a coordinate
_COMMENT = re.compile(rb'\xff\xfe..faces (\{"box": [^{}\x00]{1,100}, "points": [^{}\x00]{1,400}\})', re.DOTALL)
_HEAD = 4096  # bytes of a file in which the comment is


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a face lies in a picture: its box, None for all of it, and its points, None where they are not known."""

    box: Box | None = None
    points: Landmarks | None = None


WHOLE = Placed()
"""All of the picture is the face."""


def comment_of(face: Placed) -> bytes:
    """Return the comment of a JPEG file with this face; b"" when nothing is known of it."""
    if face == WHOLE:
        return b""
    points = None if face.points is None else [[round(x, _DIGITS), round(y, _DIGITS)] for x, y in face.points]
    return b"faces " + json.dumps({"box": face.box, "points": points}).encode()


def placed_in(data: bytes) -> Placed:
    """Return where the face lies in the picture of this file, as its comment says.

    It may be a stranger's file: what is no such comment says nothing, and points that no face has are none.
    """
    found = _COMMENT.search(data, 0, _HEAD) if data[:2] == b"\xff\xd8" else None
    if found is None:
        return WHOLE
    try:
        said = json.loads(found[1])
        box = None if said["box"] is None else Box(*map(int, _numbers(said["box"], 4)))
        pairs = None if said["points"] is None else [_numbers(pair, 2) for pair in said["points"]]
        points = None if pairs is None else Landmarks(*((x, y) for x, y in pairs))
    except (TypeError, ValueError):
        return WHOLE
    if box is not None and box.is_empty:
        return WHOLE
    return Placed(box, points if points is not None and is_sensible(points) else None)


def _numbers(values: object, n: int) -> list[float]:
    """Return n finite numbers that may be coordinates. ValueError for anything else."""
    if not isinstance(values, list) or len(values) != n or any(isinstance(value, bool) for value in values):
        raise ValueError(values)
    numbers = [float(value) for value in values]
    if not all(abs(number) <= _LARGEST for number in numbers):  # False for NaN too
        raise ValueError(values)
    return numbers
