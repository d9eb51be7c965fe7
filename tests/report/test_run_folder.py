"""The folder of a run: in which order its files are written, and where a run may go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from report import run_folder as files


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
    assert files.free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden"
    (tmp_path / "six-hidden").mkdir()
    assert files.free_out(tmp_path, "six-hidden") == tmp_path / "six-hidden-2"
