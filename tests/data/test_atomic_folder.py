"""A folder is replaced as a whole: the former content, or the new one, and nothing of both."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data.atomic_folder import atomic_folder, restore
from data.atomic_write import MACHINE
from data.folder_lock import LOCK, locked
from errors import StorageError

DEAD = 4_000_000  # beyond the largest process number


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def replace(folder: Path, *names: str, text: str = "new") -> None:
    with atomic_folder(folder, "last") as part:
        for name in names:
            (part / name).write_text(text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    for name in ("last", "a", "gone"):
        (tmp_path / "run" / name).write_text("old")
    return tmp_path / "run"


def refuse_renaming_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.is_dir():
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)


def test_what_is_not_new_is_gone(folder: Path) -> None:
    replace(folder, "a", "b", "last")
    assert content(folder) == {"a": "new", "b": "new", "last": "new"}
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    replace(tmp_path / "runs" / "one", "a")
    assert content(tmp_path / "runs" / "one") == {"a": "new"}


def test_an_error_on_the_way_changes_nothing(folder: Path) -> None:
    def fail() -> None:
        with atomic_folder(folder, "last") as part:
            (part / "a").write_text("new")
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert content(folder) == {"a": "old", "gone": "old", "last": "old"}
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_a_link_still_leads_to_the_folder(folder: Path) -> None:
    link = folder.with_name("latest")
    link.symlink_to("run")
    replace(link, "a")
    assert link.is_symlink()
    assert content(folder) == {"a": "new"}


def test_where_folders_cannot_be_renamed_the_files_are_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_renaming_folders(monkeypatch)
    replace(folder, "a", "last")
    assert content(folder) == {"a": "new", "last": "new"}
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


def test_where_nothing_can_be_made_beside_it_the_new_files_wait_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir

    def refuse(self: Path, *arguments: object, **named: bool) -> None:
        if self.parent == folder.parent and self != folder:
            raise PermissionError(13, "Permission denied")
        mkdir(self, **named)

    monkeypatch.setattr(Path, "mkdir", refuse)
    replace(folder, "a", "last")
    assert content(folder) == {"a": "new", "last": "new"}


def test_a_disk_that_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match=r"cannot write .*file/run: Not a directory"),
        atomic_folder(tmp_path / "file" / "run", "last"),
    ):
        pass


def test_a_kill_between_the_two_renames_loses_nothing(folder: Path) -> None:
    folder.rename(folder.with_name(".run.replaced-by-faces"))
    restore(folder)
    assert content(folder) == {"a": "old", "gone": "old", "last": "old"}


def test_what_killed_processes_left_is_removed_and_what_others_have_is_not(folder: Path) -> None:
    former = shutil.copytree(folder, folder.with_name(".run.replaced-by-faces"))
    dead = [place / f"{name}.part-{DEAD}-{MACHINE}00" for place, name in ((folder.parent, ".run"), (folder, ".new"))]
    living = folder.parent / f".run.part-{os.getppid()}-{MACHINE}00"
    foreign = folder.parent / ".run.old"
    for path in (*dead, living, foreign):
        path.mkdir()
    restore(folder)
    assert [path.exists() for path in (*dead, former, living, foreign)] == [False, False, False, True, True]


def test_a_second_process_does_not_get_the_lock(tmp_path: Path) -> None:
    other = (
        "import sys; from pathlib import Path; from data.folder_lock import locked\n"
        "with locked(Path(sys.argv[1]), 'busy'): print('locked')"
    )

    def ask() -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-c", other, str(tmp_path / "x")], capture_output=True, text=True)

    with locked(tmp_path / "x", "busy"):
        assert "StorageError: busy" in ask().stderr
        with pytest.raises(StorageError, match="busy"), locked(tmp_path / "x", "busy"):
            pass
    assert ask().stdout == "locked\n"


def test_a_folder_that_nothing_was_written_into_is_left_as_it_was_found(tmp_path: Path) -> None:
    with locked(tmp_path / "new", "busy"):
        assert (tmp_path / "new" / LOCK).exists()
    assert not (tmp_path / "new").exists()
    (tmp_path / "empty").mkdir()
    with locked(tmp_path / "empty", "busy"):
        pass
    assert content(tmp_path / "empty") == {}
    with locked(tmp_path / "used", "busy"):
        (tmp_path / "used" / "file").write_text("")
    assert (tmp_path / "used" / "file").exists()
