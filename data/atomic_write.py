"""Write a file completely or not at all, and report in one line what the disk refuses.

The bytes go to `name.part-<pid>-<machine and random>` beside the target, are flushed and synced, and only then take
its name. So no file with its final name is ever wrong or half written, also after a kill, a full disk or a power cut.
`remove_leftovers` removes what a killed process has left. All files are written with these functions.
"""

import hashlib
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from data.file_names import ended
from errors import StorageError

_PART = re.compile(r".+\.part-(\d+)-([0-9a-f]+)")
MACHINE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:4]  # process numbers repeat between machines
_THIS_RUN = MACHINE + secrets.token_hex(
    4
)  # tells this run's parts from those of an earlier process with the same number
_ABANDONED = 86_400.0  # seconds after which no process of another machine can still be writing a part


def atomic_write(path: Path, data: bytes | bytearray) -> None:
    """Write `data` to `path`, making its folder if needed. StorageError when the disk refuses."""
    with atomic_writer(path) as file:
        file.write(data)


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """Yield a binary file for the content of `path`; it takes that name after the block, or is removed on an error."""
    part = part_of(path)
    try:
        with _create(part) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            raise disk_error(path, error) from error
        raise


def part_of(path: Path) -> Path:
    """Return a new name beside `path`, for what is to become it."""
    return path.with_name(ended(path.name, f".part-{os.getpid()}-{_THIS_RUN}{secrets.token_hex(4)}"))


def remove_leftovers(folder: Path, *, below: bool = True) -> None:
    """Remove the parts that dead processes left in `folder` and, if `below`, in the folders directly inside it."""
    try:
        entries = os.scandir(folder) if below else ()
        folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for inside in (folder, *folders):
            for entry in os.scandir(inside):
                if entry.is_file(follow_symlinks=False) and is_abandoned(entry):
                    Path(entry.path).unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(folder, error) from error


def is_part(name: str) -> bool:
    """Whether this is the name of a part, of this process or another one."""
    return _PART.fullmatch(name) is not None


def is_abandoned(entry: os.DirEntry[str]) -> bool:
    """Whether this is a part that a dead process has left."""
    match = _PART.fullmatch(entry.name)
    return match is not None and _is_dead(int(match[1]), match[2], entry)


def disk_error(path: Path, error: OSError) -> StorageError:
    """The error of the disk as one line."""
    return StorageError(f"cannot write {path}: {error.strerror or error}")


def _create(part: Path) -> BinaryIO:
    try:
        return part.open("xb")
    except FileNotFoundError:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("xb")


def _is_dead(process: int, run: str, part: os.DirEntry[str]) -> bool:
    """Whether no live process can be writing this part.

    Only Unix can ask whether a process of this machine is alive. On Windows a part's age decides, as for others.
    """
    if run.startswith(MACHINE) and process == os.getpid():
        return not run.startswith(_THIS_RUN)
    if not run.startswith(MACHINE) or sys.platform == "win32":
        with suppress(FileNotFoundError):  # it has just been given its name
            return part.stat(follow_symlinks=False).st_mtime < time.time() - _ABANDONED
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
