"""Faces and their points in photos: drawn ones everywhere, real ones where they are."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.download.lists import read_list
from data.photos.alignment import is_sensible
from data.photos.decoding import quiet_decoding
from data.photos.landmarks import Landmarks
from data.portraits import Gallery
from data.rows import Box, Row
from errors import UsageError
from faces.detection.centerface import Candidates
from faces.detection.detector import DetectorSettings, FaceDetector, _distinct, _overlaps


def overlap(a: Box, b: Box) -> float:
    return float(_overlaps(np.array([a]), np.array([b]))[0, 0])


def apart(a: Landmarks | None, b: Landmarks | None) -> float:
    """The largest distance of two points in either direction, in pixels."""
    assert a is not None
    assert b is not None
    return float(np.abs(a.array() - b.array()).max())


def test_a_drawn_face_is_found_where_it_is(detector: FaceDetector, portrait: tuple[Image.Image, Box]) -> None:
    picture, box = portrait
    (face,) = detector.find(picture)
    assert overlap(face.box, box) > 0.5
    assert face.score > 0.5
    assert is_sensible(face.landmarks)
    assert all(box.x1 < x < box.x2 and box.y1 < y < box.y2 for x, y in face.landmarks)


def test_most_drawn_portraits_are_found(detector: FaceDetector) -> None:
    gallery = Gallery(people=6, photos=1)
    assert sum(len(detector.find(gallery.picture(person, 0)[0])) == 1 for person in range(6)) >= 5


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_a_photo_may_have_any_mode(detector: FaceDetector, portrait: tuple[Image.Image, Box], mode: str) -> None:
    picture, box = portrait
    (face,) = detector.find(picture.convert(mode))
    assert overlap(face.box, box) > 0.5


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_photo_has_the_turned_face(
    detector: FaceDetector, portrait: tuple[Image.Image, Box], quarters: int
) -> None:
    (upright,) = detector.find(portrait[0])
    box, points, width = np.array(upright.box).reshape(2, 2), upright.landmarks.array(), portrait[0].width
    picture = portrait[0]
    for _ in range(quarters):  # counter-clockwise: x, y is then at y, width - x
        box, points = (np.stack((xy[:, 1], width - xy[:, 0]), axis=1) for xy in (box, points))
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        width = picture.width
    (face,) = detector.find(picture)
    assert overlap(face.box, Box(*box.min(axis=0), *box.max(axis=0))) > 0.97
    assert apart(face.landmarks, Landmarks(*map(tuple, points))) < 2


@pytest.mark.parametrize(("upright", "turned"), [(0.85, True), (0.7, False)])
def test_a_face_on_its_side_has_the_points_of_the_turned_photo_unless_it_is_hardly_found_there(
    needs_weights: None, upright: float, turned: bool
) -> None:
    points = np.array([(0, 0), (40, 0), (20, 20), (2, 40), (38, 40)], np.float32) + 80  # of an upright face
    lying = np.stack((points[:, 1], 200 - points[:, 0]), axis=-1)  # as it is, on its side

    class Lying(FaceDetector):
        def _turned(self, picture: Image.Image, turn: int, threshold: float) -> Candidates:
            score = upright if turn else 0.9
            boxes = np.array([[70, 70, 130, 130]], np.float32)
            return Candidates(np.array([score], np.float32), boxes, lying[None])

    (face,) = Lying().find(Image.new("RGB", (200, 200)))
    assert face.score == pytest.approx(upright if turned else 0.9)


@pytest.mark.parametrize(
    "picture", [Image.new("RGB", (300, 200), "gray"), Image.new("L", (1, 1)), Image.new("L", (9000, 2))]
)
def test_where_there_is_no_face_none_is_found(detector: FaceDetector, picture: Image.Image) -> None:
    assert detector.search(picture) == ([], 0)
    assert detector.landmarks(picture) is None
    assert detector.landmarks(picture, Box(5, 5, 5, 9)) is None
    assert detector.landmarks(picture, Box(-(10**8), -(10**8), 10**8, 10**8)) is None


def test_the_largest_face_is_the_first_and_small_ones_are_counted_not_used(
    detector: FaceDetector, portrait: tuple[Image.Image, Box]
) -> None:
    picture, box = portrait
    side = box.x2 - box.x1
    both = Image.new("RGB", (picture.width, picture.height + picture.height // 2), "gray")
    both.paste(picture.reduce(2), (0, 0))
    both.paste(picture, (0, picture.height // 2))
    large, small = detector.find(both)
    assert overlap(large.box, Box(box.x1, box.y1 + picture.height // 2, box.x2, box.y2 + picture.height // 2)) > 0.5
    assert overlap(small.box, Box(*(edge // 2 for edge in box))) > 0.5
    only_large = FaceDetector(DetectorSettings(min_face=round(0.8 * side)))
    assert only_large.search(both) == ([large], 1)
    none = FaceDetector(DetectorSettings(min_face=2 * side))
    assert none.search(both) == ([], 2)


def test_a_large_photo_is_searched_smaller_and_boxes_count_its_own_pixels(
    detector: FaceDetector, portrait: tuple[Image.Image, Box]
) -> None:
    picture, box = portrait
    (face,) = detector.find(picture.resize((3 * picture.width, 3 * picture.height)))
    assert overlap(face.box, Box(*(3 * edge for edge in box))) > 0.5


def test_points_of_the_face_in_a_box_are_those_found_in_the_photo(
    detector: FaceDetector, portrait: tuple[Image.Image, Box]
) -> None:
    picture, box = portrait
    (face,) = detector.find(picture)
    near = 0.05 * (box.x2 - box.x1)
    assert apart(detector.landmarks(picture, box), face.landmarks) < near
    large = picture.resize((3 * picture.width, 3 * picture.height))
    there = detector.landmarks(large, Box(*(3 * edge for edge in box)))
    assert apart(there, face.landmarks.moved(3, 0, 0)) < 3 * near
    elsewhere = Box(0, 0, box.x2 - box.x1, box.y2 - box.y1)
    assert detector.landmarks(picture, elsewhere) is None


def test_of_two_faces_the_points_are_those_of_the_one_in_the_box(
    detector: FaceDetector, portrait: tuple[Image.Image, Box]
) -> None:
    picture, box = portrait
    side = box.x2 - box.x1
    face = picture.crop(box)
    pair = Image.new("RGB", (2 * side, face.height), "gray")
    pair.paste(face, (0, 0))
    pair.paste(face, (side, 0))
    left = detector.landmarks(pair, Box(0, 0, side, face.height))
    right = detector.landmarks(pair, Box(side, 0, 2 * side, face.height))
    assert left is not None
    assert apart(right, left.moved(1, side, 0)) < 0.05 * side


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_crop_has_its_points_also_on_its_side(
    detector: FaceDetector, portrait: tuple[Image.Image, Box], quarters: int
) -> None:
    picture, box = portrait
    crop = picture.crop(box)
    (face,) = detector.find(picture)
    points, width = face.landmarks.moved(1, -box.x1, -box.y1).array(), crop.width
    for _ in range(quarters):
        points = np.stack((points[:, 1], width - points[:, 0]), axis=1)
        crop = crop.transpose(Image.Transpose.ROTATE_90)
        width = crop.width
    assert apart(detector.landmarks(crop), Landmarks(*map(tuple, points))) < 0.08 * (box.x2 - box.x1)


def test_threads_share_a_detector(detector: FaceDetector, portrait: tuple[Image.Image, Box]) -> None:
    pictures = [portrait[0], portrait[0].transpose(Image.Transpose.FLIP_LEFT_RIGHT)] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detector.find, pictures)) == list(map(detector.find, pictures))
        assert list(pool.map(detector.landmarks, pictures)) == list(map(detector.landmarks, pictures))


def test_the_identity_changes_with_what_decides(detector: FaceDetector) -> None:
    assert detector.identity() == FaceDetector().identity()
    assert detector.identity() != FaceDetector(DetectorSettings(min_face=25)).identity()


numbers = st.integers(0, 40)
candidates = st.lists(
    st.tuples(numbers, numbers, st.integers(1, 20), st.integers(1, 20), st.integers(0, 9)), max_size=30
)


@given(candidates)
def test_of_boxes_that_overlap_the_most_probable_stays(found: list[tuple[int, int, int, int, int]]) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([score for *_, score in found], np.float32)
    points = np.arange(10 * len(found), dtype=np.float32).reshape(-1, 5, 2)
    kept = _distinct(Candidates(scores, boxes, points), 0.3)
    chosen = (kept.points[:, 0, 0] / 10).astype(int)  # the candidates' numbers
    np.testing.assert_array_equal(kept.boxes, boxes[chosen])
    between = _overlaps(kept.boxes, kept.boxes) - np.eye(len(chosen))
    assert (between <= 0.3 + 1e-6).all(), "no two that stay overlap"
    for number in set(range(len(found))) - set(chosen):
        overlaps = _overlaps(boxes[[number]], kept.boxes)[0]
        assert (kept.scores[overlaps > 0.3] >= scores[number]).any(), "each that goes overlaps a better one"


@pytest.mark.parametrize("name", ["side", "min_face"])
def test_a_length_is_at_least_1(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be at least 1, got 0"):
        DetectorSettings(**{name: 0})


@pytest.mark.parametrize("name", ["threshold", "overlap"])
@pytest.mark.parametrize("value", [0.0, 1.0, float("nan")])
def test_a_share_lies_between_0_and_1(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} must be between 0 and 1"):
        DetectorSettings(**{name: value})  # type: ignore[arg-type]


def test_real_faces_are_found(detector: FaceDetector, shared: Path) -> None:
    folder = shared / "facescrub"
    answers = dict(line.split("\t")[:2] for line in (folder / "responses.tsv").read_text().splitlines())
    rows = [
        row for row in read_list(folder / "list.tsv") if isinstance(row, Row) and answers.get(row.url) == row.sha256
    ]
    chosen = rows[::60]
    assert len(chosen) >= 12
    with quiet_decoding():
        for row in chosen:
            assert row.box is not None
            with Image.open(folder / "responses" / answers[row.url]) as stored:
                photo = stored.convert("RGB")
            faces = detector.find(photo)
            areas = [(face.box.x2 - face.box.x1) * (face.box.y2 - face.box.y1) for face in faces]
            assert areas == sorted(areas, reverse=True)
            face = max(faces, key=lambda face: overlap(row.box, face.box))  # type: ignore[arg-type]
            side = row.box.x2 - row.box.x1
            assert overlap(row.box, face.box) > 0.45
            assert apart(detector.landmarks(photo, row.box), face.landmarks) < 0.1 * side
            there = detector.landmarks(photo.crop(row.box))
            assert apart(there, face.landmarks.moved(1, -row.box.x1, -row.box.y1)) < 0.15 * side
