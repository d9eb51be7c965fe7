"""The points of a folder's faces: found once, kept beside the photos, found again when what is kept is of no use."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.photos.folder import Folder, read_folder
from data.photos.landmarks import Landmarks
from data.rows import Box
from faces.detection.landmarks import KEPT, align_photos, forget, with_landmarks

POINTS = Landmarks((8.0, 9.0), (32.0, 9.0), (20.0, 22.0), (10.0, 31.0), (30.0, 31.0))


class Seeing:
    """Finds the same points in each photo but black ones, and counts the photos."""

    def __init__(self, name: str = "one") -> None:
        self.name, self.photos = name, 0

    def identity(self) -> dict[str, Any]:
        return {"name": self.name}

    def landmarks(self, picture: Image.Image, box: Box | None) -> Landmarks | None:
        self.photos += 1
        return POINTS if np.asarray(picture).any() else None


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Seeing:
    return use(Seeing(), monkeypatch)


def use(detector: Seeing, monkeypatch: pytest.MonkeyPatch) -> Seeing:
    monkeypatch.setattr("faces.detection.landmarks.face_detector", lambda device: detector)
    return detector


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Three photos of each of two people; one is black."""
    for number in range(6):
        file = tmp_path / ("Ada", "Bo")[number % 2] / f"{number}.png"
        file.parent.mkdir(exist_ok=True)
        Image.new("L", (40, 40), 30 * number).save(file)
    return read_folder(tmp_path)


def points(folder: Folder) -> dict[str, Landmarks | None]:
    return {photo.file: photo.face.points for photo in with_landmarks(folder.path, folder.photos)}


def test_points_are_found_once_and_then_of_new_photos_alone(folder: Folder, detector: Seeing) -> None:
    found = points(folder)
    assert (found.pop("Ada/0.png"), set(found.values()), detector.photos) == (None, {POINTS}, 6)
    assert points(folder) == found | {"Ada/0.png": None}
    assert detector.photos == 6
    Image.new("L", (40, 40), 200).save(folder.path / "Bo" / "new.png")
    assert points(read_folder(folder.path))["Bo/new.png"] == POINTS
    assert detector.photos == 7


def test_another_detector_looks_at_all(folder: Folder, detector: Seeing, monkeypatch: pytest.MonkeyPatch) -> None:
    points(folder)
    other = use(Seeing("another"), monkeypatch)
    points(folder)
    assert other.photos == 6


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[" * 100_000, b"\xff", b"null", b"[]", b'{"detector": {"name": "one"}}'),
        *(b'{"detector": {"name": "one"}, "points": %s}' % each for each in (b"[]", b'{"%(a)s": [1]}', b'{"a": 7}')),
        b'{"detector": {"name": "one"}, "points": {"a": [[NaN, 9], [32, 9], [20, 22], [10, 31], [30, 31]]}}',
        b'{"detector": {"name": "one"}, "points": {"a": [[1e999, 9], [32, 9], [20, 22], [10, 31], [30, 31]]}}',
    ],
)
def test_what_is_damaged_is_found_again(folder: Folder, detector: Seeing, content: bytes) -> None:
    (folder.path / KEPT).write_bytes(content)
    assert points(folder)["Bo/1.png"] == POINTS
    assert detector.photos == 6
    assert len(json.loads((folder.path / KEPT).read_bytes())["points"]) == 6


def test_a_photo_that_is_gone_has_no_points_and_the_others_have(folder: Folder, detector: Seeing) -> None:
    (folder.path / "Bo" / "1.png").unlink()
    found = points(folder)
    assert (found["Bo/1.png"], found["Bo/3.png"]) == (None, POINTS)


def test_what_is_known_of_a_photo_is_forgotten_with_it(folder: Folder, detector: Seeing) -> None:
    points(folder)
    forget(folder.path, [photo.sha256 for photo in folder.photos if photo.name == "Bo"])
    kept = json.loads((folder.path / KEPT).read_bytes())["points"]
    assert set(kept) == {photo.sha256 for photo in folder.photos if photo.name == "Ada"}
    assert points(folder)["Bo/1.png"] == POINTS
    assert detector.photos == 9


@pytest.mark.parametrize(
    ("align", "line"),
    [
        (
            True,
            "5 of 6 faces aligned by eyes, nose and mouth; where these are not "
            "found, a face is taken as it is: Ada/0.png",
        ),
        (False, "faces are taken as they are, not aligned"),
    ],
)
def test_a_line_says_what_was_done(folder: Folder, detector: Seeing, align: bool, line: str) -> None:
    photos, aligned, said = align_photos(folder.path, folder.photos, align)
    assert (aligned, said) == (align, line)
    assert sum(photo.face.points is not None for photo in photos) == 5 * align
    assert align_photos(folder.path, folder.photos, None)[1] is False, "without the extra, unless all are known"
    assert align_photos(folder.path, photos[1:], None)[1] is align
