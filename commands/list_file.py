"""The file of a list: the one that is named, or a copy of what comes through a pipe.

A list is read several times, a pipe once. What is said about a copy names the pipe.
"""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from commands.folders import list_source
from data.rows import Origin
from errors import FacesError, StorageError, UsageError

STDIN = Path("-")


class ListFile(NamedTuple):
    """A file to read, what messages call it, and where its rows come from."""

    path: Path
    shown: str
    origin: Origin


def pipe_name(given: Path) -> str | None:
    """What a pipe in the place of a list is called, None for all else."""
    return "stdin" if given == STDIN else "pipe" if given.is_fifo() else None


@contextmanager
def opened_list(given: Path) -> Iterator[ListFile]:
    """Yield the list. UsageError when stdin is closed, StorageError when a pipe cannot be copied."""
    name = pipe_name(given)
    if name is None:
        yield ListFile(given, str(given), Origin(list_source(given), given.name, is_file=True))
        return
    with tempfile.TemporaryDirectory(prefix="faces-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch, name)
        try:
            _copy(given, copy)
            with copy.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise StorageError(f"cannot copy the list from {name} into {scratch}: {error.strerror or error}") from error
        try:
            yield ListFile(copy, name, Origin(f"{name} {digest[:16]}", name))
        except FacesError as error:
            raise type(error)(str(error).replace(str(copy), name)) from error


def _copy(given: Path, copy: Path) -> None:
    with copy.open("wb") as file:
        if given != STDIN:
            with given.open("rb") as pipe:
                shutil.copyfileobj(pipe, file)
        elif sys.stdin is None:
            raise UsageError("- stands for a list on stdin, but stdin is closed")
        else:
            shutil.copyfileobj(sys.stdin.buffer, file)
