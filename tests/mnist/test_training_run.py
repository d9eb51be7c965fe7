"""A training as a whole: the files of a run, an interrupted training that goes on, and what is refused."""

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import faces
import nn.training.resume
from data.folder_lock import LOCK
from data.mnist.files import TEST_LABELS, load_mnist
from errors import DatasetError, RunError, UsageError
from faces.run import load_faces
from mnist import training_run
from mnist.classifier import DigitClassifier
from mnist.digits import load_digits
from mnist.pictures import mistakes_picture
from mnist.training_run import DigitTraining, train_mnist
from report import run_folder as files
from report.progress import Bar
from report.results import accuracy_line

FILES = {
    "model.safetensors", "metrics.json", "history.csv", "predictions.csv",
    "learning_curve.png", "confusion.png", "weights.png", "mistakes.png", "report.html",
}  # fmt: skip
SETTINGS: dict[str, Any] = {"epochs": 4, "batch_size": 20, "lr": 0.001, "rotation": 10.0, "shift": 1.0}


def task(
    folder: Path, out: Path, *, seed: int = 5, validation: int = 40, resume: bool = False, model: str = "softmax"
) -> DigitTraining:
    classifier = DigitClassifier(model=model, seed=seed, **SETTINGS)
    return DigitTraining(folder=folder, out=out, classifier=classifier, validation=validation, resume=resume)


@pytest.fixture(scope="module")
def digits(
    mnist_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
    write_idx: Callable[[Path, NDArray[np.uint8]], None],
) -> Path:
    """Small files; three of the test digits have a wrong label, so that some are misread."""
    folder = shutil.copytree(mnist_files, tmp_path_factory.mktemp("digits") / "mnist")
    labels = load_mnist(folder).test_labels.copy()
    labels[:3] = (labels[:3] + 1) % 10
    write_idx(folder / TEST_LABELS.name, labels)
    return folder


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, trained once for all tests."""
    out = tmp_path_factory.mktemp("runs") / "one"
    train_mnist(task(digits, out))
    return out


def metrics_of(run: Path) -> dict[str, Any]:
    metrics: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return metrics


def test_a_run_is_these_files_and_no_others(finished: Path) -> None:
    assert {file.name for file in finished.iterdir()} == FILES


def test_metrics_say_what_was_done_and_measured(finished: Path, digits: Path) -> None:
    metrics, test = metrics_of(finished), load_digits(digits)[1]
    assert (metrics["model"], metrics["seed"], metrics["settings"]["epochs"]) == ("softmax", 5, 4)
    assert metrics["n"] == {"train": 160, "validation": 40, "test": 50}
    assert sum(metrics["counts"]["train"].values()) == 160
    assert metrics["parameters"] == 7_850
    right = int(np.trace(metrics["confusion"]))
    assert np.sum(metrics["confusion"]) == 50
    assert metrics["test_accuracy"] == right / 50
    assert metrics["test_error"] == (50 - right) / 50
    assert accuracy_line(metrics) == f"test accuracy {right / 50:.4f} ({right} of 50)"
    classifier = faces.load(finished)
    assert metrics["test_accuracy"] == pytest.approx(classifier.score(*test.pair))
    assert metrics["seconds"] >= metrics["training_seconds"] > 0
    assert {"python", "torch", "numpy"} <= metrics["versions"].keys()


@pytest.mark.parametrize(("smoothing", "loss"), [(0.0, "cross-entropy"), (0.2, "label-smoothed cross-entropy")])
def test_the_curve_is_named_after_the_loss(
    smoothing: float, loss: str, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(training_run, "learning_curve", lambda *_, loss, **__: drawn.append(loss) or b"")
    classifier = DigitClassifier(model="softmax", epochs=1, label_smoothing=smoothing)
    train_mnist(DigitTraining(folder=digits, out=tmp_path / "run", classifier=classifier, validation=40))
    assert drawn == [loss]


def test_the_history_has_a_line_an_epoch(finished: Path) -> None:
    with (finished / "history.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert float(rows[-1]["validation_accuracy"]) == pytest.approx(metrics_of(finished)["validation_accuracy"])
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])


def test_predictions_have_a_line_for_each_test_digit(finished: Path, digits: Path) -> None:
    with (finished / "predictions.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    test, classifier = load_digits(digits)[1], faces.load(finished)
    assert [*rows[0]] == ["index", "label", "predicted", "probability"]
    assert [int(row["index"]) for row in rows] == list(range(50))
    assert [int(row["label"]) for row in rows] == test.labels.tolist()
    assert [int(row["predicted"]) for row in rows] == classifier.predict(test.x).tolist()
    assert [row["probability"] for row in rows] == [
        f"{p:.6f}" for p in classifier.predict_proba(test.x).max(1).tolist()
    ]
    right = sum(row["label"] == row["predicted"] == "7" for row in rows)
    scores = metrics_of(finished)["digits"]["7"]
    assert scores["recall"] == right / scores["n"]


def test_the_page_has_words_for_digits_and_none_for_people(finished: Path) -> None:
    page = re.sub('data:[^"]+', "", (finished / "report.html").read_text().partition("</style>")[2])
    assert "The validation images were measured after every epoch, and changed nothing." in " ".join(page.split())
    assert "Which digit is this?" in page
    assert re.findall(r"\b(photos?|persons?|people|names?|who|whom|faces?)\b", page, re.IGNORECASE) == []


def recording(words: list[str], stop_after: float = float("inf")) -> Bar:
    """A bar that records the words of the training; after `stop_after` steps it raises KeyboardInterrupt."""

    @contextmanager
    def bar(what: str, steps: int | None) -> Iterator[Callable[[str], None]]:
        def advance(word: str) -> None:
            if what == "training":
                words.append(word)
            if len(words) > stop_after:
                raise KeyboardInterrupt

        yield advance

    return bar


def test_same_seed_same_bytes_even_of_an_interrupted_training(
    finished: Path, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.training.resume, "SAVE_EVERY", 0.0)
    out, batches = tmp_path / "killed", 8
    with pytest.raises(KeyboardInterrupt):
        train_mnist(task(digits, out), recording([], stop_after=2 * batches + 3))
    assert {file.name for file in out.iterdir()} == {LOCK, *files.UNFINISHED}
    words: list[str] = []
    train_mnist(task(digits, out, resume=True), recording(words))
    assert len(words) == 2 * batches  # of 4 epochs: two had been saved
    assert words[0] == "epoch 3 of 4"
    assert words[-1].startswith("epoch 4 of 4 validation ")
    assert {file.name for file in out.iterdir()} == FILES
    for name in FILES - {"metrics.json", "history.csv", "report.html"}:  # these hold seconds
        assert (out / name).read_bytes() == (finished / name).read_bytes(), name


@pytest.mark.parametrize("other", [{"seed": 6}, {"validation": 20}, {"model": "fc"}])
def test_resuming_another_training_is_refused(finished: Path, digits: Path, other: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="was trained with other data, another seed or other settings"):
        train_mnist(task(digits, finished, resume=True, **other))


@pytest.mark.parametrize("computed", [{"device": "cpu"}, {"capture": False}])
def test_how_it_is_computed_makes_it_no_other_training(finished: Path, digits: Path, computed: dict[str, Any]) -> None:
    other = task(digits, finished, resume=True)
    other.classifier.set_params(**computed)
    assert train_mnist(other) == metrics_of(finished)


def test_resuming_a_finished_run_trains_nothing(finished: Path, digits: Path) -> None:
    before = (finished / "metrics.json").stat().st_mtime_ns
    assert train_mnist(task(digits, finished, resume=True)) == metrics_of(finished)
    assert (finished / "metrics.json").stat().st_mtime_ns == before


def test_without_validation_digits_nothing_is_made_up(digits: Path, tmp_path: Path) -> None:
    metrics = train_mnist(task(digits, tmp_path / "run", validation=0))
    assert metrics["validation_accuracy"] is None
    assert metrics["n"] == {"train": 200, "validation": 0, "test": 50}


def test_more_validation_digits_than_there_are_digits_are_refused(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError, match=r"has 200 training digits, expected more than the 200 .* --validation, or 0"
    ):
        train_mnist(task(digits, tmp_path / "run", validation=200))
    assert not (tmp_path / "run").exists()


def test_a_folder_of_other_things_is_not_written_to(digits: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="holds files that are no run's"):
        train_mnist(task(digits, tmp_path))


def test_a_run_of_digits_is_none_of_faces(finished: Path, tmp_path: Path) -> None:
    assert isinstance(faces.load(finished), DigitClassifier)
    assert faces.load(finished, device="cpu").device == "cpu"
    with pytest.raises(RunError, match=r"tells digits apart \(model 'softmax'\): expected a run of train-faces"):
        load_faces(finished)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunError, match="not a whole checkpoint"):
        faces.load(tmp_path)


def test_without_mistakes_there_is_no_picture_of_mistakes(digits: Path) -> None:
    test = load_digits(digits)[1]
    right = np.eye(10, dtype=np.float32)[test.labels.numpy()]
    assert mistakes_picture(right, test, "t") is None
    picture = mistakes_picture(np.roll(right, 1, axis=1), test, "t")
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
