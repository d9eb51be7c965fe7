"""Finding faces in whole photos, and making a folder of faces out of a folder of photos."""

import builtins
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.download.lists import read_list
from data.photos.decoding import quiet_decoding
from data.photos.folder import read_folder
from data.portraits import Gallery
from data.rows import Box, Row
from errors import DatasetError, UsageError
from faces.detection.cascade import DetectorSettings, FaceDetector
from faces.detection.folder import RECORD, detect_folder


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    pytest.importorskip("cv2", reason="OpenCV is not installed: .* -m pip install -e '.[detect]'")
    return FaceDetector()


@pytest.fixture(scope="module")
def portrait() -> tuple[Image.Image, Box]:
    """A portrait drawn here, large on a wide canvas, and the box of its face there."""
    picture, box = Gallery(people=4, photos=4).picture(1, 2)
    canvas = Image.new("RGB", (3 * picture.width, 2 * picture.height), "gray")
    canvas.paste(picture, (picture.width, 50))
    return canvas, Box(box[0] + picture.width, box[1] + 50, box[2] + picture.width, box[3] + 50)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width, height = min(a.x2, b.x2) - max(a.x1, b.x1), min(a.y2, b.y2) - max(a.y1, b.y1)
    shared = max(width, 0) * max(height, 0)
    areas = [(box.x2 - box.x1) * (box.y2 - box.y1) for box in (a, b)]
    return shared / (sum(areas) - shared)


def test_a_drawn_face_is_found_where_it_is(detector: FaceDetector, portrait: tuple[Image.Image, Box]) -> None:
    picture, box = portrait
    found = detector.find(picture)
    assert found
    assert max(overlap(box, face) for face in found) > 0.4


@pytest.mark.parametrize(
    "picture", [Image.new("RGB", (300, 200), "gray"), Image.new("L", (1, 1)), Image.new("L", (9000, 2))]
)
def test_where_there_is_no_face_none_is_found(detector: FaceDetector, picture: Image.Image) -> None:
    assert detector.find(picture) == []


def test_without_opencv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "cv2":
            raise ImportError("No module named 'cv2'")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        UsageError, match=r"needs OpenCV, which is not installed: .* -m pip install -e '\.\[detect\]'"
    ) as error:
        FaceDetector()
    assert "\n" not in str(error.value)


def test_real_faces_are_found(detector: FaceDetector, shared: Path) -> None:
    folder = shared / "facescrub"
    answers = dict(line.split("\t")[:2] for line in (folder / "responses.tsv").read_text().splitlines())
    rows = [
        row for row in read_list(folder / "list.tsv") if isinstance(row, Row) and answers.get(row.url) == row.sha256
    ]
    listed = found = 0
    with quiet_decoding():
        for row in rows[::60]:
            assert row.box is not None
            with Image.open(folder / "responses" / answers[row.url]) as photo:
                faces = detector.find(photo.convert("RGB"))
            areas = [(face.x2 - face.x1) * (face.y2 - face.y1) for face in faces]
            assert areas == sorted(areas, reverse=True)
            listed += 1
            found += any(overlap(row.box, face) >= 0.5 for face in faces)
    assert listed >= 12
    assert found >= listed - 1


class BrightSquare(FaceDetector):
    """Finds what is brighter than grey, so that these tests need neither OpenCV nor faces; counts the photos."""

    def __init__(self) -> None:
        self.settings = DetectorSettings()
        self.photos = 0

    def find(self, image: Image.Image) -> list[Box]:
        self.photos += 1
        bounds = image.convert("L").point(lambda value: 255 * (value > 128)).getbbox()
        return [Box(*bounds), Box(0, 0, 1, 1)] if bounds else []


def photo(path: Path, face: int | None, name: int = 0) -> None:
    """A dark photo with a square of the brightness `face` at a place of its own; `name` makes other bytes."""
    picture = Image.new("L", (200, 100), name)
    if face is not None:
        left, top = face * 37 % 150, face * 23 % 50
        picture.paste(face, (left, top, left + 50, top + 50))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    album = tmp_path / "album"
    for index, name in enumerate(("Ada", "Bo")):
        photo(album / name / "one.png", 200 + index)
        photo(album / name / "two.png", 220 + index)
    photo(album / "Bo" / "back.png", None)
    (album / "Bo" / "page.jpg").write_bytes(b"<html>404</html>")
    return album


def test_the_largest_face_of_each_photo_becomes_a_crop(album: Path, tmp_path: Path) -> None:
    seen: list[None] = []
    found = detect_folder(album, tmp_path / "faces", 32, lambda: seen.append(None), BrightSquare())
    assert (found.photos, found.fresh, found.without) == (5, 5, ("Bo/back.png",))
    assert found.lines == [
        "cannot be read, left out: Bo/page.jpg: its content is no photo",
        "faces found in 4 of 5 photos, 5 of them searched now",
        "no face found in 1 photo: Bo/back.png",
        "4 photos with several faces, the largest is taken, whoever it is (--several skip leaves such photos out): "
        "Ada/one.png, Ada/two.png, Bo/one.png, Bo/two.png",
    ]
    assert len(seen) == 5
    crops = read_folder(tmp_path / "faces")
    digest = hashlib.sha256((album / "Ada" / "one.png").read_bytes()).hexdigest()[:12]
    assert crops.photos[0].file == f"Ada/one-{digest}.jpg"
    assert len(crops.photos) == 4
    with Image.open(crops.path / crops.photos[0].file) as crop:
        assert (crop.size, crop.mode) == ((32, 32), "RGB")
        assert np.abs(np.asarray(crop, dtype=float) - 200).max() < 4


def test_a_second_run_searches_only_new_photos(album: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    detect_folder(album, faces, 32, detector=BrightSquare())
    before = {file: file.stat().st_mtime_ns for file in faces.glob("*/*")}
    again = BrightSquare()
    assert detect_folder(album, faces, 32, detector=again).fresh == again.photos == 0
    photo(album / "Ada" / "three.png", 240)
    found = detect_folder(album, faces, 32, detector=again)
    assert (found.fresh, again.photos, found.without) == (1, 1, ("Bo/back.png",))
    assert before.items() <= {file: file.stat().st_mtime_ns for file in faces.glob("*/*")}.items()


def test_crops_of_removed_photos_are_removed_and_another_size_is_made_anew(album: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    detect_folder(album, faces, 32, detector=BrightSquare())
    (album / "Ada" / "two.png").unlink()
    detect_folder(album, faces, 32, detector=BrightSquare())
    assert len(list(faces.glob("Ada/*"))) == 1
    assert detect_folder(album, faces, 48, detector=BrightSquare()).fresh == 4
    for file in faces.glob("*/*.jpg"):
        with Image.open(file) as crop:
            assert crop.size == (48, 48)


def test_a_record_that_cannot_be_read_is_made_anew(album: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    detect_folder(album, faces, 32, detector=BrightSquare())
    (faces / RECORD).write_text("{")
    assert detect_folder(album, faces, 32, detector=BrightSquare()).fresh == 5
    assert json.loads((faces / RECORD).read_text())["made_with"]["size"] == 32


def test_a_person_without_any_face_is_named_and_left_out(album: Path, tmp_path: Path) -> None:
    photo(album / "Cy" / "back.png", None, name=1)
    found = detect_folder(album, tmp_path / "faces", 32, detector=BrightSquare())
    assert "no face in any photo of Cy: left out" in found.lines
    assert read_folder(tmp_path / "faces").people == ("Ada", "Bo")
    shutil.rmtree(album / "Ada")
    with pytest.raises(DatasetError, match="faces were found of 1 of 2 people: expected at least two"):
        detect_folder(album, tmp_path / "faces", 32, detector=BrightSquare())


def test_photos_with_several_faces_can_be_skipped(album: Path, tmp_path: Path) -> None:
    detector = BrightSquare()
    with pytest.raises(DatasetError, match="faces were found of 0 of 2 people"):
        detect_folder(album, tmp_path / "faces", 32, detector=detector, several="skip")
    detector.find = lambda image: BrightSquare.find(detector, image)[:1]  # type: ignore[method-assign]
    found = detect_folder(album, tmp_path / "alone", 32, detector=detector, several="skip")
    assert found.several == ()
    assert len(read_folder(tmp_path / "alone").photos) == 4


def test_the_parts_of_a_split_stay_what_they_are(album: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(album / "Ada", tmp_path / "parts" / part / "Ada")
        shutil.copytree(album / "Bo", tmp_path / "parts" / part / "Bo")
    detect_folder(tmp_path / "parts", tmp_path / "faces", 32, detector=BrightSquare())
    assert {photo.part for photo in read_folder(tmp_path / "faces").photos} == {"train", "test"}


def test_a_folder_of_something_else_is_left_alone(album: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/diary.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds files that were not made by --detect"):
        detect_folder(album, tmp_path / "mine", 32, detector=BrightSquare())
    with pytest.raises(UsageError, match="is a file"):
        detect_folder(album, tmp_path / "mine/diary.txt", 32, detector=BrightSquare())
