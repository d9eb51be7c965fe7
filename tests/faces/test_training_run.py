"""A training as a whole: the files of a run, an interrupted training that goes on, and what is refused."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import nn.resume
from data.settings import SplitSizes
from errors import DatasetError, RunError, UsageError
from faces.hidden import HiddenClassifier
from faces.settings import HiddenSettings
from faces.training_run import TrainingRun, accuracy_line, train_faces
from report import run_folder as files
from report.progress import Bar

FILES = {
    "model.safetensors", "metrics.json", "history.csv", "split.json",
    "learning_curve.png", "confusion.png", "weights.png", "units.json", "report.html",
}  # fmt: skip
SIZES = SplitSizes(train=8, validation=2, test=3)


def task(folder: Path, out: Path, *, seed: int = 5, resume: bool = False, sizes: SplitSizes = SIZES) -> TrainingRun:
    classifier = HiddenClassifier(HiddenSettings(hidden=8, epochs=6, batch_size=8, size=12), seed=seed)
    return TrainingRun(folder=folder, out=out, classifier=classifier, sizes=sizes, resume=resume)


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


def test_history_and_split_are_part_of_the_run(finished: Path) -> None:
    with (finished / "history.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert float(rows[-1]["validation_accuracy"]) <= 1
    parts = json.loads((finished / "split.json").read_text())
    used = parts["train"] + parts["validation"] + parts["test"]
    assert len(used) == len(set(used)) == 3 * 13
    assert parts["seed"] == 5


def test_same_seed_same_bytes(finished: Path, people: Path, tmp_path: Path) -> None:
    train_faces(task(people, tmp_path / "again"))
    for name in FILES - {"metrics.json", "history.csv", "report.html"}:  # these hold seconds
        assert (tmp_path / "again" / name).read_bytes() == (finished / name).read_bytes(), name


class Stop(Exception):
    """The kill."""


def stop_after(epochs: int) -> Bar:
    @contextmanager
    def bar(what: str, steps: int) -> Iterator[Callable[[str], None]]:
        seen = 0

        def advance(word: str) -> None:
            nonlocal seen
            seen += what == "training"
            if seen > epochs:
                raise Stop

        yield advance

    return bar


def test_an_interrupted_training_goes_on_to_the_same_bytes(
    finished: Path, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.resume, "SAVE_EVERY", 0.0)
    with pytest.raises(Stop):
        train_faces(task(people, tmp_path), stop_after(3))
    assert [file.name for file in tmp_path.iterdir()] == [files.STATE]
    epochs: list[str] = []

    @contextmanager
    def count(what: str, steps: int) -> Iterator[Callable[[str], None]]:
        yield lambda word: epochs.append(what)

    train_faces(task(people, tmp_path, resume=True), count)
    assert epochs.count("training") == 2  # of 6: the fourth had been saved when its bar was stopped
    assert (tmp_path / "model.safetensors").read_bytes() == (finished / "model.safetensors").read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == FILES


def test_resuming_with_other_settings_is_refused(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.resume, "SAVE_EVERY", 0.0)
    with pytest.raises(Stop):
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
    assert accuracy_line(metrics) == "no test photos, no test accuracy"


def test_a_folder_of_other_things_is_not_written_to(people: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(UsageError, match="holds files that are no run's"):
        train_faces(task(people, tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.doc"]


def test_a_photo_that_is_none_leaves_no_run(people: Path, tmp_path: Path) -> None:
    shutil.copytree(people, tmp_path / "people")
    (tmp_path / "people" / "Bo" / "03.png").write_text("<html>gone</html>")
    with pytest.raises(DatasetError, match=r"Bo/03\.png is not an image"):
        train_faces(task(tmp_path / "people", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_poster_of_some_units_gets_a_name_of_its_own() -> None:
    assert files.poster_file(Path("r"), None) == Path("r/weights.png")
    assert files.poster_file(Path("r"), [3, 17, 3]) == Path("r/weights-3-17.png")


def test_default_runs_do_not_overwrite_each_other(tmp_path: Path) -> None:
    assert files.free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden"
    (tmp_path / "six-hidden").mkdir()
    assert files.free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden-2"
