"""`enroll` and `forget --runs` as they are typed: what is printed, the exit codes, and wrong usage in one line."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from data.settings import SplitSizes
from faces.training_run import FaceTraining, train_faces
from faces.transfer import TransferClassifier
from report import run_folder as files

SIZES = SplitSizes(train=4, validation=1, test=2)


def photo(file: Path, person: int, number: int) -> Path:
    """A pattern of the person under noise of the number."""
    pattern = np.kron(np.random.default_rng(person).integers(40, 215, (4, 4)), np.ones((12, 12)))
    noisy = pattern + np.random.default_rng(number).integers(-40, 40, (48, 48))
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file)
    return file


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`datasets/three` of Ada, Bo and Cy, `runs/three` trained on it, and `album` with two photos of Dee."""
    place = tmp_path_factory.mktemp("prepared")
    for person, name in enumerate(("Ada", "Bo", "Cy")):
        for number in range(7):
            photo(place / "datasets" / "three" / name / f"{number}.png", person, 10 * person + number)
    for number in range(2):
        photo(place / "album" / f"{number}.png", 7, 100 + number)
    classifier = TransferClassifier(weights="random", head="lda", device="cpu")
    folder = place / "datasets" / "three"
    train_faces(
        FaceTraining(folder=folder, out=place / "runs" / "three", classifier=classifier, sizes=SIZES, align=False)
    )
    return place


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_pictures: None) -> Path:
    """The current folder, a copy."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    metrics = files.read_metrics(tmp_path / "runs" / "three")
    (tmp_path / "runs" / "three" / files.METRICS).write_bytes(
        files.as_json({**metrics, "data": str(tmp_path / "datasets" / "three")})
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_a_person_is_added_and_predict_names_them(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("enroll", "runs/three", "Dee", "album", "--quiet") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Dee: enrolled with 2 photos, has no test photos",
        "run        runs/three: 4 people, report.html",
        "6 of 6 test photos are still there and were measured again",
        "test accuracy 1.0000 (6 of 6)",
    ]
    assert run("predict", "runs/three", photo(Path("new.png"), 7, 999)) == 0
    assert capsys.readouterr().out.splitlines()[1].split(",")[:3] == ["new.png", "", "Dee"]


def test_photos_of_who_is_there_are_added_once(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("enroll", "runs/three", "bo", photo(Path("new.png"), 1, 99), "--quiet") == 0
    assert capsys.readouterr().out.startswith("Bo: was there already: 1 photo added\n")
    assert run("enroll", "runs/three", "Bo", "new.png", "--quiet") == 0
    assert capsys.readouterr().out.startswith("Bo: was there already: 0 photos added; 1 photo it has already\n")


def test_a_photo_that_cannot_be_read_is_named_and_the_exit_code_is_1(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("album/torn.jpg").write_text("<html>gone</html>")
    assert run("enroll", "runs/three", "Dee", "album", "missing.jpg", "--quiet", "--json") == 1
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert (answer["name"], answer["new"], answer["added"]) == ("Dee", True, 2)
    assert answer["left_out"].keys() == {"album/torn.jpg", "missing.jpg"}
    assert answer["enrolled"] == {"Dee": 2}
    assert "left out: missing.jpg: missing, or may not be read" in printed.err


def test_names_of_photos_come_on_stdin_too(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"album/0.png\nalbum/1.png\n")))
    assert run("enroll", "runs/three", "Dee", "-", "--quiet") == 0
    assert "enrolled with 2 photos" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("runs/three", "Dee"), "expected PHOTO..., photos of this person, or --remove"),
        (("runs/three", "Bo", "album", "--remove"), "--remove takes NAME out: expected no PHOTO with it"),
        (("runs/three", "Dee", "missing.jpg"), "none of 1 photo of Dee can be used: missing.jpg: missing, or may not"),
        (("runs/three", " ", "album"), "expected the name of a person, got ' '"),
        (("runs/three", "Dee", "--remove"), "'Dee' is none of the people Ada, Bo, Cy"),
        (("nowhere", "Dee", "album"), "expected a run folder of train-faces or train-mnist"),
        (("nowhere", "Dee", "--remove"), "expected a run folder of train-faces or train-mnist"),
    ],
)
def test_wrong_usage_is_one_line_and_changes_nothing(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], why: str
) -> None:
    before = {file.name: file.read_bytes() for file in Path("runs/three").iterdir()}
    assert run("enroll", *arguments, "--quiet") == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert {file.name: file.read_bytes() for file in Path("runs/three").iterdir() if file.name != ".lock"} == before
    assert not Path("nowhere").exists()


def test_remove_takes_the_person_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("enroll", "runs/three", "--remove", "BO", "--quiet") == 0
    assert capsys.readouterr().out.splitlines() == [
        "BO: removed from runs/three; the folder that it was trained on is as it was",
        "run        runs/three: 2 people, report.html",
        "4 of 4 test photos are still there and were measured again",
        "test accuracy 1.0000 (4 of 4)",
    ]
    assert files.read_metrics(Path("runs/three"))["classes"] == ["Ada", "Cy"]


def test_a_changed_run_is_not_resumed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("enroll", "runs/three", "Dee", "album", "--quiet") == 0
    asked = ("train-faces", "datasets/three", "--model", "alexnet", "--weights", "random", "--no-align", "--quiet")
    sizes = ("--train", 4, "--validation", 1, "--test", 2, "--device", "cpu")
    assert run(*asked, *sizes, "--resume", "--out", "runs/three") == 2
    assert "runs/three was changed by enroll since its training" in capsys.readouterr().err


def test_a_forgotten_person_leaves_such_a_run_which_needs_no_training(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is one that a download has filled: its own part is tested in tests/faces/test_forgotten.py."""
    from data.download.forget import Forgotten

    def forget(folder: Path, person: str, **_: object) -> Forgotten:
        shutil.rmtree(folder / person)
        return Forgotten(rows=7, files=7, photos=(), folder=person)

    Path("datasets/three/journal.sqlite").touch()
    monkeypatch.setattr("data.download.forget.forget", forget)
    assert run("forget", "datasets/three", "Bo", "--runs", "runs") == 0
    assert "runs/three: Bo removed; its head was computed again, it needs no training" in capsys.readouterr().out
    assert files.read_metrics(Path("runs/three"))["measured_again"].startswith("4 of 4 test photos")
    assert run("forget", "datasets/three", "Cy", "--runs", "runs") == 0
    assert "runs/three: removed; train again" in capsys.readouterr().out, "one person would be left"
