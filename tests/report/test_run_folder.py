"""Reading the folder of a run: its files belong together, or are refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from errors import RunError, UsageError
from report import run_folder as files
from report.results import confusion_of, results_of
from report.unfinished_run import publish_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    publish_run(tmp_path / "run", [(files.MODEL, b"weights"), (files.UNITS, b"[]"), (files.PAGE, b"<html>")], {"n": 1})
    return tmp_path / "run"


def test_what_belongs_to_the_run_is_read(run: Path) -> None:
    assert files.read_model(run) == b"weights"
    assert files.read_json(run, files.UNITS) == []
    assert files.read_metrics(run)["n"] == 1


@pytest.mark.parametrize("name", [files.MODEL, files.UNITS, files.PAGE])
def test_a_file_of_another_run_is_refused(run: Path, name: str) -> None:
    (run / name).write_bytes(b"[1]")
    with pytest.raises(RunError, match=f"{name} is not the file that this run's metrics.json lists: .* train again"):
        files.read_file(run, name)


def test_a_file_that_the_run_does_not_have_is_refused(run: Path) -> None:
    (run / files.SPLIT).write_bytes(b"{}")
    with pytest.raises(RunError, match=r"split\.json is not the file"):
        files.read_json(run, files.SPLIT)


def test_a_model_beside_files_of_a_run_that_was_killed_is_refused(run: Path) -> None:
    (run / files.METRICS).unlink()
    with pytest.raises(RunError, match=r"holds report\.html and no metrics\.json"):
        files.read_model(run)
    (run / files.PAGE).unlink()
    (run / files.UNITS).unlink()
    assert files.read_model(run) == b"weights", "a model that was saved by itself"


def test_a_run_of_an_earlier_version_does_not_list_its_files(run: Path) -> None:
    (run / files.METRICS).write_bytes(b'{"n": 1}')
    assert files.read_model(run) == b"weights"


@pytest.mark.parametrize("name", files.UNFINISHED)
def test_a_training_that_has_not_ended_has_nothing_to_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(RunError, match="it holds a training that has not ended: go on with --resume"):
        files.read_model(tmp_path)


def test_a_model_is_not_saved_into_a_run(run: Path) -> None:
    with pytest.raises(UsageError, match="holds a run"):
        files.model_file(run)


def test_a_poster_of_some_units_gets_a_name_of_its_own() -> None:
    assert files.poster_file(Path("r"), None) == Path("r/weights.png")
    assert files.poster_file(Path("r"), [3, 17, 3]) == Path("r/weights-3-17.png")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({}, "{}\n"),
        ({"n": 1, "names": ["Ada", "Zoë"]}, '{"n": 1, "names": ["Ada", "Zoë"]}\n'),
        ([{"0": 1}] * 2, '[{"0": 1}, {"0": 1}]\n'),
        (list(range(100)), f"{list(range(100))}\n"),
        ({"rows": [[0.5] * 99] * 2}, '{\n "rows": [\n  {0},\n  {0}\n ]\n}\n'.replace("{0}", str([0.5] * 99))),
        (["a" * 60, "b" * 60], f'[\n "{"a" * 60}",\n "{"b" * 60}"\n]\n'),
        ("\udcff", '"\\udcff"\n'),
    ],
)
def test_what_fits_a_line_is_on_one_and_numbers_are(value: object, written: str) -> None:
    assert files.as_json(value).decode() == written
    assert json.loads(files.as_json(value)) == value


@pytest.mark.parametrize(("people", "photos"), [(700, 10), (1000, 10)])
def test_the_metrics_of_many_people_are_small_and_read_back(tmp_path: Path, people: int, photos: int) -> None:
    names = [f"Person of an ordinary name {number}" for number in range(people)]
    random = np.random.default_rng(0)
    answers = {
        part: (true := np.arange(people).repeat(n), np.where(random.random(len(true)) < 0.3, true, true[::-1]))
        for part, n in {"train": photos - 3, "validation": 1, "test": 2}.items()
    }
    counts = {part: dict.fromkeys(names, photos) for part in answers}
    metrics = {"data": "many", "classes": names, "counts": counts} | results_of(answers, names, "people")
    (tmp_path / files.METRICS).write_bytes(files.as_json(metrics))
    assert (tmp_path / files.METRICS).stat().st_size < 400 * people
    assert max(map(len, (tmp_path / files.METRICS).read_text().splitlines())) < 200
    assert files.read_measured(tmp_path) == metrics
    assert confusion_of(metrics).sum() == 2 * people
