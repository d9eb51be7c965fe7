"""Files in, faces out: in order, each photo once; a bad one does not stop the others."""

import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from data.photos import decoding
from data.photos.landmarks import Landmarks
from data.photos.placed import placed_in
from data.portraits import Gallery
from data.rows import Box
from faces.detection.detector import DetectorSettings, FaceDetector, FoundFace, Search
from faces.detection.likeness import FaceFeatures
from faces.groups import finding
from faces.groups.finding import FaceInPhoto, Known, Result, Searched, Unreadable, find_faces, workers

SIZE = 32  # pixels of a face in its crop
LEFT, RIGHT = Box(8, 8, 72, 72), Box(112, 16, 160, 64)  # in a photo of 200 x 100


class BrightSquares(FaceDetector):
    """Finds what is bright in each half of a photo, its longer side halved; counts the photos."""

    def __init__(self) -> None:
        self.settings = DetectorSettings()
        self.photos = 0

    def search(self, picture: Image.Image) -> Search:
        self.photos += 1
        bright, found = np.asarray(picture.convert("L")) > 128, list[Box]()
        x, y = (picture.width // 2, 0) if picture.width > picture.height else (0, picture.height // 2)
        for left, top, part in ((0, 0, bright[: y or None, : x or None]), (x, y, bright[y:, x:])):
            if part.any():
                rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
                found.append(Box(columns[0] + left, rows[0] + top, columns[-1] + left + 1, rows[-1] + top + 1))
        return Search([FoundFace(box, Landmarks(*[(0.0, 0.0)] * 5), 1.0) for box in found], 5)


class Brightness(FaceFeatures):
    """The brightness of faces as their features; notes how many are computed together."""

    def __init__(self) -> None:
        self.size, self.margin = 16, 0.25
        self.together: list[int] = []

    def of_several(self, faces: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.together.append(len(faces))
        return np.stack([np.full(128, np.asarray(face).mean(), np.float32) for face in faces])


def photo(path: Path, *faces: int, scale: int = 1, orientation: int = 1) -> Path:
    """A dark photo with faces of this brightness, LEFT and RIGHT; another name, another wall."""
    wall = np.random.default_rng(list(path.name.encode())).integers(0, 60, (100, 200, 3), dtype=np.uint8)
    picture = Image.fromarray(wall)
    for box, face in zip((LEFT, RIGHT), faces, strict=False):
        picture.paste((face, face, face), box)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.resize((200 * scale, 100 * scale), Image.Resampling.NEAREST).save(path, exif=exif, quality=95)
    return path


def find(
    files: Sequence[Path],
    known: Sequence[str] = (),
    features: FaceFeatures | None = None,
    max_pixels: int | None = None,
) -> list[Result]:
    detector = BrightSquares()
    found = list(find_faces(files, known.__contains__, detector, features or Brightness(), SIZE, max_pixels=max_pixels))
    assert detector.photos == sum(isinstance(result, Searched) for result in found)
    return found


def faces_of(result: Result) -> list[FaceInPhoto]:
    assert isinstance(result, Searched)
    return result.faces


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_every_face_of_a_photo_is_found_with_its_crop_and_features(tmp_path: Path) -> None:
    file = photo(tmp_path / "two.png", 200, 240)
    (result,) = find([file])
    assert isinstance(result, Searched)
    assert (result.file, result.sha256, result.too_small) == (file, digest(file), 5)
    assert [(face.box, face.side, face.landmarks) for face in result.faces] == [(LEFT, 64, None), (RIGHT, 48, None)]
    for face, brightness in zip(result.faces, (200, 240), strict=True):
        box = placed_in(face.jpeg).box
        assert box is not None
        assert max(box.x2 - box.x1, box.y2 - box.y1) == SIZE
        assert face.features == pytest.approx(np.full(128, brightness), abs=2)


def test_results_are_in_the_order_of_the_files_whoever_is_done_first(tmp_path: Path) -> None:
    files = [photo(tmp_path / f"{n}.png", *[130 + 6 * n] * (n % 3), scale=1 + n % 4) for n in range(20)]
    found = find(files)
    assert [result.file for result in found] == files
    assert [len(faces_of(result)) for result in found] == [n % 3 for n in range(20)]
    seen = [face.features[0] for result in found for face in faces_of(result)]
    assert seen == pytest.approx([130 + 6 * n for n in range(20) for _ in range(n % 3)], abs=6)
    assert seen[::2] == sorted(seen[::2])


def test_a_bad_file_is_named_and_the_others_are_searched(tmp_path: Path) -> None:
    good, text, cut, late = (tmp_path / name for name in ("a.png", "b.jpg", "c.png", "d.png"))
    photo(good, 200)
    photo(late, 210)
    text.write_text("no photo")
    cut.write_bytes(good.read_bytes()[:60])
    found = find([good, text, tmp_path, cut, tmp_path / "gone.png", late])
    assert [type(result) for result in found] == [Searched, *[Unreadable] * 4, Searched]
    whys = [(result.why, result.sha256) for result in found if isinstance(result, Unreadable)]
    assert whys[0] == ("not_an_image: a file of the kind text, not a photo", digest(text))
    assert whys[1] == ("not_an_image: a folder", None)
    assert whys[2][0].startswith("truncated: ")
    assert whys[3] == ("not_an_image: No such file or directory", None)


def test_a_photo_is_searched_once_also_under_several_names(tmp_path: Path) -> None:
    one, other, known = (photo(tmp_path / f"{n}.png", 200 + n) for n in range(3))
    copy = tmp_path / "copy.png"
    copy.write_bytes(one.read_bytes())
    found = find([one, known, copy, other, copy], known=[digest(known)])
    assert [type(result) for result in found] == [Searched, Known, Known, Searched, Known]
    assert found[2] == Known(copy, digest(one))


def test_the_copy_of_a_photo_that_cannot_be_read_cannot_be_read_either(tmp_path: Path) -> None:
    files = [tmp_path / "one.jpg", tmp_path / "two.jpg"]
    for file in files:
        file.write_bytes(b"\xff\xd8 no photo")
    one, two = find(files)
    assert isinstance(one, Unreadable)
    assert two == Unreadable(files[1], one.why, one.sha256)


@pytest.mark.parametrize(("orientation", "box"), [(3, Box(128, 28, 192, 92)), (6, Box(28, 8, 92, 72))])
def test_boxes_count_pixels_of_the_upright_photo(tmp_path: Path, orientation: int, box: Box) -> None:
    (result,) = find([photo(tmp_path / "turned.png", 200, orientation=orientation)])
    assert [face.box for face in faces_of(result)] == [box]


@pytest.mark.parametrize("scale", [4, 8])
def test_boxes_count_pixels_of_the_whole_photo_where_a_smaller_one_was_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: int
) -> None:
    monkeypatch.setattr(decoding, "MOST_WHOLE", 200 * 100)
    (result,) = find([photo(tmp_path / "large.jpg", 200, 220, scale=scale)])
    for face, box in zip(faces_of(result), (LEFT, RIGHT), strict=True):
        assert np.abs(np.array(face.box) - scale * np.array(box)).max() <= scale


def test_a_photo_with_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    (result,) = find([photo(tmp_path / "photo.png", 200)], max_pixels=200 * 99)
    assert isinstance(result, Unreadable)
    assert result.why.startswith("bomb: 200 x 100")


def test_features_of_faces_in_several_photos_are_computed_together(tmp_path: Path) -> None:
    features = Brightness()
    find([photo(tmp_path / f"{n}.png", 200 + n, 200) for n in range(10)], features=features)
    assert features.together == [8, 8, 4]


def test_few_files_are_read_ahead_of_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "_FACES", 1)
    asked: list[int] = []

    def files() -> Iterator[Path]:
        for n in range(200):
            asked.append(n)
            yield photo(tmp_path / f"{n}.png", 200)

    results = find_faces(files(), lambda sha256: False, BrightSquares(), Brightness(), SIZE)
    next(iter(results))
    results.close()  # type: ignore[attr-defined]
    assert len(asked) <= 3 * (workers() + 1) + 1


def test_torch_computes_with_as_many_threads_afterwards(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    find([photo(tmp_path / "one.png", 200)])
    assert torch.get_num_threads() == before


@pytest.mark.usefixtures("with_extra")
def test_drawn_people_have_the_features_of_their_stored_crops(tmp_path: Path) -> None:
    if find_spec("face_recognition_models") is None:
        pytest.skip("the face network is not installed: pip install -e '.[face]'")
    gallery, files, boxes = Gallery(people=3, photos=2), list[Path](), list[Box]()
    for person in range(3):
        picture, box = gallery.picture(person, 1)
        files.append(tmp_path / f"{person}.png")
        picture.save(files[-1])
        boxes.append(Box(*box))
    features = FaceFeatures()
    found = list(find_faces(files, lambda sha256: False, FaceDetector(at_once=workers()), features, 150))
    for result, box in zip(found, boxes, strict=True):
        (face,) = faces_of(result)
        assert face.landmarks is not None
        assert all(box.x1 < x < box.x2 and box.y1 < y < box.y2 for x, y in face.landmarks)
        assert face.sharpness > 0
        np.testing.assert_allclose(face.features, features(features.aligned(face.jpeg)), atol=1e-5)
