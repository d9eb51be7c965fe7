"""Runs read back to be compared, some of them a stranger's; and `compare` as it is typed."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import cli
from errors import RunError, UsageError
from faces.compared import read_runs
from mnist.classifier import DigitClassifier
from mnist.training_run import DigitTraining, train_mnist
from report.comparison import TRAINED
from report.comparison import compare as compare_runs
from report.run_folder import as_json

NAMES = ("=Ann", "<b>Bob</b>")
N = 6  # photos of each, of which the last two are test photos


def photos(folder: Path) -> Path:
    """A folder of two people; one's name looks like a formula, the other's like HTML."""
    generator = np.random.default_rng(0)
    for place, _ in enumerate(NAMES):
        (folder / f"{place}").mkdir(parents=True)
        for number in range(N):
            pixels = generator.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{place}" / f"{number}.png")
    return folder


def made(run: Path, folder: Path, right: list[int], *, test: tuple[int, ...] = (4, 5), **metrics: Any) -> Path:
    """A run that is right (1) or wrong (0) about the test photos of both people, in order."""
    numbers = {"test": test, "train": [number for number in range(N) if number not in test]}
    files = {part: [f"{who}/{number}.png" for who in (0, 1) for number in own] for part, own in numbers.items()}
    digests = {
        file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for part in files.values() for file in part
    }
    lines = ["file,person,predicted,probability,likeness"]
    for file, is_right in zip(files["test"], right, strict=True):
        who = int(file[0])
        true, said = (
            f"'{name}" if name[0] == "=" else name for name in (NAMES[who], NAMES[who if is_right else 1 - who])
        )
        lines.append(f"{file},{true},{said},0.750000,1.0")
    run.mkdir(parents=True)
    (run / "split.json").write_bytes(as_json({**files, "validation": [], "sha256": digests}))
    (run / "predictions.csv").write_text("\n".join(lines) + "\n")
    about = {"model": "hidden", "data": str(folder), "classes": list(NAMES), **metrics}
    (run / "metrics.json").write_bytes(as_json(about))
    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return photos(tmp_path / "photos")


@pytest.fixture
def two(tmp_path: Path, folder: Path) -> list[Path]:
    return [made(tmp_path / "one", folder, [1, 1, 1, 0]), made(tmp_path / "two", folder, [1, 0, 1, 0])]


def compare(*arguments: object) -> int:
    return cli.main(["compare", *map(str, arguments)])


def test_names_and_answers_are_read_as_they_were(two: list[Path]) -> None:
    (one, _), _ = read_runs(two)
    assert [(said.file, said.true, said.is_right) for said in one.said.values()] == [
        ("0/4.png", "=Ann", True),
        ("0/5.png", "=Ann", True),
        ("1/4.png", "<b>Bob</b>", True),
        ("1/5.png", "<b>Bob</b>", False),
    ]
    assert len(one.trained) == 2 * (N - 2)


def test_the_command_prints_a_table_and_writes_a_page(
    two: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(*two, "--out", tmp_path / "page.html") == 0
    out = capsys.readouterr().out
    assert out.startswith("4 test photos of 2 people, test photos of both runs\none   75.0%  3 of 4")
    assert "right alone 1 and 0, McNemar p 1 (exact binomial)" in out
    assert "only one is right: 0/5.png" in out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;Bob" in page
    assert "<b>Bob</b>" not in page
    assert page.count("data:image/jpeg") == 1  # the photo that one alone got right


def test_json_is_one_object(two: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(*two, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [run["accuracy"] for run in said["runs"]] == [0.75, 0.5]
    assert said["only"]["one"] == [{"file": "0/5.png", "true": "=Ann", "said": {"one": "=Ann", "two": "<b>Bob</b>"}}]
    assert said["page"] is None


def test_a_photo_that_one_was_trained_on_and_the_other_not_is_left_out(tmp_path: Path, folder: Path) -> None:
    runs = [made(tmp_path / "a", folder, [1] * 4), made(tmp_path / "b", folder, [1] * 4, test=(3, 4))]
    found = compare_runs(read_runs(runs)[0])
    assert len(found.photos) == 2
    assert found.left_out == {TRAINED: 4}


def test_runs_of_one_name_are_told_by_their_paths(tmp_path: Path, folder: Path) -> None:
    runs = [made(tmp_path / place / "run", folder, [1] * 4) for place in ("a", "b")]
    assert [run.name for run in read_runs(runs)[0]] == [str(run) for run in runs]


def test_one_run_or_the_same_twice_or_a_page_inside_are_wrong_usage(two: list[Path]) -> None:
    with pytest.raises(UsageError, match="expected 2 to 12 runs"):
        read_runs(two[:1])
    with pytest.raises(UsageError, match="named twice"):
        read_runs([two[0], two[0].parent / "photos" / ".." / "one"])
    assert compare(*two, "--out", two[1] / "page.html") == 2


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("predictions.csv", ""),
        ("predictions.csv", "a,b,c\n1,2,3\n"),
        ("predictions.csv", "file,person,predicted,probability\n0/4.png,=Ann\n"),
        ("predictions.csv", "file,person,predicted,probability\n0/4.png,'=Ann,'=Ann,nan\n"),
        ("predictions.csv", "file,person,predicted,probability\n0/4.png,'=Ann,Cy,0.5\n"),
        ("predictions.csv", "file,person,predicted,probability\nother.png,'=Ann,'=Ann,0.5\n"),
        ("predictions.csv", "file,person,predicted,probability\n" + "x" * 200_000),
        ("predictions.csv", "index,label,predicted,probability\n0,1,1,0.5\n"),
        ("split.json", "[]"),
        ("split.json", '{"test": 7, "train": [], "validation": [], "sha256": {}}'),
        ("split.json", '{"test": ["0/4.png"], "train": [], "validation": [], "sha256": {"0/4.png": 7}}'),
        ("split.json", '{"test": [["0/4.png"]], "train": [], "validation": [], "sha256": {}}'),
        ("metrics.json", '{"model": [], "data": "photos", "classes": []}'),
        ("metrics.json", '{"model": "hidden", "data": 7, "classes": []}'),
        ("metrics.json", '{"model": "hidden", "data": "photos", "classes": {"a": 1}}'),
        ("metrics.json", "[" * 100_000),
    ],
)
def test_a_strangers_files_are_one_line(
    file: str, content: str, two: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (two[1] / file).write_text(content)
    assert compare(*two) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_photo_outside_of_the_runs_folder_is_refused(two: list[Path], tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes((tmp_path / "photos" / "0" / "4.png").read_bytes())
    for name in ("split.json", "predictions.csv"):
        text = (two[0] / name).read_text()
        (two[0] / name).write_text(text.replace("0/4.png", "../secret.png"))
    with pytest.raises(RunError, match=r"'\.\./secret\.png', which does not lie in its folder"):
        read_runs(two)


def test_photos_that_are_gone_are_crossed_out(two: list[Path], tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "photos")
    assert compare(*two, "--out", tmp_path / "page.html") == 0
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("data:image/jpeg") == 1


def test_a_missing_run_is_one_line(two: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(two[0], two[0] / "none") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.fixture
def digits(tmp_path: Path, small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    for picture in ("learning_curve", "confusion_picture", "weights_picture", "mistakes_picture", "page_of_run"):
        monkeypatch.setattr(f"mnist.training_run.{picture}", lambda *_, **__: b"")
    runs = [tmp_path / "softmax", tmp_path / "fc"]
    for run in runs:
        classifier = DigitClassifier(model=run.name, epochs=1)
        train_mnist(DigitTraining(folder=small_mnist, out=run, classifier=classifier, validation=20))
    return runs


def test_digits_are_told_by_their_place_in_the_same_test_set(
    digits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(*digits, "--out", tmp_path / "page.html") == 0
    assert capsys.readouterr().out.startswith("50 test images of 10 digits")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == page.count("Actually")


def test_digits_are_not_compared_with_faces_nor_with_other_digits(digits: list[Path], two: list[Path]) -> None:
    with pytest.raises(RunError, match="expected runs of one kind"):
        read_runs([digits[0], two[0]])
    metrics = json.loads((digits[0] / "metrics.json").read_text())
    metrics["asked"]["digits"]["test digits"] = "50 (of others)"
    (digits[0] / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(RunError, match="no photo is a test photo of both runs"):
        compare_runs(read_runs(digits)[0])
