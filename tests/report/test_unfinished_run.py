"""The folder of a run while it is trained: who may write into it, and how the run takes its place as a whole."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from errors import RunError, StorageError, UsageError
from report import run_folder as files
from report.unfinished_run import (
    begin,
    free_out,
    leave_out,
    publish_run,
    read_request,
    save_state,
    saved_states,
    training_in,
)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    publish_run(run, [(files.MODEL, b"old"), (files.MISTAKES, b"old")], {"request": {"old": 1}})
    (run / "weights-3.png").write_bytes(b"old")
    return run


def test_a_run_takes_its_place_as_a_whole(old_run: Path) -> None:
    def contents() -> Iterator[tuple[str, bytes | None]]:
        yield files.MODEL, b"new"
        assert (old_run / files.MODEL).read_bytes() == b"old"
        yield files.MISTAKES, None

    save_state(old_run, b"state")
    metrics = publish_run(old_run, contents(), {"n": 1})
    assert names(old_run) == {files.MODEL, files.METRICS}
    assert files.read_metrics(old_run) == metrics
    assert names(old_run.parent) == {"run"}


def test_who_fails_on_the_way_changes_nothing(old_run: Path) -> None:
    def contents() -> Iterator[tuple[str, bytes | None]]:
        yield files.MODEL, b"new"
        raise MemoryError

    before = names(old_run)
    with pytest.raises(MemoryError):
        publish_run(old_run, contents(), {})
    assert names(old_run) == before
    assert files.read_model(old_run) == b"old"


def test_a_finished_run_is_kept_unless_it_is_to_be_replaced(old_run: Path) -> None:
    with pytest.raises(UsageError, match="holds a finished run: replace it with --overwrite"), training_in(old_run):
        pass
    for asked in ({"overwrite": True}, {"resume": True}):
        with training_in(old_run, **asked):
            pass


def test_a_model_that_was_saved_by_itself_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / files.MODEL).write_bytes(b"mine")
    with pytest.raises(UsageError, match="--overwrite"), training_in(tmp_path):
        pass


@pytest.mark.parametrize("state", [files.STATE, files.STATE_BEFORE])
def test_an_interrupted_training_is_kept_unless_it_is_to_be_replaced(tmp_path: Path, state: str) -> None:
    (tmp_path / state).write_bytes(b"")
    with (
        pytest.raises(UsageError, match="an interrupted training: go on with --resume, begin anew"),
        training_in(tmp_path),
    ):
        pass
    with training_in(tmp_path, resume=True):
        assert (tmp_path / state).exists()
    with training_in(tmp_path, overwrite=True):
        begin(tmp_path, {})
    assert not (tmp_path / state).exists()


@pytest.mark.parametrize("name", ["thesis.doc", ".gitignore", "weights.jpg", "photos"])
def test_a_folder_with_other_things_is_not_written_to(old_run: Path, name: str) -> None:
    (old_run / name).write_text("mine")
    for asked in ({}, {"overwrite": True}, {"resume": True}):
        with (
            pytest.raises(UsageError, match=f"holds files that are no run's, such as {name}"),
            training_in(old_run, **asked),
        ):
            pass


def test_what_programs_that_show_folders_leave_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").write_text("")
    with training_in(tmp_path):
        publish_run(tmp_path, [], {})
    assert names(tmp_path) == {files.METRICS}


def test_the_second_of_two_trainings_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    refused = pytest.raises(StorageError, match=r"another training is working in .*run: wait")
    with training_in(run), refused, training_in(run):
        pass
    assert not run.exists(), "nothing was written"


def test_a_training_that_fails_before_its_first_state_leaves_nothing(tmp_path: Path) -> None:
    def fail(error: type[BaseException]) -> None:
        with training_in(tmp_path / "run"):
            begin(tmp_path / "run", {})
            raise error

    with pytest.raises(MemoryError):
        fail(MemoryError)
    assert not (tmp_path / "run").exists()
    with pytest.raises(KeyboardInterrupt):
        fail(KeyboardInterrupt)
    assert files.REQUEST in names(tmp_path / "run")


def test_the_state_before_the_last_one_is_kept(tmp_path: Path) -> None:
    for state in (b"1", b"2", b"3"):
        save_state(tmp_path, state)
    assert [data for _, data in saved_states(tmp_path)] == [b"3", b"2"]


def test_what_was_asked_for_is_that_of_the_training_that_runs_or_else_of_the_finished_one(old_run: Path) -> None:
    assert read_request(old_run) == {"old": 1}
    begin(old_run, {"new": 2})
    assert read_request(old_run) == {"new": 2}
    assert read_request(old_run / "nothing") is None
    (old_run / files.REQUEST).write_bytes(b"{")
    with pytest.raises(RunError, match=r"training\.json is damaged .* remove it"):
        read_request(old_run)


def test_default_runs_do_not_overwrite_each_other(tmp_path: Path) -> None:
    (tmp_path / "six-hidden-2").symlink_to("nowhere")
    assert free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden"
    assert free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden-3"


def test_trainings_that_start_together_get_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: free_out(tmp_path / "runs", "six"), range(24)))
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
        free_out(runs, "six" * (100 if hindrance == "long" else 1))


def test_a_folder_that_nothing_was_written_into_is_left_as_it_was_found(tmp_path: Path) -> None:
    empty, used = (free_out(tmp_path / "runs", "six") for _ in range(2))
    (used / files.STATE).write_bytes(b"state")
    leave_out(empty)
    leave_out(used)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["six-2"]
    leave_out(free_out(tmp_path / "others", "six"))
    assert not (tmp_path / "others").exists()


@pytest.mark.parametrize("error", [MemoryError, RunError])
def test_a_training_that_fails_leaves_what_an_earlier_one_was_asked_for(tmp_path: Path, error: type[Exception]) -> None:
    (tmp_path / files.REQUEST).write_bytes(b'{"flags": []}')

    def fail() -> None:
        with training_in(tmp_path, resume=True):
            raise error

    with pytest.raises(error):
        fail()
    assert read_request(tmp_path) == {"flags": []}
