"""What has become of each row, kept in `DIR/journal.sqlite` so that nothing is asked twice, whatever ends a run.

    meta       the format, and the crop settings that every file of the folder was made with
    people     which folder is whose
    outcomes   a line a row that ended, by the row's key
    listing    the list as the last run read it: its order, a key a row

One process at a time: the folder itself is locked, and the lock goes with the process. A line is written after its file
is safely in place, never before. The table forms change only together with `_FORMAT`.
Neighbours: `download` writes, `summary` reads.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import starmap
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from data.names import candidates, folded
from data.outcomes import Outcome
from data.publish import refused
from data.reasons import Reason
from data.rows import Row
from errors import StorageError, UsageError

_FORMAT = "1"
_FILE = "journal.sqlite"
_TABLES = """
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS people (
        name TEXT PRIMARY KEY, folder TEXT NOT NULL, folded TEXT NOT NULL UNIQUE
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outcomes (
        key BLOB PRIMARY KEY, name TEXT, url TEXT, box TEXT, sha256 TEXT,
        reason TEXT NOT NULL, file TEXT, photo TEXT, crop TEXT, detail TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS listing (place INTEGER PRIMARY KEY, number INTEGER NOT NULL, key BLOB NOT NULL);
"""
_MOST_NAMES = 10_000  # folders remembered between two look-ups


class Ended(NamedTuple):
    """What the journal knows of a row that ended."""

    reason: Reason
    file: str | None
    photo: str | None
    crop: str | None
    detail: str


class Line(NamedTuple):
    """A row of the list with what became of it; of a bad row only number, reason and detail are known."""

    number: int
    name: str | None
    url: str | None
    box: str | None
    sha256: str | None
    reason: str
    file: str | None
    photo: str | None


class Journal:
    """The journal of one folder, open and locked; a context manager. StorageError when the disk refuses."""

    def __init__(self, folder: Path, crop_settings: dict[str, str]) -> None:
        self._path = folder / _FILE
        self._folders: dict[str, str] = {}
        with ExitStack() as undo:
            undo.callback(os.close, _locked(folder))
            self._database = _opened(self._path)
            undo.callback(self._database.close)
            self._agree(crop_settings)
            self._closing = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._closing, _disk(self._path):
            self._database.commit()

    def begin_list(self) -> None:
        """Forget the order of the list that an earlier run read."""
        with _disk(self._path):
            self._database.execute("DELETE FROM listing")

    def list_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Note the numbers and keys of the list's next rows."""
        with _disk(self._path):
            self._database.executemany("INSERT INTO listing (number, key) VALUES (?, ?)", rows)

    def ended(self, keys: list[bytes]) -> dict[bytes, Ended]:
        """What is known of these rows; rows that have not ended are left out."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, reason, file, photo, crop, detail FROM outcomes WHERE key IN ({marks})"
        with _disk(self._path):
            found = self._database.execute(query, keys)
            return {key: Ended(Reason(reason), *rest) for key, reason, *rest in found}

    def folder_of(self, name: str) -> str:
        """The person's folder, for good: the first of `names.candidates` that is nobody else's."""
        if name not in self._folders:
            if len(self._folders) >= _MOST_NAMES:
                self._folders.clear()
            with _disk(self._path):
                self._folders[name] = self._claimed(name)
        return self._folders[name]

    def record(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """Keep how rows ended. Certain against a kill of the process from the next `commit` on."""
        with _disk(self._path):
            self._database.executemany(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", starmap(_values, outcomes)
            )

    def commit(self) -> None:
        """Write down what was recorded."""
        with _disk(self._path):
            self._database.commit()

    def lines(self) -> Iterator[Line]:
        """The rows of the list that have ended, in the list's order."""
        query = """
            SELECT number, name, url, box, sha256, reason, file, photo
            FROM listing JOIN outcomes USING (key) ORDER BY place
        """
        with _disk(self._path):
            yield from map(Line._make, self._database.execute(query))

    def _claimed(self, name: str) -> str:
        for (folder,) in self._database.execute("SELECT folder FROM people WHERE name = ?", (name,)):
            return str(folder)
        for folder in candidates(name):
            claim = (name, folder, folded(folder))
            if self._database.execute("INSERT OR IGNORE INTO people VALUES (?, ?, ?)", claim).rowcount:
                return folder
        raise StorageError(f"{self._path}: every folder that {name!r} could have is another person's")

    def _agree(self, crop_settings: dict[str, str]) -> None:
        """Note the settings in a journal without crops; refuse if the folder's crops were made otherwise."""
        wanted = {"format": _FORMAT, **crop_settings}
        with _disk(self._path):
            known = dict(self._database.execute("SELECT name, value FROM meta"))
            if known == wanted:
                return
            bare = self._database.execute("SELECT 1 FROM outcomes WHERE file IS NOT NULL LIMIT 1").fetchone() is None
            if bare and known.get("format", _FORMAT) == _FORMAT:
                self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", wanted.items())
                self._database.commit()
                return
        different = [name for name in wanted if known.get(name) != wanted[name]]
        made = ", ".join(f"{name} {known.get(name)}" for name in different)
        asked = ", ".join(f"{name} {wanted[name]}" for name in different)
        raise UsageError(
            f"{self._path.parent} was made with {made}; asked for {asked}: choose the same, or another folder"
        )


def _values(key: bytes, outcome: Outcome) -> tuple[object, ...]:
    row = outcome.row
    said = (row.name, row.url, row.box and str(row.box), row.sha256) if isinstance(row, Row) else (None,) * 4
    return (key, *said, outcome.reason.value, outcome.file, outcome.photo, outcome.crop, outcome.detail)


def _locked(folder: Path) -> int:
    """Lock the folder, making it if needed; StorageError when another process has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise refused(folder, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise StorageError(f"another download is working in {folder}: wait for it, or choose another folder") from error
    except OSError as error:
        os.close(handle)
        raise refused(folder, error) from error
    return handle


def _opened(path: Path) -> sqlite3.Connection:
    with _disk(path):
        database = sqlite3.connect(path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # a commit outlives the process; power may take the last ones
        database.execute("PRAGMA cache_size = -65536")  # KiB
        database.executescript(_TABLES)
        return database


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """SQLite's complaints as one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"cannot use the journal {path}: {error}") from error
