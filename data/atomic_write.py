"""Put a file in its place whole or not at all, and say in one line when the disk refuses.

The bytes go to `name.part-<pid>-<machine and random>` beside the target, are flushed and synced, and only then take
its name: whatever happens - a kill, a full disk, the power - no file under its final name is ever wrong or half
written. What a killed process left behind is removed by `remove_leftovers`. All files are written through here.
"""

import hashlib
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from errors import StorageError

_PART = re.compile(r".+\.part-(\d+)-([0-9a-f]+)")
MACHINE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:4]  # on a shared disk numbers of processes repeat
_THIS_RUN = MACHINE + secrets.token_hex(4)  # tells our own parts from those of a dead process that had our number
_FORGOTTEN = 86_400.0  # seconds after which a part of another machine is nobody's any more


def atomic_write(path: Path, data: bytes | bytearray) -> None:
    """Write `data` to `path`, making its folder if needed. StorageError when the disk refuses."""
    with atomic_writer(path) as file:
        file.write(data)


@contextmanager
def atomic_writer(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write `path`'s content to; it takes the name when the block ends well, and is removed if not."""
    part = path.with_name(f"{path.name}.part-{os.getpid()}-{_THIS_RUN}{secrets.token_hex(4)}")
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


def remove_leftovers(folder: Path) -> None:
    """Remove the parts that dead processes left in `folder` and in the folders directly inside it."""
    try:
        for inside in (
            folder,
            *(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)),
        ):
            for entry in os.scandir(inside):
                match = _PART.fullmatch(entry.name)
                if match and entry.is_file(follow_symlinks=False) and _is_dead(int(match[1]), match[2], entry):
                    Path(entry.path).unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(folder, error) from error


def disk_error(path: Path, error: OSError) -> StorageError:
    """The disk's refusal as one line."""
    return StorageError(f"cannot write {path}: {error.strerror or error}")


def _create(part: Path) -> BinaryIO:
    try:
        return part.open("xb")
    except FileNotFoundError:
        part.parent.mkdir(parents=True, exist_ok=True)
        return part.open("xb")


def _is_dead(process: int, mark: str, part: os.DirEntry[str]) -> bool:
    """Whether no live process can be writing this part."""
    if not mark.startswith(MACHINE):
        with suppress(FileNotFoundError):  # it has just been given its name
            return part.stat(follow_symlinks=False).st_mtime < time.time() - _FORGOTTEN
        return False
    if process == os.getpid():
        return not mark.startswith(_THIS_RUN)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
