"""The folder of a run: in which order its files are written, and where a run may go."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from errors import StorageError
from report import run_folder as files
from report.results import confusion_of, results_of


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    for name in (files.MODEL, files.METRICS, files.STATE, "mistakes.png"):
        (tmp_path / name).write_bytes(b"old")
    return tmp_path


def test_metrics_go_first_and_come_last(old_run: Path) -> None:
    seen: list[set[str]] = []

    def contents() -> Iterator[tuple[str, bytes | None]]:
        for name in (files.MODEL, files.PAGE):
            seen.append({path.name for path in old_run.iterdir()})
            yield name, b"new"
        yield "mistakes.png", None

    files.publish_run(old_run, contents(), {"n": 1}, write)
    assert seen == [
        {files.MODEL, files.STATE, "mistakes.png"},
        {files.MODEL, files.STATE, "mistakes.png"},
    ]
    assert {path.name for path in old_run.iterdir()} == {files.MODEL, files.PAGE, files.METRICS}
    assert files.read_metrics(old_run) == {"n": 1}


def test_who_fails_on_the_way_leaves_no_whole_run_and_keeps_what_resume_needs(old_run: Path) -> None:
    def contents() -> Iterator[tuple[str, bytes | None]]:
        yield files.MODEL, b"new"
        raise MemoryError

    with pytest.raises(MemoryError):
        files.publish_run(old_run, contents(), {}, write)
    assert (old_run / files.MODEL).read_bytes() == b"new", "the network is safe before the pictures are drawn"
    assert {files.METRICS, files.STATE} & {path.name for path in old_run.iterdir()} == {files.STATE}


def test_a_poster_of_some_units_gets_a_name_of_its_own() -> None:
    assert files.poster_file(Path("r"), None) == Path("r/weights.png")
    assert files.poster_file(Path("r"), [3, 17, 3]) == Path("r/weights-3-17.png")


def test_default_runs_do_not_overwrite_each_other(tmp_path: Path) -> None:
    (tmp_path / "six-hidden-2").symlink_to("nowhere")
    assert files.free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden"
    assert files.free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden-3"


def test_trainings_that_start_together_get_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: files.free_out(tmp_path / "runs", "six"), range(24)))
    assert len(set(taken)) == 24
    assert all(path.is_dir() for path in taken)


@pytest.mark.parametrize("hindrance", ["file", "link", "long"])
def test_a_folder_that_cannot_be_taken_is_one_line(tmp_path: Path, hindrance: str) -> None:
    runs = tmp_path / "runs"
    if hindrance == "file":
        runs.write_text("")
    if hindrance == "link":
        runs.symlink_to("nowhere")
    with pytest.raises(StorageError, match="--out"):
        files.free_out(runs, "six" * (100 if hindrance == "long" else 1))


def test_a_folder_that_nothing_was_written_into_is_left_as_it_was_found(tmp_path: Path) -> None:
    empty, used = (files.free_out(tmp_path / "runs", "six") for _ in range(2))
    (used / files.STATE).write_bytes(b"state")
    files.leave_out(empty)
    files.leave_out(used)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["six-2"]
    files.leave_out(files.free_out(tmp_path / "others", "six"))
    assert not (tmp_path / "others").exists()


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
