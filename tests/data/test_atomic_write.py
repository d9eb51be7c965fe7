"""A file is in its place whole, or not at all."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data.atomic_write import MACHINE, atomic_write, atomic_writer, remove_leftovers
from errors import StorageError


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    atomic_write(tmp_path / "a" / "b" / "file.bin", b"bytes")
    assert (tmp_path / "a" / "b" / "file.bin").read_bytes() == b"bytes"
    assert files(tmp_path) == ["file.bin"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    atomic_write(tmp_path / "file", b"old")
    atomic_write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_the_name_is_taken_only_at_the_end(tmp_path: Path) -> None:
    with atomic_writer(tmp_path / "file") as file:
        file.write(b"half")
        (part,) = files(tmp_path)
        assert part.startswith(f"file.part-{os.getpid()}-")
    assert files(tmp_path) == ["file"]


def test_a_failure_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    atomic_write(tmp_path / "file", b"old")

    def write_half() -> None:
        with atomic_writer(tmp_path / "file") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert files(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_the_disk_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int) -> None:
    def refuse(handle: int) -> None:
        raise OSError(refusal, os.strerror(refusal))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match=os.strerror(refusal)) as caught:
        atomic_write(tmp_path / "file", b"bytes")
    assert "\n" not in str(caught.value)
    assert files(tmp_path) == []


def test_a_full_disk_is_one_line() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(StorageError, match="cannot write"):
        atomic_write(Path("/dev/full/file"), b"bytes")


def test_sweeping_removes_what_dead_processes_left(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / f"x.jpg.part-{dead.stdout.strip()}-{MACHINE}00ff").write_bytes(b"half")
    (tmp_path / f"y.part-{os.getpid()}-{MACHINE}00ff").write_bytes(b"half")  # of a dead process that had our number
    (tmp_path / f"z.part-1-{MACHINE}00ff").write_bytes(b"half")  # process 1 lives
    elsewhere = f"x.part-{dead.stdout.strip()}-{'0000' if MACHINE != '0000' else '1111'}00ff"
    for path, age in ((tmp_path / elsewhere, 0), (tmp_path / "ann" / elsewhere, 2 * 86_400)):
        path.write_bytes(b"half")  # of another machine, which may have such a process
        os.utime(path, (time.time() - age,) * 2)
    (tmp_path / "mine.part-of-something").write_bytes(b"whole")
    with atomic_writer(tmp_path / "now") as file:
        file.write(b"bytes")
        remove_leftovers(tmp_path)
    assert files(tmp_path) == ["mine.part-of-something", "now", elsewhere, f"z.part-1-{MACHINE}00ff"]
