"""`train-faces` as a person meets it: flags that reach the training, and those that are refused."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cli
from data.folder_lock import LOCK
from data.photos.landmarks import Landmarks
from data.photos.placed import Placed, comment_of
from faces.detection.landmarks import face_detector

SIZES = ("--train", 3, "--validation", 1, "--test", 1, "--epochs", 2, "--hidden", 4, "--quiet")


def run(*arguments: object) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as end:  # argparse's own way out
        return int(end.code or 0)


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_pictures: None) -> Path:
    """Photos of two people in the current folder."""
    monkeypatch.chdir(tmp_path)
    generator, folder = np.random.default_rng(7), Path("people")
    for name in ("Ada", "Bo"):
        (folder / name).mkdir(parents=True)
        for number in range(5):
            pixels = generator.integers(0, 255, (40, 40), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_a_flag_is_one_of_the_settings_and_what_is_left_out_has_its_default(people: Path) -> None:
    assert run("train-faces", people, *SIZES, "--weight-decay", "0.25", "--out", "run") == 0
    settings = json.loads(Path("run/metrics.json").read_text())["settings"]
    assert (settings["weight_decay"], settings["hidden"], settings["lr"]) == (0.25, 4, 1e-3)


def test_the_help_has_the_default_of_each_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train-faces", "--help") == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--weight-decay X share of each weight that a step takes, times the learning rate" in text
    assert "(default: 0.0001 for hidden, 1.0 for the others)" in text


def aligned() -> str:
    return str(json.loads(Path("run/metrics.json").read_text())["aligned"])


def test_without_the_extra_faces_are_taken_as_they_are_and_align_says_what_to_install(
    people: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("train-faces", people, *SIZES[:-1], "--out", "run") == 0
    line = "faces are taken as they are, not aligned: finding eyes, nose and mouth needs an extra, "
    assert capsys.readouterr().err.startswith(line)
    monkeypatch.setattr("faces.detection.centerface_file.find_spec", lambda package: None)
    face_detector.cache_clear()
    assert run("train-faces", people, *SIZES, "--align", "--out", "aligned") == 2
    said = capsys.readouterr().err
    assert "[face]" in said
    assert said.count("\n") == 1
    assert not Path("aligned").exists()


def test_crops_that_say_where_the_face_is_are_aligned_without_the_extra_and_not_when_asked_not_to(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = Landmarks((8, 9), (32, 9), (20, 22), (10, 31), (30, 31))
    for photo in sorted(people.rglob("*.png")):
        with Image.open(photo) as picture:
            picture.save(photo.with_suffix(".jpg"), comment=comment_of(Placed(None, points)))
        photo.unlink()
    assert run("train-faces", people, *SIZES, "--out", "run") == 0
    assert aligned() == "10 of 10 faces aligned by eyes, nose and mouth"
    assert run("train-faces", people, *SIZES, "--no-align", "--out", "run", "--overwrite") == 0
    assert aligned() == "faces are taken as they are, not aligned"
    assert run("train-faces", "--resume", "--out", "run", "--quiet") == 0  # no flag is given again
    assert capsys.readouterr().err == "", "--quiet prints errors alone"


def test_a_run_goes_into_a_new_folder_and_is_resumed_in_one_that_is_named(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("train-faces", people, *SIZES) == 0
    printed = capsys.readouterr().out
    assert "run        runs/people-hidden: report.html" in printed
    assert run("train-faces", people, *SIZES, "--resume", "--out", "runs/people-hidden") == 0
    assert capsys.readouterr().out == printed
    assert [path.name for path in Path("runs").iterdir()] == ["people-hidden"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--resume"], "--resume needs --out RUN, the folder of the interrupted training"),
        (["people", "--resume"], "--resume needs --out RUN, the folder of the interrupted training"),
        (["people", "--weight-decay", "-1"], "weight_decay must be a number from 0, got -1.0"),
        (["people", "--weight-decay", "nan"], "weight_decay must be a number from 0, got nan"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    people: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    before = sorted(Path().rglob("*"))
    assert run("train-faces", *arguments) == 2
    printed = capsys.readouterr()
    assert printed.err == f"faces train-faces: {says}\n"
    assert printed.out == ""
    assert sorted(Path().rglob("*")) == before, "something was left behind"


@pytest.mark.parametrize(
    "flags",
    [("--lr", "1e30"), ("--weight-decay", "1e30"), ("--model", "alexnet", "--weights", "random", "--lr", "1e38")],
)
def test_a_training_that_diverges_is_one_line_and_keeps_the_run_that_was_there(
    people: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    assert run("train-faces", people, *SIZES, "--out", "run") == 0
    before = {path.name: path.read_bytes() for path in Path("run").iterdir()}
    capsys.readouterr()
    assert run("train-faces", people, *SIZES, "--epochs", 5, *flags, "--out", "run", "--overwrite") == 2
    printed = capsys.readouterr().err
    assert printed.startswith("faces train-faces: the training diverged in epoch ")
    assert printed.count("\n") == 1
    assert {path.name: path.read_bytes() for path in Path("run").iterdir() if path.name != LOCK} == before


def test_results_never_lie_among_the_photos(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.chdir(people)
    for _ in range(2):  # the second is not hindered by the first
        assert run("train-faces", ".", *SIZES) == 0
    printed = capsys.readouterr()
    assert printed.err.count("results go beside the photos: ../runs\n") == 2
    assert "run        ../runs/people-hidden-2: " in printed.out
    assert sorted(path.name for path in Path().iterdir()) == ["Ada", "Bo"]
    os.chdir("Ada")
    assert run("train-faces", "..", *SIZES) == 0
    assert Path("../../runs/people-hidden-3").is_dir()
    for out in ("run", "../Bo/run", ".."):
        assert run("train-faces", "..", *SIZES, "--out", out) == 2
        assert f"--out {out} lies among the photos in ..: choose a folder that does not" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("photos", "flags", "works"),
    [
        ({"Ada": 2, "Bo": 2, "Cy": 1}, (), ("--validation", 0)),
        ({"Ada": 1, "Bo": 1, "Cy": 1}, (), ("--validation", 0, "--test", 0)),
        ({"Ada": 4, "Bo": 5, "Cy": 3}, ("--min-photos", 6), ("--min-photos", 4)),
    ],
)
def test_everybody_with_too_few_photos_is_named_and_what_would_work(
    people: Path,
    capsys: pytest.CaptureFixture[str],
    photos: dict[str, int],
    flags: tuple[object, ...],
    works: tuple[object, ...],
) -> None:
    for name, n in photos.items():
        Path("few", name).mkdir(parents=True)
        for number in range(n):
            Image.effect_noise((40, 40), 20 * number + len(name)).save(Path("few", name, f"{number}.png"))
    asked = ("train-faces", "few", "--epochs", 2, "--hidden", 4, "--quiet")
    assert run(*asked, *flags) == 2
    said = capsys.readouterr().err
    for name, n in photos.items():
        assert f"{name} ({n} photo" in said
    assert " ".join(map(str, works)) in said
    assert run(*asked, *works) == 0
