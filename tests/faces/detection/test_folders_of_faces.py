"""A folder of found faces belongs to one folder of photos and one process, and keeps nothing of who has left."""

import csv
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from data.photos.folder import read_folder
from data.photos.landmarks import Landmarks
from data.rows import Box
from errors import StorageError, UsageError
from faces.detection.detector import DetectorSettings, FaceDetector, FoundFace, Search
from faces.detection.folder import detect_folder
from faces.detection.found_folder import RECORD, faces_folder, in_use, source_of
from faces.features.shards import Shard, add_shard, read_shards


class WholePhoto(FaceDetector):
    """Takes each photo for a face, so that these tests need no weights."""

    def __init__(self) -> None:
        self.settings = DetectorSettings()

    def identity(self) -> dict[str, Any]:
        return asdict(self.settings)

    def search(self, picture: Image.Image) -> Search:
        return Search([FoundFace(Box(0, 0, *picture.size), Landmarks(*[(0.0, 0.0)] * 5), 1.0)], 0)


def album(folder: Path, *people: str, first: int = 0) -> Path:
    for index, name in enumerate(people, start=first):
        (folder / name).mkdir(parents=True)
        for number in range(2):
            pixels = Image.effect_noise((40, 30), 60 + 10 * index + number)
            pixels.save(folder / name / f"{number}.png")
    return folder


def detect(source: Path, target: Path) -> None:
    detect_folder(source, target, 32, detector=WholePhoto(), several="largest")


def test_two_folders_of_one_name_have_a_folder_of_faces_each(tmp_path: Path) -> None:
    one, other = album(tmp_path / "a" / "photos", "Ada", "Bo"), album(tmp_path / "b" / "photos", "Cy", "Di")
    targets = [faces_folder(tmp_path, source) for source in (one, other)]
    for source, target in zip((one, other), targets, strict=True):
        assert target.name.startswith("photos-faces-")
        detect(source, target)
        assert source_of(target) == source.resolve()
    assert [read_folder(target).people for target in targets] == [("Ada", "Bo"), ("Cy", "Di")]


def test_one_folder_under_two_paths_has_one_folder_of_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = album(tmp_path / "photos", "Ada", "Bo")
    (tmp_path / "link").symlink_to("photos")
    monkeypatch.chdir(tmp_path)
    assert {faces_folder(tmp_path, path) for path in (photos, Path("link"), Path("photos/../photos"))} == {
        faces_folder(tmp_path, photos)
    }


def test_the_faces_of_another_folder_of_photos_are_left_alone(tmp_path: Path) -> None:
    detect(album(tmp_path / "one", "Ada", "Bo"), tmp_path / "faces")
    with pytest.raises(UsageError, match=r"has the faces of the photos in .*one: name another folder with --out-faces"):
        detect(album(tmp_path / "other", "Cy", "Di"), tmp_path / "faces")
    assert read_folder(tmp_path / "faces").people == ("Ada", "Bo")


def test_nothing_is_left_of_a_person_who_has_left(tmp_path: Path) -> None:
    photos, faces = album(tmp_path / "photos", "Ada", "Bo", "Cy"), tmp_path / "faces"
    detect(photos, faces)
    digests = {photo.name: photo.sha256 for photo in read_folder(faces).photos}
    add_shard(faces, Shard({"version": 1}, tuple(digests.values()), torch.zeros(3, 2, 4)))
    shutil.rmtree(photos / "Bo")
    detect(photos, faces)
    assert sorted(path.name for path in faces.iterdir() if path.is_dir()) == ["Ada", "Cy"]
    kept = [digest for _, shard in read_shards(faces) if shard for digest in shard.photos]
    assert sorted(kept) == sorted([digests["Ada"], digests["Cy"]])
    assert "Bo" not in (faces / RECORD).read_text()


def test_an_empty_folder_of_a_killed_run_does_not_block_the_next(tmp_path: Path) -> None:
    photos, faces = album(tmp_path / "photos", "Ada", "Bo"), tmp_path / "faces"
    detect(photos, faces)
    (faces / "Xena").mkdir()
    detect(photos, faces)
    assert not (faces / "Xena").exists()


def test_a_second_process_does_not_change_faces_in_use(tmp_path: Path) -> None:
    refused = pytest.raises(StorageError, match=r"another process is using the faces in .* --out-faces")
    with in_use(tmp_path / "faces"), refused, in_use(tmp_path / "faces"):
        pass


def test_a_photo_that_is_replaced_while_it_is_read_gives_no_crop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = album(tmp_path / "photos", "Ada", "Bo")
    read = read_folder(photos)
    Image.effect_noise((40, 30), 5).save(photos / "Bo" / "1.png")
    monkeypatch.setattr("faces.detection.folder.read_folder", lambda *_, **__: read)
    found = detect_folder(photos, tmp_path / "faces", 32, detector=WholePhoto(), several="largest")
    assert found.unreadable == {"Bo/1.png": "hash_mismatch"}
    assert len(list((tmp_path / "faces").glob("*/*.jpg"))) == 3


def test_a_table_says_what_was_found_in_each_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = album(tmp_path / "photos", "Ada", "Bo")
    for number in range(2, 16):
        Image.new("L", (40, 30), number).save(photos / "Bo" / f"{number:02}.png")
    found = iter([0] * 14)
    search = WholePhoto.search

    def no_face_in_plain_ones(self: WholePhoto, picture: Image.Image) -> Search:
        plain = len(picture.getcolors(256) or ()) == 1
        return Search(search(self, picture).faces[: next(found) if plain else 1], 0)

    monkeypatch.setattr(WholePhoto, "search", no_face_in_plain_ones)
    result = detect_folder(photos, tmp_path / "faces", 32, detector=WholePhoto(), several="largest")
    (line,) = [line for line in result.lines if line.startswith("no face found in 14 photos: ")]
    assert line.endswith(f", ...; all are in {tmp_path / 'faces' / 'found.csv'}")
    assert line.count(".png") == 10
    with (tmp_path / "faces" / "found.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["found"] for row in rows].count("no face") == 14
    assert {row["crop"]: row["file"] for row in rows if row["crop"]} == {
        crop: file for crop, file in result.originals.items() if (tmp_path / "faces" / crop).exists()
    }
