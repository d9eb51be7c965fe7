"""Read a journal without writing into its folder, where SQLite and the lock have files of their own beside it."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from data.journal.journal import FILE, PARTITIONS
from data.journal.schema import LOCK
from errors import FacesError, StorageError

_FILES = (FILE, f"{FILE}-wal")  # the log holds what is not in the file yet


def may_write(folder: Path) -> bool:
    """Whether this process may change the folder, and those of the journal's files that are there."""
    files = (folder / name for name in (*_FILES, f"{FILE}-shm", LOCK))
    return all(os.access(path, os.W_OK) for path in (folder, *files) if path.exists())


@contextmanager
def copied_journals(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder with copies of the folder's journals, its partitions' too; errors name the real one.

    Nobody is locked out: what another process writes meanwhile may be missing. StorageError when they cannot be copied.
    """
    with tempfile.TemporaryDirectory(prefix="faces-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch)
        try:
            for place in (folder, *folder.glob(f"{PARTITIONS}/*/")):
                (copy / place.relative_to(folder)).mkdir(parents=True, exist_ok=True)
                for file in _FILES:
                    if (place / file).is_file():
                        shutil.copyfile(place / file, copy / place.relative_to(folder) / file)
        except OSError as error:
            raise StorageError(
                f"cannot copy the journal of {folder}, which may not be written to, into {scratch}: "
                f"{error.strerror or error}"
            ) from error
        try:
            yield copy
        except FacesError as error:
            raise type(error)(str(error).replace(scratch, str(folder))) from error


def source_of(folder: Path) -> str | None:
    """What a folder was filled from first, also while another process works in it; None when that is not noted."""
    try:
        with closing(sqlite3.connect(f"{(folder / FILE).absolute().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute("SELECT value FROM meta WHERE name = 'source'").fetchone()
    except sqlite3.Error:
        return None
    return None if found is None else str(found[0])
