"""One process a folder: a lock file in it, which the system releases when the process ends, in whatever way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from data.atomic_write import disk_error
from errors import StorageError

LOCK = ".lock"  # hidden: no command takes it for a photo, a person or a run's file


def lock_folder(folder: Path, busy: str, name: str = LOCK) -> FileLock:
    """Lock the folder, making it if needed; the lock is held until `release`, or until the process ends.

    Raises StorageError, with `busy` as its text, when it is locked already, in this process or another one, or when the
    disk refuses.
    """
    lock = FileLock(folder / name, timeout=0, thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StorageError(busy) from error
    except NotImplementedError as error:  # some network disks
        raise StorageError(f"the disk of {folder} locks no files: choose a folder on another one") from error
    except OSError as error:
        raise StorageError(
            f"{disk_error(folder, error)}; ask for the right to write there, or choose another folder"
        ) from error
    return lock


@contextmanager
def locked(folder: Path, busy: str) -> Iterator[None]:
    """Hold the lock of a folder. If nothing is written into it, it is left as it was found, or not at all."""
    was_there = folder.exists()
    lock = lock_folder(folder, busy)
    try:
        yield
    finally:
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
                if not was_there:
                    folder.rmdir()
        lock.release()
