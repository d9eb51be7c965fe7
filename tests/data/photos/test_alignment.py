"""Alignment: five points of a face come to lie in the same places."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.photos import alignment
from data.photos.alignment import aligned, framed, is_sensible, places, similarity
from data.photos.landmarks import Landmarks

FACE = Landmarks((46.0, 47.8), (104.1, 46.7), (75.0, 79.0), (49.7, 103.4), (99.6, 102.3))
"""Where the points belong in a square of 150 pixels with a margin of a quarter."""


def turned(degrees: float, scale: float, right: float, down: float) -> Landmarks:
    turn = scale * complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    moved = [turn * complex(x, y) + complex(right, down) for x, y in FACE]
    return Landmarks(*((z.real, z.imag) for z in moved))


@given(st.floats(-180, 180), st.floats(0.1, 30), st.floats(-500, 500), st.floats(-500, 500))
def test_the_similarity_undoes_any_turn_scale_and_shift(
    degrees: float, scale: float, right: float, down: float
) -> None:
    points = turned(degrees, scale, right, down)
    a, b = similarity(points, 150, 0.25)
    found = [a * complex(x, y) + b for x, y in points]
    assert np.allclose([(z.real, z.imag) for z in found], FACE, atol=1e-6)
    assert is_sensible(points)


def test_points_that_are_no_similar_figure_are_brought_as_near_as_least_squares_can() -> None:
    rng = np.random.default_rng(0)
    points = Landmarks(*map(tuple, FACE.array() + rng.normal(0, 5, (5, 2))))
    a, b = similarity(points, 150, 0.25)
    z, w = (p[:, 0] + 1j * p[:, 1] for p in (points.array(), FACE.array()))
    rows = np.concatenate([np.stack([z.real, -z.imag, np.ones(5), np.zeros(5)], 1),
                           np.stack([z.imag, z.real, np.zeros(5), np.ones(5)], 1)])  # fmt: skip
    solved = np.linalg.lstsq(rows, np.concatenate([w.real, w.imag]), rcond=None)[0]
    assert np.allclose([a.real, a.imag, b.real, b.imag], solved)


@pytest.mark.parametrize(
    "points",
    [
        Landmarks(FACE.right_eye, FACE.left_eye, FACE.nose, FACE.right_mouth, FACE.left_mouth),  # mirrored
        Landmarks(FACE.nose, FACE.nose, FACE.nose, FACE.nose, FACE.nose),
        Landmarks(FACE.left_eye, FACE.right_eye, FACE.nose, FACE.right_eye, FACE.left_eye),
        turned(0, 0.01, 0, 0),
    ],
)
def test_points_in_another_order_or_in_one_place_are_not_sensible(points: Landmarks) -> None:
    assert not is_sensible(points)


@pytest.mark.parametrize("degrees", [0, 25, -40, 90, 180])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_turned_photo_and_the_photo_itself_give_the_same_aligned_picture(degrees: float, mode: str) -> None:
    x, y = np.meshgrid(np.arange(300), np.arange(300))
    smooth = 127 + 60 * np.sin(x / 40) + 60 * np.cos(y / 30)
    photo = Image.fromarray(smooth.astype(np.uint8)).convert(mode)
    points = turned(0, 1, 75, 75)
    other = photo.rotate(-degrees, Image.Resampling.BICUBIC)  # clockwise, about the middle
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    back = [turn * complex(x - 150, y - 150) + complex(150, 150) for x, y in points]
    there = Landmarks(*((z.real, z.imag) for z in back))
    one, two = (np.asarray(aligned(p, at, 100, 0.1), np.int16) for p, at in ((photo, points), (other, there)))
    assert one.shape[:2] == (100, 100)
    assert np.abs(one - two).mean() < 1.5


def test_a_face_at_its_place_is_not_resampled() -> None:
    photo = Image.effect_noise((150, 150), 60).convert("RGB")
    off = np.asarray(aligned(photo, FACE, 150, 0.25), np.int16) - np.asarray(photo)
    assert np.abs(off).max() <= 1  # Pillow cuts fractions of a grey level off


def test_what_lies_outside_of_the_photo_repeats_its_edge() -> None:
    photo = Image.new("L", (40, 30), 10)
    photo.paste(200, (39, 0, 40, 30))
    around = np.asarray(framed(photo, -5, -4, 60, 50))
    assert around.shape == (54, 65)
    assert set(around[:, 45:].ravel()) == {200}
    assert set(around[:, :44].ravel()) == {10}


@pytest.mark.parametrize(
    "points",
    [
        turned(0, 900, 0, 0),
        turned(30, 900, -5e4, -5e4),
        turned(0, 1, 9e4, -9e4),
        turned(180, 1, -9e4, 9e4),
        turned(0, 0.05, 0, 0),
    ],
)
def test_points_of_a_stranger_make_no_picture_larger_than_the_photo(
    points: Landmarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    framed_before, transform = alignment.framed, Image.Image.transform

    def noted(*part: Any) -> Image.Image:
        picture = framed_before(*part)
        made.append(picture.width * picture.height)
        return picture

    def noted_too(picture: Image.Image, size: tuple[int, int], *how: Any) -> Image.Image:
        made.append(size[0] * size[1])
        return transform(picture, size, *how)

    monkeypatch.setattr(alignment, "framed", noted)
    monkeypatch.setattr(Image.Image, "transform", noted_too)
    assert aligned(Image.new("RGB", (300, 200)), points, 100, 0.25).size == (100, 100)
    assert max(made) <= 10 * 300 * 200


def test_a_small_aligned_picture_averages_the_photo_it_does_not_pick_single_pixels() -> None:
    checks = np.indices((1500, 1500)).sum(0) % 2 * 255
    photo = Image.fromarray(checks.astype(np.uint8))
    small = np.asarray(aligned(photo, turned(0, 10, 0, 0), 32, 0.05))
    assert np.abs(small.astype(int) - 127).max() <= 3


@pytest.mark.parametrize(("size", "margin"), [(48, 0.05), (150, 0.25)])
def test_points_in_their_places_stay_there(size: int, margin: float) -> None:
    a, b = similarity(places(size, margin), size, margin)
    assert (a, b) == pytest.approx((1, 0), abs=1e-9)
    assert size / 2 < places(size, margin).left_mouth[1] < size
