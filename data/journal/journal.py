"""What has become of each row, kept in `DIR/journal.sqlite` so that nothing is asked twice, whatever ends a run.

One process at a time: a lock file is held, and is released with the process. A line is written after its file
is safely in place, never before, and is taken out after its file is gone.
"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import starmap
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from data.folder_names import candidates, folded
from data.journal.outcomes import COLUMNS, Ended, ManifestLine, Outcome, Record, StoredCrop, outcome_of, record_of
from data.journal.schema import FORMAT, disk, lock_folder, opened
from data.reasons import Reason
from data.rows import Box, Row
from errors import StorageError, UsageError

FILE = "journal.sqlite"
PARTITIONS = ".partitions"  # beside it, while a cluster works or after it was killed: journals of crops that are here
_FINISHED = "finished"  # in `meta`: the mark of the list last worked through
_MOST_NAMES = 10_000  # folders remembered between two look-ups


class OutcomeStore(Protocol):
    """What a pass asks of a journal, and tells it."""

    def begin_list(self) -> None:
        """A list begins."""

    def list_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """The numbers and keys of its next rows."""

    def ended(self, keys: list[bytes]) -> dict[bytes, Ended]:
        """Which of these rows have ended, and how."""
        ...

    def folder_of(self, name: str) -> str:
        """Where a person's crops go."""
        ...

    def record(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """How rows ended."""

    def commit(self) -> None:
        """What was recorded is to last."""


class Journal:
    """The journal of one folder, open and locked; a context manager. StorageError when the disk refuses."""

    def __init__(self, folder: Path, crop_settings: dict[str, str] | None = None, *, alone: bool = False) -> None:
        """Without `crop_settings` the folder's own hold, and it must have a journal; UsageError if it has none.

        `alone`: nobody else reads it meanwhile, and the folder may be on a disk that several machines share.
        """
        self._path = folder / FILE
        self._folders: dict[str, str] = {}
        if crop_settings is None and not self._path.is_file():
            raise UsageError(f"{folder} holds no {FILE}: expected a folder that `download` has made")
        with ExitStack() as undo:
            undo.callback(lock_folder(folder).release)
            self._database = opened(self._path, alone=alone)
            undo.callback(self._database.close)
            self.crop_settings = self._agree(crop_settings)
            self._closing = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._closing, disk(self._path):
            self._database.commit()

    def begin_list(self) -> None:
        """Forget the order of the list that an earlier run read, and that it was finished."""
        with disk(self._path):
            self._database.execute("DELETE FROM listing")
            self._database.execute("DELETE FROM meta WHERE name = ?", (_FINISHED,))

    def finish_list(self, mark: str) -> None:
        """Note that the list which `mark` stands for has been worked through."""
        with disk(self._path):
            self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_FINISHED, mark))

    @property
    def finished(self) -> str | None:
        """The mark of the list last worked through; None when the last run did not come to the end of its list."""
        with disk(self._path):
            found = self._database.execute("SELECT value FROM meta WHERE name = ?", (_FINISHED,)).fetchone()
        return found and str(found[0])

    def list_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Note the numbers and keys of the list's next rows."""
        with disk(self._path):
            self._database.executemany("INSERT INTO listing (number, key) VALUES (?, ?)", rows)

    def ended(self, keys: list[bytes]) -> dict[bytes, Ended]:
        """What is known of these rows; rows that have not ended are left out."""
        marks = ",".join("?" * len(keys))
        query = f"SELECT key, reason, file, photo, crop, detail FROM outcomes WHERE key IN ({marks})"
        with disk(self._path):
            found = self._database.execute(query, keys)
            return {key: Ended(Reason(reason), *rest) for key, reason, *rest in found}

    def folder_of(self, name: str) -> str:
        """The person's folder, for good: the first of `names.candidates` that is nobody else's."""
        if name not in self._folders:
            if len(self._folders) >= _MOST_NAMES:
                self._folders.clear()
            with disk(self._path):
                self._folders[name] = self._claimed(name)
        return self._folders[name]

    def claim(self, folders: Iterable[tuple[str, str]]) -> None:
        """Note whose folders these are, by name and folder, as another journal has given them out."""
        claims = ((name, folder, folded(folder)) for name, folder in folders)
        with disk(self._path):
            self._database.executemany("INSERT OR IGNORE INTO people VALUES (?, ?, ?)", claims)

    def record(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """Keep how rows ended. Certain against a kill of the process from the next `commit` on."""
        with disk(self._path):
            self._database.executemany(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", starmap(record_of, outcomes)
            )

    def commit(self) -> None:
        """Write down what was recorded."""
        with disk(self._path):
            self._database.commit()

    def lines(self) -> Iterator[ManifestLine]:
        """The rows of the list that have ended, in the list's order."""
        query = """
            SELECT number, name, url, box, sha256, reason, file, photo
            FROM listing JOIN outcomes USING (key) ORDER BY place
        """
        with disk(self._path):
            yield from map(ManifestLine._make, self._database.execute(query))

    def outcomes(self) -> Iterator[tuple[bytes, Outcome]]:
        """Every row that ended, with its key, as often as the list has it; one the list has not has the number 0."""
        query = f"SELECT number, {', '.join(COLUMNS)} FROM outcomes LEFT JOIN listing USING (key) WHERE url IS NOT NULL"
        with disk(self._path):
            for number, *values in self._database.execute(query):
                record = Record(*values)
                yield record.key, outcome_of(record, number or 0)

    def looks(self) -> Iterator[tuple[int, str, str]]:
        """What each crop of the list looks like, whose it is, and its file."""
        query = "SELECT look, name, file FROM outcomes WHERE look IS NOT NULL AND key IN (SELECT key FROM listing)"
        with disk(self._path):
            for look, name, file in self._database.execute(query):
                yield int(look, 16), name, file

    def stored(self) -> Iterator[StoredCrop]:
        """Every row whose crop is stored, of this list and of earlier ones, in the order of the files' names."""
        query = "SELECT name, url, box, sha256, file, crop FROM outcomes WHERE file IS NOT NULL ORDER BY file"
        with disk(self._path):
            for name, url, box, sha256, file, crop in self._database.execute(query):
                yield StoredCrop(file, crop, Row(0, name, url, Box.parse(box) if box else None, sha256))

    def files(self) -> Iterator[str]:
        """The files of `stored`, in the same order."""
        with disk(self._path):
            for (file,) in self._database.execute("SELECT file FROM outcomes WHERE file IS NOT NULL ORDER BY file"):
                yield file

    def knows_file(self, file: str) -> bool:
        """Whether a row's crop is stored under this name."""
        with disk(self._path):
            return self._database.execute("SELECT 1 FROM outcomes WHERE file = ?", (file,)).fetchone() is not None

    def names(self) -> list[str]:
        """Everyone that a row is about, in alphabetical order."""
        query = "SELECT name FROM people UNION SELECT name FROM outcomes WHERE name IS NOT NULL ORDER BY 1"
        with disk(self._path):
            return [name for (name,) in self._database.execute(query)]

    def crops_of(self, name: str) -> list[str]:
        """The SHA-256 of each crop of the person, sorted, each once."""
        query = "SELECT DISTINCT crop FROM outcomes WHERE name = ? AND crop IS NOT NULL ORDER BY crop"
        with disk(self._path):
            return [crop for (crop,) in self._database.execute(query, (name,))]

    def forget(self, name: str) -> int:
        """Take out all lines about the person, from `commit` on for good; returns how many rows there were."""
        with disk(self._path):
            self._database.execute("PRAGMA secure_delete = ON")  # what is taken out is overwritten
            rows = "SELECT key FROM outcomes WHERE name = ?"
            self._database.execute(f"DELETE FROM listing WHERE key IN ({rows})", (name,))
            self._database.execute("DELETE FROM people WHERE name = ?", (name,))
            return self._database.execute("DELETE FROM outcomes WHERE name = ?", (name,)).rowcount

    def drop_traces(self) -> None:
        """Empty the log that SQLite keeps beside the journal: what was taken out is still in it."""
        with disk(self._path):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _claimed(self, name: str) -> str:
        for (folder,) in self._database.execute("SELECT folder FROM people WHERE name = ?", (name,)):
            return str(folder)
        for folder in candidates(name):
            claim = (name, folder, folded(folder))
            if self._database.execute("INSERT OR IGNORE INTO people VALUES (?, ?, ?)", claim).rowcount:
                return folder
        raise StorageError(f"{self._path}: every folder that {name!r} could have is another person's")

    def _agree(self, crop_settings: dict[str, str] | None) -> dict[str, str]:
        """Note the settings in a journal without crops; refuse if the folder's crops were made otherwise."""
        with disk(self._path):
            known = dict(self._database.execute("SELECT name, value FROM meta WHERE name <> ?", (_FINISHED,)))
            asked_for = {name: value for name, value in known.items() if name != "format"}
            asked_for = asked_for if crop_settings is None else crop_settings
            wanted = {"format": FORMAT, **asked_for}
            if known == wanted:
                return asked_for
            crop = self._database.execute("SELECT 1 FROM outcomes WHERE file IS NOT NULL LIMIT 1").fetchone()
            bare = crop is None and not (self._path.parent / PARTITIONS).exists()
            if (bare or not known) and known.get("format", FORMAT) == FORMAT:
                self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", wanted.items())
                self._database.commit()
                return asked_for
        different = [name for name in wanted if known.get(name) != wanted[name]]
        made = ", ".join(f"{name} {known.get(name)}" for name in different)
        asked = ", ".join(f"{name} {wanted[name]}" for name in different)
        raise UsageError(
            f"{self._path.parent} was made with {made}; asked for {asked}: choose the same, or another folder"
        )
