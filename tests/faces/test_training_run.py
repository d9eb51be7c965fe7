"""A training as a whole: the files of a run, an interrupted training that goes on, and what is refused."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

import nn.training.resume
from data.folder_lock import LOCK
from data.photos.folder import read_folder
from data.settings import SplitSizes
from errors import DatasetError, RunError, UsageError
from faces import run_files
from faces.hidden import HiddenClassifier
from faces.run import load_faces
from faces.training_run import FaceTraining, train_faces
from report import run_folder as files
from report.progress import Bar
from report.results import accuracy_line

FILES = {
    "model.safetensors", "metrics.json", "history.csv", "split.json", "predictions.csv",
    "learning_curve.png", "confusion.png", "weights.png", "units.json", "report.html",
}  # fmt: skip
SIZES = SplitSizes(train=8, validation=2, test=3)


def task(folder: Path, out: Path, *, seed: int = 5, resume: bool = False, sizes: SplitSizes = SIZES) -> FaceTraining:
    classifier = HiddenClassifier(hidden=8, epochs=6, batch_size=8, size=12, seed=seed)
    return FaceTraining(folder=folder, out=out, classifier=classifier, sizes=sizes, resume=resume)


@pytest.fixture(scope="module")
def finished(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "one"
    train_faces(task(people, out))
    return out


def test_a_run_is_these_files_and_no_others(finished: Path) -> None:
    assert {file.name for file in finished.iterdir()} == FILES


def test_metrics_say_what_was_done_and_measured(finished: Path, people: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["model"] == "hidden"
    assert metrics["seed"] == 5
    assert metrics["classes"] == ["Ada", "Bo", "Cy"]
    assert metrics["counts"]["test"] == {"Ada": 3, "Bo": 3, "Cy": 3}
    right = sum(metrics["confusion"][i][i] for i in range(3))
    assert metrics["test_accuracy"] == pytest.approx(right / 9)
    assert accuracy_line(metrics) == f"test accuracy {right / 9:.4f} ({right} of 9)"
    assert metrics["settings"]["epochs"] == 6
    assert metrics["seconds"] > 0
    assert {"python", "torch", "numpy"} <= metrics["versions"].keys()


def test_metrics_say_how_sure_the_test_accuracy_and_its_probabilities_are(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    low, high = metrics["test_interval"]
    assert 0 <= low <= metrics["test_accuracy"] <= high <= 1
    calibration = metrics["calibration"]
    assert calibration["n"] == sum(each["n"] for each in calibration["before"]["bins"]) == 9
    assert calibration["temperature"] == load_faces(finished).temperature_ != 1
    said = [float(row["probability"]) for row in predictions_of(finished)]
    after = calibration["after"]["bins"]
    assert sum(each["probability"] * each["n"] for each in after) == pytest.approx(sum(said), abs=1e-4)


def test_of_three_people_it_is_said_that_strangers_cannot_be_known(finished: Path) -> None:
    unknown = json.loads((finished / "metrics.json").read_text())["unknown"]
    assert (unknown["rule"], unknown["share"], unknown["known"]["n"]) == ("validation", 0.01, 9)
    assert unknown["not_known"] == "it takes 5 people to leave some of them out, and there are 3"
    page = " ".join((finished / "report.html").read_text().split())
    assert f"How many strangers are given a name cannot be known: {unknown['not_known']}." in page


def test_with_more_people_they_are_left_out_in_three_groups(people: Path, tmp_path: Path) -> None:
    shutil.copytree(people, tmp_path / "people")
    for name in ("Ada", "Bo", "Cy"):
        own = tmp_path / "people" / f"{name} upside down"
        own.mkdir()
        for photo in (people / name).iterdir():
            with Image.open(photo) as picture:
                picture.transpose(Image.Transpose.ROTATE_180).save(own / photo.name)
    asked: list[tuple[str, int | None]] = []

    @contextmanager
    def bar(what: str, steps: int | None) -> Iterator[Callable[[str], None]]:
        asked.append((what, steps))
        yield lambda word: None

    metrics = train_faces(replace(task(tmp_path / "people", tmp_path / "run"), strangers=0.1), bar)
    assert ("leaving people out", 3) in asked
    unknown = metrics["unknown"]
    assert (unknown["rule"], unknown["strangers"]["n"], unknown["known"]["n"]) == ("strangers", 18, 18)
    classifier = load_faces(tmp_path / "run")
    assert classifier.threshold_ == unknown["threshold"] == classifier.threshold_for(0.1)
    page = " ".join((tmp_path / "run" / "report.html").read_text().split())
    assert "Expect that of 100 strangers" in page
    assert page.count("for every threshold") == 2  # the picture's text


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(share: float, people: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="strangers must be above 0 and below 1"):
        replace(task(people, tmp_path), strangers=share)


def test_the_page_says_what_the_validation_photos_did(finished: Path, people: Path, tmp_path: Path) -> None:
    threshold = "set how sure its probabilities are, and helped to set the threshold below which a face is unknown"
    words = " ".join((finished / "report.html").read_text().split())
    assert f"The validation photos {threshold}, and did not change what it learned." in words
    classifier = HiddenClassifier(hidden=8, epochs=60, batch_size=8, size=12, lr=0.05, patience=2)
    train_faces(FaceTraining(folder=people, out=tmp_path / "run", classifier=classifier, sizes=SIZES))
    history = classifier.history
    assert history.stopped_early
    words = " ".join((tmp_path / "run" / "report.html").read_text().split())
    assert (
        f"The validation photos ended the training after epoch {len(history)}, chose epoch {history.best_epoch}, whose "
        f"weights were kept, and {threshold}."
    ) in words


@pytest.mark.parametrize(("smoothing", "loss"), [(0.0, "cross-entropy"), (0.2, "label-smoothed cross-entropy")])
def test_the_curve_is_named_after_the_loss(
    smoothing: float, loss: str, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(run_files, "learning_curve", lambda *_, loss, **__: drawn.append(loss) or b"")
    classifier = HiddenClassifier(hidden=8, epochs=1, batch_size=8, size=12, label_smoothing=smoothing)
    train_faces(FaceTraining(folder=people, out=tmp_path / "run", classifier=classifier, sizes=SIZES))
    assert drawn == [loss]


def test_history_and_split_are_part_of_the_run(finished: Path) -> None:
    with (finished / "history.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    assert [float(row["validation_accuracy"]) * 6 % 1 for row in rows] == pytest.approx([0] * 6)  # of 6 photos
    parts = json.loads((finished / "split.json").read_text())
    used = parts["train"] + parts["validation"] + parts["test"]
    assert len(used) == len(set(used)) == 3 * 13
    assert parts["seed"] == 5


def predictions_of(run: Path) -> list[dict[str, str]]:
    with (run / "predictions.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_predictions_have_a_line_for_each_test_photo_in_the_order_of_the_split(finished: Path, people: Path) -> None:
    rows = predictions_of(finished)
    assert [*rows[0]] == ["file", "person", "predicted", "probability", "likeness"]
    assert [row["file"] for row in rows] == json.loads((finished / "split.json").read_text())["test"]
    photos = {photo.file: photo for photo in read_folder(people).photos}
    asked = [photos[row["file"]] for row in rows]
    assert [row["person"] for row in rows] == [photo.name for photo in asked]
    classifier = load_faces(finished)
    opened = classifier.open(people, asked)
    assert [row["predicted"] for row in rows] == classifier.predict(opened).tolist()
    assert [row["probability"] for row in rows] == [f"{p:.6f}" for p in classifier.predict_proba(opened).max(1)]
    assert [row["likeness"] for row in rows] == [f"{p:.6f}" for p in classifier.known_scores(opened)]


def test_each_persons_scores_are_those_of_the_predictions(finished: Path) -> None:
    rows, people = predictions_of(finished), json.loads((finished / "metrics.json").read_text())["people"]
    assert [*people] == ["Ada", "Bo", "Cy"]
    for name, scores in people.items():
        asked = [row for row in rows if row["person"] == name]
        right = [row for row in asked if row["predicted"] == name]
        assert scores["n"] == len(asked) == 3
        assert scores["recall"] == pytest.approx(len(right) / 3)


def test_a_name_that_a_spreadsheet_would_run_becomes_text(people: Path, tmp_path: Path) -> None:
    shutil.copytree(people, tmp_path / "people")
    (tmp_path / "people" / "Bo").rename(tmp_path / "people" / "=Bo")
    train_faces(task(tmp_path / "people", tmp_path / "run"))
    rows = predictions_of(tmp_path / "run")
    assert {row["person"] for row in rows} == {"'=Bo", "Ada", "Cy"}
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def stop_after(epochs: int) -> Bar:
    """A bar that raises KeyboardInterrupt after so many epochs."""

    @contextmanager
    def bar(what: str, steps: int | None) -> Iterator[Callable[[str], None]]:
        seen = 0

        def advance(word: str) -> None:
            nonlocal seen
            seen += what == "training"
            if seen > epochs:
                raise KeyboardInterrupt

        yield advance

    return bar


def test_same_seed_same_bytes_even_of_an_interrupted_training(
    finished: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.training.resume, "SAVE_EVERY", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train_faces(task(people, tmp_path), stop_after(3))
    assert {file.name for file in tmp_path.iterdir()} == {LOCK, *files.UNFINISHED}
    epochs: list[str] = []

    @contextmanager
    def count(what: str, steps: int | None) -> Iterator[Callable[[str], None]]:
        yield lambda word: epochs.append(what)

    train_faces(task(people, tmp_path, resume=True), count)
    assert epochs.count("training") == 2  # of 6: the fourth had been saved when its bar was stopped
    assert {file.name for file in tmp_path.iterdir()} == FILES
    for name in FILES - {"metrics.json", "history.csv", "report.html"}:  # these hold seconds
        assert (tmp_path / name).read_bytes() == (finished / name).read_bytes(), name


def test_resuming_with_other_settings_is_refused(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.training.resume, "SAVE_EVERY", 0.0)
    with pytest.raises(KeyboardInterrupt):
        train_faces(task(people, tmp_path), stop_after(2))
    with pytest.raises(RunError, match="another seed or other settings"):
        train_faces(task(people, tmp_path, resume=True, seed=6))


def test_resuming_a_finished_run_trains_nothing(finished: Path, people: Path) -> None:
    before = (finished / "metrics.json").stat().st_mtime_ns
    assert train_faces(task(people, finished, resume=True))["seed"] == 5
    assert (finished / "metrics.json").stat().st_mtime_ns == before


def test_without_validation_and_test_photos_nothing_is_made_up(people: Path, tmp_path: Path) -> None:
    metrics = train_faces(task(people, tmp_path / "run", sizes=SplitSizes(train=8, validation=0, test=0)))
    assert metrics["validation_accuracy"] is None
    assert metrics["test_accuracy"] is None
    assert accuracy_line(metrics) == "no test data, no test accuracy"
    assert predictions_of(tmp_path / "run") == []
    assert metrics["people"]["Ada"] == {"precision": None, "recall": None, "f1": None, "n": 0}


def test_a_folder_of_other_things_is_not_written_to(people: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="holds files that are no run's"):
        train_faces(task(people, tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_photo_that_is_none_leaves_no_run(people: Path, tmp_path: Path) -> None:
    shutil.copytree(people, tmp_path / "people")
    (tmp_path / "people" / "Bo" / "03.png").write_text("<html>gone</html>")
    strict = replace(task(tmp_path / "people", tmp_path / "run"), strict=True)
    with pytest.raises(DatasetError, match=r"1 photo of .* cannot be read, the first is Bo/03\.png: its content is no"):
        train_faces(strict)
    assert not (tmp_path / "run").exists()


def test_a_photo_that_is_none_is_left_out_and_said(people: Path, tmp_path: Path) -> None:
    shutil.copytree(people, tmp_path / "people")
    (tmp_path / "people" / "Bo" / "03.png").write_text("<html>gone</html>")
    notes: list[str] = []
    metrics = train_faces(task(tmp_path / "people", tmp_path / "run"), on_note=notes.append)
    assert metrics["left_out"] == ["cannot be read, left out: Bo/03.png: its content is no photo"]
    assert notes == [*metrics["left_out"], metrics["aligned"]]
    assert metrics["counts"]["train"] == {"Ada": 8, "Bo": 8, "Cy": 8}
