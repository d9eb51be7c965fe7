"""Commands that write a folder, killed at any moment: the same command again ends as one that was never killed.

Each is killed at the first, the second, ... change of a file, up to twenty. Trainings are in `test_cli_runs`, lists and
portraits in `data/download`.
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import cli
from data.download import download
from data.mnist.files import FILES, MnistFile
from data.photos.landmarks import Landmarks
from data.rows import Box, Row
from data.settings import DownloadSettings
from faces.detection.detector import DetectorSettings, FaceDetector, FoundFace, Search
from faces.detection.likeness import FaceFeatures
from faces.groups import steps
from faces.groups.store import Groups

Kill = Callable[..., bool]
MOMENTS = 20


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder, with photos of three people in `photos`."""
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    generator = np.random.default_rng(7)
    for name in ("Ada", "Bob", "Cy"):
        Path("photos", name).mkdir(parents=True)
        for number in range(7):
            pixels = generator.integers(0, 255, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(Path("photos", name, f"{number}.png"))


def tree(folder: Path, *but: str) -> dict[str, str]:
    """The SHA-256 of each file of a folder, without what says when it was made."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(but)
    }


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def ended_after_kills(
    kill: Kill, folder: Path, command: Callable[[Path], tuple[object, ...]], *but: str, done: int = 0
) -> int:
    """Kill the command at up to MOMENTS moments, each in a folder of its own, and run it again; return how many.

    `done` is the exit code of the command where there is nothing left to do.
    """
    unbroken = shutil.copytree(folder, folder.with_name("unbroken")) if folder.exists() else Path("unbroken")
    run(*command(unbroken))
    for moment in range(1, MOMENTS + 1):
        own = folder.with_name(f"killed-{moment:02}")
        if folder.exists():
            shutil.copytree(folder, own)
        if not kill(moment, own, *command(own)):
            return moment - 1
        assert run(*command(own)) in (0, done)
        assert tree(own, *but) == tree(unbroken, *but), f"moment {moment}"
    return MOMENTS


class WholePhoto(FaceDetector):
    """Takes each photo for a face, and of about half of them the left half for another one: these tests are of
    files."""

    def __init__(self, settings: DetectorSettings, *, device: str, at_once: int = 1) -> None:
        self.settings = settings

    def identity(self) -> dict[str, Any]:
        return asdict(self.settings)

    def search(self, picture: Image.Image) -> Search:
        width, height = picture.size
        boxes = (Box(0, 0, width, height), Box(0, 0, width // 2, height))
        several = np.asarray(picture)[0, 0, 0] % 2
        return Search([FoundFace(box, Landmarks(*[(0.0, 0.0)] * 5), 1.0) for box in boxes[: 1 + several]], 0)


class Means(FaceFeatures):
    """The mean colour of a face as its features, scaled so that some are alike."""

    def __init__(self, *, device: str) -> None:
        self.size, self.margin = 8, 0.25

    def identity(self) -> dict[str, Any]:
        return {}

    def of_several(self, faces: Sequence[Image.Image]) -> NDArray[np.float32]:
        return np.stack([np.asarray(face, np.float32).mean(axis=(0, 1)) / 7 for face in faces])


def test_features(killed_at: Kill) -> None:
    for photo in Path("photos").glob("*/[2-9].png"):
        photo.unlink()
    flags = ("--weights", "random", "--batch-size", 1, "--quiet", "--device", "cpu")
    assert ended_after_kills(killed_at, Path("photos"), lambda folder: ("features", folder, *flags)) == 12, "every one"


def test_mnist_from_a_folder(mnist_files: Path, killed_at: Kill, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(file: MnistFile) -> MnistFile:
        content = (mnist_files / file.name).read_bytes()
        return replace(file, size=len(content), sha256=hashlib.sha256(content).hexdigest())

    monkeypatch.setattr("data.mnist.download.FILES", tuple(map(small, FILES)))
    command = ("download", "mnist", "--from", mnist_files, "--quiet", "--out")
    assert ended_after_kills(killed_at, Path("mnist"), lambda folder: (*command, folder)) >= 9


def test_forgetting_a_person(killed_at: Kill) -> None:
    photos = {path.as_uri(): path.read_bytes() for path in sorted(Path("photos").resolve().glob("*/*"))}
    rows = [Row(number, Path(url).parent.name, url, None, None) for number, url in enumerate(photos)]
    settings = DownloadSettings(size=32, workers=1)
    download(rows, Path("six"), settings=settings, fetch=lambda row: photos[row.url])
    times = ("journal.sqlite-", "report.json", "journal.sqlite")
    assert ended_after_kills(killed_at, Path("six"), lambda folder: ("forget", folder, "Bob"), *times, done=2) >= 10


@pytest.mark.parametrize(("before", "moments"), [(0, MOMENTS), (1, 19)], ids=["at first", "with new photos"])
def test_faces_found_in_whole_photos(
    before: int, moments: int, killed_at: Kill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faces.detection.detector.FaceDetector", WholePhoto)
    monkeypatch.setattr("faces.detection.likeness.FaceFeatures", Means)
    monkeypatch.setattr("faces.training_run.train_faces", lambda task, *rest, **named: {"unknown": {}})
    asked = ("train-faces", "photos", "--detect", "--quiet", "--json", "--out", "run", "--out-faces")
    shutil.rmtree("photos/Bob")
    for photo in Path("photos").glob("*/[3-6].png"):
        photo.unlink()
    if before:
        new = {photo: photo.read_bytes() for photo in Path("photos").glob(f"*/[{before}-6].png")}
        for photo in new:
            photo.unlink()
        run(*asked, "faces")
        for photo, data in new.items():
            photo.write_bytes(data)
    got = ended_after_kills(killed_at, Path("faces"), lambda folder: (*asked, folder), ".lock")
    kinds = {line.rpartition(",")[0].split(",", 2)[2] for line in Path("unbroken/found.csv").read_text().splitlines()}
    assert kinds >= {"one face", '"several faces, the one like the others"'}
    assert got == moments, "with new photos every one"


@pytest.mark.parametrize("before", [False, True], ids=["at first", "with names and new photos"])
def test_groups_of_faces(before: bool, killed_at: Kill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.detection.detector.FaceDetector", WholePhoto)
    monkeypatch.setattr("faces.detection.likeness.FaceFeatures", Means)
    asked = ("group", "photos", "--quiet", "--device", "cpu", "--out")
    new = {photo: photo.read_bytes() for photo in sorted(Path("photos").glob("*/[2-6].png"))}
    for photo in new:
        photo.unlink()
    if before:
        run(*asked, "groups")
        with Groups(Path("groups")) as groups:
            steps.not_faces(groups, [groups.faces(1)[0].number], {})
            steps.name_group(groups, 1, "Ada", {})
        for photo, data in list(new.items())[:1]:
            photo.write_bytes(data)
    assert (
        ended_after_kills(killed_at, Path("groups"), lambda folder: (*asked, folder), ".groups", "groups.") == MOMENTS
    )
    people = {path.name for path in Path("unbroken").iterdir() if path.is_dir()}
    assert people >= ({"Ada", "not-faces"} if before else {"group-001"})
