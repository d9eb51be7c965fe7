"""A folder on a disk that may only be read: it is verified, and what would have to write there says so in one line."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from data.download import download
from data.download.forget import forget
from data.download.verify import verify
from data.journal import FILE, PARTITIONS, Journal, Outcome
from data.reasons import Reason
from data.rows import Row
from data.settings import DownloadSettings
from errors import FacesError, StorageError, UsageError

SETTINGS = DownloadSettings(size=16, workers=4, allow_private=True)


@pytest.fixture
def crops(site: Any, photo: Callable[..., bytes], tmp_path: Path) -> Path:
    """Four crops of Ann, whose outcomes are still in the journal's log, as after a kill."""
    rows = [Row(number, "Ann", site.serve(f"/{number}", photo(number)), None, None) for number in range(1, 5)]
    download(rows, tmp_path / "made", settings=SETTINGS)
    with Journal(tmp_path / "made") as journal:
        outcomes = list(journal.outcomes())
        journal.forget("Ann")
        journal.commit()
        journal.clear_log()
        journal.record(outcomes)
        journal.commit()
        return shutil.copytree(tmp_path / "made", tmp_path / "crops", ignore=shutil.ignore_patterns("*-shm", ".*"))


@pytest.fixture
def protect(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """protect(folder, error): no file in the folder may be written. Permissions alone do not bind root."""

    def refuse(folder: Path, number: int) -> None:
        access = os.access
        monkeypatch.setattr(
            os,
            "access",
            lambda path, mode: access(path, mode) and not (mode & os.W_OK and Path(path).is_relative_to(folder)),
        )
        acquire = FileLock.acquire

        def acquire_elsewhere(lock: FileLock, *rest: Any, **more: Any) -> Any:
            if Path(lock.lock_file).is_relative_to(folder):
                raise OSError(number, os.strerror(number))
            return acquire(lock, *rest, **more)

        monkeypatch.setattr(FileLock, "acquire", acquire_elsewhere)

    return refuse


def state(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_it_is_verified_and_nothing_in_it_changes(
    crops: Path, protect: Callable[[Path, int], None], number: int
) -> None:
    protect(crops, number)
    before, notes = state(crops), list[str]()
    found = verify(crops, on_note=notes.append)
    assert (found.checked, found.is_right) == (4, True)
    assert notes == [f"{crops} may not be written to: its journal is read without locking out a download into it"]
    assert state(crops) == before
    next(crops.glob("Ann/*")).unlink()
    assert len(verify(crops).missing) == 1


def test_what_a_killed_cluster_has_stored_belongs_to_it(crops: Path, protect: Callable[[Path, int], None]) -> None:
    row = Row(9, "Ann", "http://a.example/9", None, None)
    partition = crops / PARTITIONS / "0"
    with Journal(partition, SETTINGS.crop_settings) as journal:
        journal.record([(row.key, Outcome(row, Reason.OK, "Ann/9.jpg", "cd" * 32, "ef" * 32))])
    (crops / "Ann" / "9.jpg").write_bytes(b"x")
    protect(crops, errno.EROFS)
    before = state(crops)
    found = verify(crops)
    assert (found.checked, found.changed, found.foreign) == (5, ["Ann/9.jpg"], [])
    assert state(crops) == before


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
@pytest.mark.parametrize(
    "write",
    [lambda folder: verify(folder, repair=True), lambda folder: forget(folder, "Ann"), lambda folder: Journal(folder)],
)
def test_what_must_write_says_what_to_do(
    crops: Path, protect: Callable[[Path, int], None], number: int, write: Callable[[Path], object]
) -> None:
    protect(crops, number)
    with pytest.raises(StorageError) as refused:
        write(crops)
    assert str(refused.value) == (
        f"cannot write {crops}: {os.strerror(number)}; ask for the right to write there, or choose another folder"
    )


@pytest.mark.parametrize(("content", "kind"), [(None, UsageError), (b"no database", StorageError)])
def test_an_error_names_the_folder_and_not_the_copy(
    crops: Path, protect: Callable[[Path, int], None], content: bytes | None, kind: type[FacesError]
) -> None:
    (crops / f"{FILE}-wal").unlink()
    (crops / FILE).unlink()
    if content is not None:
        (crops / FILE).write_bytes(content * 99)
    protect(crops, errno.EROFS)
    with pytest.raises(kind, match=f"{crops}"):
        verify(crops)
