"""A crop's file says where its face lies."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.photos.landmarks import Landmarks
from data.photos.placed import Placed, comment_of, placed_in
from data.rows import Box

FACE = Landmarks((46.0, 47.8), (104.1, 46.7), (75.0, 79.0), (49.7, 103.4), (99.6, 102.3))


def file_with(comment: bytes) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", comment=comment)
    return file.getvalue()


@given(st.floats(0.1, 100), st.floats(-1000, 9e4), st.floats(-1000, 9e4))
def test_a_crop_says_where_its_face_lies(scale: float, right: float, down: float) -> None:
    points = FACE.moved(scale, right, down)
    said = placed_in(file_with(comment_of(Placed(Box(1, 2, 7, 8), points))))
    assert said.box == Box(1, 2, 7, 8)
    assert said.points is not None
    assert np.allclose(said.points.array(), points.array(), atol=0.006)


def test_a_face_of_which_nothing_is_known_has_no_comment() -> None:
    assert comment_of(Placed()) == b""
    assert placed_in(file_with(b"")) == Placed()


@pytest.mark.parametrize(
    "comment",
    [
        b"a holiday",
        b'faces {"box": [1, 2, 3], "points": null}',
        b'faces {"box": null, "points": [[1, 2], [3, 4], [5, 6], [7, 8]]}',
        b'faces {"box": null, "points": [[1, 2], [3, 4], [5, 6], [7, 8], [9, NaN]]}',
        b'faces {"box": null, "points": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 1e300]]}',
        b'faces {"box": [9, 0, 1, 4], "points": null}',
        b'faces {"box": "__import__", "points": [true, [3, 4], [5, 6], [7, 8], [9, 9]]}',
    ],
)
def test_any_other_comment_says_nothing(comment: bytes) -> None:
    assert placed_in(file_with(comment)) == Placed()
    assert placed_in(comment) == Placed()


def test_points_that_no_face_has_are_none() -> None:
    wrong = Landmarks(*reversed(FACE))._replace(nose=(500.0, 500.0))
    assert placed_in(file_with(comment_of(Placed(Box(0, 0, 8, 8), wrong)))) == Placed(Box(0, 0, 8, 8))
