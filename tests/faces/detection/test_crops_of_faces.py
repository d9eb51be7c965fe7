"""A folder of crops of faces out of a folder of whole photos."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.photos.folder import read_folder
from data.photos.landmarks import Landmarks
from data.photos.placed import Placed
from data.rows import Box
from errors import DatasetError, UsageError
from faces.detection.detector import FoundFace, Search
from faces.detection.folder import detect_folder as detect_faces
from faces.detection.found_folder import RECORD
from tests.faces.squares import Squares

detect_folder = partial(detect_faces, several="largest")


class BrightSquare(Squares):
    """Finds what is brighter than grey, so that these tests need neither weights nor faces; counts the photos."""

    def search(self, picture: Image.Image) -> Search:
        self.photos += 1
        bounds = picture.convert("L").point(lambda value: 255 * (value > 128)).getbbox()
        boxes = [Box(*bounds), Box(0, 0, 1, 1)] if bounds else []
        return Search([FoundFace(box, Landmarks(*[(0.0, 0.0)] * 5), 1.0) for box in boxes], 3 if bounds else 0)


def photo(path: Path, face: int | None, name: int = 0) -> None:
    """A dark photo with a square of the brightness `face` at a place of its own, each before another wall."""
    wall = np.random.default_rng((face or 0, name)).integers(0, 90, (10, 20), dtype=np.uint8)
    picture = Image.fromarray(wall).resize((200, 100), Image.Resampling.NEAREST)
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
        "12 faces of fewer than 24 pixels in the photos searched now: not used (--min-face)",
        "4 photos with several faces, the largest is taken, whoever it is (--several fit takes the one like the "
        "person's other photos): Ada/one.png, Ada/two.png, Bo/one.png, Bo/two.png",
    ]
    assert len(seen) == 5
    crops = read_folder(tmp_path / "faces")
    digest = hashlib.sha256((album / "Ada" / "one.png").read_bytes()).hexdigest()[:12]
    assert crops.photos[0].file == f"Ada/one-{digest}.jpg"
    assert len(crops.photos) == 4
    with Image.open(crops.path / crops.photos[0].file) as crop:
        assert (crop.size, crop.mode) == ((51, 51), "RGB"), "three tenths of the face around it"
        assert crops.photos[0].face == Placed(Box(10, 10, 42, 42))
        assert np.abs(np.asarray(crop, dtype=float)[14:38, 14:38] - 200).max() < 4, "the face"
        assert np.asarray(crop)[:, :4].max() < 120, "what is around it"


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
            assert crop.size == (77, 77)


def test_a_record_that_cannot_be_read_is_made_anew(album: Path, tmp_path: Path) -> None:
    faces = tmp_path / "faces"
    detect_folder(album, faces, 32, detector=BrightSquare())
    (faces / RECORD).write_text("{")
    assert detect_folder(album, faces, 32, detector=BrightSquare()).fresh == 5
    assert json.loads((faces / RECORD).read_text())["made_with"]["size"] == 32


def test_a_person_without_any_face_is_named_and_left_out(album: Path, tmp_path: Path) -> None:
    photo(album / "Cy" / "back.png", None, name=1)
    found = detect_folder(album, tmp_path / "faces", 32, detector=BrightSquare())
    assert "no face in any photo of Cy is used: left out" in found.lines
    assert read_folder(tmp_path / "faces").people == ("Ada", "Bo")
    shutil.rmtree(album / "Ada")
    with pytest.raises(DatasetError, match="faces were found of 1 of 2 people: expected at least two"):
        detect_folder(album, tmp_path / "faces", 32, detector=BrightSquare())


def test_photos_with_several_faces_can_be_skipped(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = BrightSquare()
    with pytest.raises(DatasetError, match="faces were found of 0 of 2 people"):
        detect_folder(album, tmp_path / "faces", 32, detector=detector, several="skip")
    monkeypatch.setattr(detector, "search", lambda picture: Search(BrightSquare.search(detector, picture).faces[:1], 0))
    found = detect_folder(album, tmp_path / "alone", 32, detector=detector, several="skip")
    assert found.crowded == ()
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
