"""A person who is forgotten leaves runs and folders of found faces too, or it is said who still has the person."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import cli
from data.download import download
from data.photos.landmarks import Landmarks
from data.rows import Box, Row
from data.settings import DownloadSettings, SplitSizes
from faces.detection.detector import DetectorSettings, FaceDetector, FoundFace, Search
from faces.detection.folder import detect_folder
from faces.detection.found_folder import faces_folder
from faces.hidden import HiddenClassifier
from faces.training_run import FaceTraining, train_faces
from report import run_folder as files


class WholePhoto(FaceDetector):
    """Takes each photo for a face, so that these tests need no weights."""

    def __init__(self) -> None:
        self.settings = DetectorSettings()

    def identity(self) -> dict[str, Any]:
        return asdict(self.settings)

    def search(self, picture: Image.Image) -> Search:
        return Search([FoundFace(Box(0, 0, *picture.size), Landmarks(*[(0.0, 0.0)] * 5), 1.0)], 0)


@pytest.fixture
def place(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_pictures: None) -> Path:
    """The current folder: `datasets/six` as a download fills it, with Ada, Bo and Cy."""
    monkeypatch.chdir(tmp_path)
    photos = {path.as_uri(): path.read_bytes() for path in sorted(people.glob("*/*"))}
    rows = [Row(n, Path(url).parent.name, url, None, None) for n, url in enumerate(photos)]
    download(rows, Path("datasets/six"), settings=DownloadSettings(size=32), fetch=lambda row: photos[row.url])
    return tmp_path


def train(out: Path, folder: Path = Path("datasets/six"), source: Path | None = None) -> Path:
    request = {"command": "train-faces", "folder": str((source or folder).resolve()), "flags": ["--epochs", "1"]}
    classifier = HiddenClassifier(hidden=4, epochs=1, size=12)
    sizes = SplitSizes(train=8, validation=2, test=3)
    train_faces(
        FaceTraining(folder=folder, source=source, out=out, classifier=classifier, sizes=sizes, request=request)
    )
    return out


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert cli.main(["forget", "datasets/six", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_runs_and_faces_that_still_have_the_person_are_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = train(Path("runs/mine"))
    faces = faces_folder(Path("datasets"), Path("datasets/six"))
    detect_folder(Path("datasets/six"), faces, 32, detector=WholePhoto(), several="largest")
    shutil.copytree("datasets/six", "datasets/others", ignore=shutil.ignore_patterns(".*", "journal*"))
    train(Path("runs/of-others"), Path("datasets/others"))
    lines = said(capsys, "Bo").splitlines()
    assert lines[1:3] == [
        "runs/mine still has this person, in its network, page and pictures: --runs runs removes it",
        f"{faces} still has this person's faces: --runs runs removes them there too",
    ]
    assert len(lines) == 4
    assert "Bo" in files.read_metrics(mine)["classes"]


def test_the_person_leaves_runs_and_faces_and_who_stays_can_be_trained_again(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path("datasets/six")
    faces = faces_folder(Path("datasets"), source)
    detect_folder(source, faces, 32, detector=WholePhoto(), several="largest")
    train(Path("elsewhere/found"), faces, source)
    train(Path("elsewhere/whole"))
    answer = json.loads(said(capsys, "Bo", "--runs", "elsewhere", "--json"))
    assert answer["runs"] == ["elsewhere/found", "elsewhere/whole"]
    assert answer["faces"] == [str(faces)]
    assert sorted(path.name for path in faces.iterdir() if path.is_dir()) == ["Ada", "Cy"]
    for run in (Path("elsewhere/found"), Path("elsewhere/whole")):
        assert {path.name for path in run.iterdir()} == {files.REQUEST}
        assert "Bo" not in (run / files.REQUEST).read_text()
    assert cli.main(["predict", "elsewhere/whole", "photo.jpg"]) == 2
    assert "it holds a training that has not ended: go on with --resume" in capsys.readouterr().err
    assert cli.main(["train-faces", "--resume", "--out", "elsewhere/whole", "--quiet"]) == 0
    assert files.read_metrics(Path("elsewhere/whole"))["classes"] == ["Ada", "Cy"]


def test_an_interrupted_training_may_have_the_person_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(Path("runs/mine"))
    request = files.read_metrics(run)["request"]
    shutil.rmtree(run)
    run.mkdir()
    (run / files.REQUEST).write_bytes(files.as_json(request))
    (run / files.STATE).write_bytes(b"weights")
    assert "runs/mine: removed; train again: " in said(capsys, "Bo", "--runs", "runs")
    assert {path.name for path in run.iterdir()} == {files.REQUEST}


def test_a_run_that_does_not_know_how_it_was_trained_is_removed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(Path("runs/old"))
    metrics = files.read_metrics(run)
    (run / files.METRICS).write_bytes(files.as_json({**metrics, "request": {}}))
    assert "runs/old: removed; train again with train-faces datasets/six --out runs/old" in said(
        capsys, "Bo", "--runs", "runs"
    )
    assert not run.exists()


def test_a_folder_of_runs_that_is_none_is_said_before_anything_is_removed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for runs in ("nowhere", "datasets/six/manifest.csv"):
        assert cli.main(["forget", "datasets/six", "Bo", "--runs", runs]) == 2
        assert f"--runs {runs} is not a folder: expected one of runs; nothing was removed" in capsys.readouterr().err
    assert list(Path("datasets/six/Bo").iterdir())
