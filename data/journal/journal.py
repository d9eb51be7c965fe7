"""The outcome of each row, kept in `DIR/journal.sqlite`, so that a later run continues where an earlier one ended.

One process at a time: a lock file is held, and is released with the process. A line is written only after its file is
stored, and deleted only after its file is removed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import starmap
from pathlib import Path
from typing import Self

from data.folder_lock import lock_folder
from data.folder_names import candidates, folded
from data.inside import is_name
from data.journal.listing import FINISHED, Listing
from data.journal.outcomes import COLUMNS, Outcome, Record, StoredCrop, outcome_of, record_of
from data.journal.schema import FORMAT, LOCK, opened
from data.reasons import Reason
from data.rows import Box, Row, host_of
from errors import StorageError, UsageError

FILE = "journal.sqlite"
PARTITIONS = ".partitions"  # a folder beside it, during a cluster's run or after a kill: journals of crops stored here
_SOURCE = "source"  # in `meta`: what the folder was filled from first
_MOST_NAMES = 10_000  # people whose folders are kept in memory


class Journal(Listing):
    """The journal of one folder, open and locked; a context manager. StorageError when the disk refuses."""

    def __init__(self, folder: Path, crop_settings: dict[str, str] | None = None, *, alone: bool = False) -> None:
        """Open the folder's journal, or make one; without `crop_settings` it must exist, and its own are used.

        `alone`: no other process reads it meanwhile, so the folder may be on a network disk. Raises UsageError when
        there is no journal, or its crops were made with other settings, StorageError when it is open already.
        """
        self._path = folder / FILE
        self._folders: dict[str, str] = {}
        if crop_settings is None and not self._path.is_file():
            raise UsageError(f"{folder} holds no {FILE}: expected a folder that `download` has made")
        busy = f"another download is working in {folder}: wait for it, or choose another folder"
        with ExitStack() as undo:
            undo.callback(lock_folder(folder, busy, LOCK).release)
            self._database = opened(self._path, alone=alone)
            undo.callback(self._database.close)
            self.crop_settings = self._check_settings(crop_settings)
            self._closing = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._closing:
            self.commit()

    @property
    def source(self) -> str | None:
        """What was noted by `note_source`."""
        return next(self._column("SELECT value FROM meta WHERE name = ?", _SOURCE), None)

    def note_source(self, source: str, *, alone: bool) -> None:
        """Note on the disk what the folder is filled from, if nothing is noted yet.

        Raises StorageError when it is filled from something else and `alone`: from one source.
        """
        self._run("INSERT OR IGNORE INTO meta VALUES (?, ?)", _SOURCE, source)
        self.commit()
        if alone and self.source != source:
            raise StorageError(
                f"{self._path.parent} is filled from {self.source}, not from {source}: run again, or choose a folder"
            )

    def earlier_outcomes(self, rows: Mapping[bytes, Row]) -> dict[bytes, Outcome]:
        """The outcomes of those of the rows, by key, that an earlier run has ended."""
        marks = ",".join("?" * len(rows))
        query = f"SELECT key, reason, file, photo, crop, detail FROM outcomes WHERE key IN ({marks})"
        return {
            key: Outcome(rows[key], Reason(reason), file, photo, crop, detail, fresh=False)
            for key, reason, file, photo, crop, detail in self._select(query, *rows)
        }

    def folder_of(self, name: str) -> str:
        """The person's folder, which never changes: the first of `folder_names.candidates` that is free.

        StorageError when the journal, which may be a stranger's, names one that is not in its folder.
        """
        if name not in self._folders:
            if len(self._folders) >= _MOST_NAMES:
                self._folders.clear()
            self._folders[name] = self._find_folder(name)
        return self._folders[name]

    def assign_folders(self, folders: Iterable[tuple[str, str]]) -> None:
        """Note the folders, as (name, folder), that another journal has given to people."""
        claims = ((name, folder, folded(folder)) for name, folder in folders)
        self._run_many("INSERT OR IGNORE INTO people VALUES (?, ?, ?)", claims)

    def record(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """Note outcomes by key; after the next `commit` a kill of the process does not lose them."""
        places = ",".join("?" * len(COLUMNS))
        self._run_many(f"INSERT OR REPLACE INTO outcomes VALUES ({places})", starmap(record_of, outcomes))

    def outcomes(self) -> Iterator[tuple[bytes, Outcome]]:
        """Key and outcome of every row, once for each time it is in a list; 0 is the number of one that is not."""
        columns = ", ".join(COLUMNS)
        query = (
            f"SELECT number, {columns} FROM outcomes LEFT JOIN listing USING (key) WHERE reason <> '{Reason.BAD_ROW}'"
        )
        for number, *values in self._select(query):
            record = Record(*values)
            yield record.key, outcome_of(record, number or 0)

    def perceptual_hashes(self) -> Iterator[tuple[int, str, str]]:
        """The perceptual hash of each crop of the lists, the person's name, and the file."""
        query = "SELECT look, name, file FROM outcomes WHERE look IS NOT NULL AND key IN (SELECT key FROM listing)"
        return ((int(digits, 16), name, file) for digits, name, file in self._select(query))

    def trusted_pictures(self) -> Iterator[tuple[bytes, str, str, str, str | None]]:
        """Key, host, URL, SHA-256 and whole photo's hash of what came for rows without a listed digest.

        Those of earlier placeholders are among them; they come in order of the hosts.
        """
        self._database.create_function("host_of", 1, host_of, deterministic=True)
        query = f"""
            SELECT key, host_of(url) AS host, url, photo, whole FROM outcomes
            WHERE sha256 IS NULL AND md5 IS NULL AND photo IS NOT NULL
                AND reason IN ('{Reason.OK}', '{Reason.PLACEHOLDER}')
            ORDER BY host, outcomes.rowid
        """
        return self._select(query)

    def files_of(self, keys: Sequence[bytes]) -> list[str]:
        """The files of the crops of these rows, of those that have one."""
        marks = ",".join("?" * len(keys))
        return list(self._column(f"SELECT file FROM outcomes WHERE key IN ({marks}) AND file IS NOT NULL", *keys))

    def mark_placeholders(self, keys: Sequence[bytes], detail: str) -> None:
        """Note that these rows, whose crops are removed, got a placeholder."""
        marks = ",".join("?" * len(keys))
        query = (
            f"UPDATE outcomes SET reason = ?, detail = ?, file = NULL, crop = NULL, look = NULL WHERE key IN ({marks})"
        )
        self._run(query, Reason.PLACEHOLDER.value, detail, *keys)

    def stored_crops(self) -> Iterator[StoredCrop]:
        """Every stored crop, also those of earlier lists, in order of the files' names."""
        query = "SELECT key, name, url, box, sha256, md5, file, crop FROM outcomes WHERE file IS NOT NULL ORDER BY file"
        for key, name, url, box, *digests, file, crop in self._select(query):
            yield StoredCrop(key, file, crop, Row(0, name, url, Box.parse(box) if box else None, *digests))

    def files(self) -> Iterator[str]:
        """The files of `stored_crops`, in the same order."""
        return self._column("SELECT file FROM outcomes WHERE file IS NOT NULL ORDER BY file")

    def has_file(self, file: str) -> bool:
        """Whether a row's crop is stored under this name."""
        return any(self._select("SELECT 1 FROM outcomes WHERE file = ?", file))

    def names(self) -> list[str]:
        """Every person of any row, in alphabetical order."""
        query = "SELECT name FROM people UNION SELECT name FROM outcomes WHERE name IS NOT NULL ORDER BY 1"
        return list(self._column(query))

    def crops_of(self, name: str) -> list[str]:
        """The SHA-256 of each crop of the person, sorted, each once."""
        query = "SELECT DISTINCT crop FROM outcomes WHERE name = ? AND crop IS NOT NULL ORDER BY crop"
        return list(self._column(query, name))

    def files_about(self, name: str) -> list[str]:
        """The file of each crop of the person, wherever it lies."""
        return list(self._column("SELECT file FROM outcomes WHERE name = ? AND file IS NOT NULL", name))

    def folders(self) -> dict[str, str]:
        """The person whose folder each one is."""
        return dict(self._select("SELECT folder, name FROM people"))

    def move(self, file: str, crop: str, target: str, name: str | None) -> None:
        """Note that the crop with this SHA-256 lies elsewhere now: in the folder of the person `name`, who is the row's
        from now on, unless the journal knows the folder as another's; None: in a folder of nobody, which leaves the row
        its person."""
        if name is not None:
            folder = target.partition("/")[0]
            name = next(self._column("SELECT name FROM people WHERE folder = ?", folder), name)
            self.assign_folders([(name, folder)])
            self._run("UPDATE outcomes SET name = ? WHERE file = ? AND crop = ?", name, file, crop)
        self._run("UPDATE outcomes SET file = ? WHERE file = ? AND crop = ?", target, file, crop)

    def put_back(self, stored: StoredCrop, file: str) -> None:
        """Note that a crop was stored again, as `file`, in place of what is noted of it."""
        new = stored.row.key
        if new != stored.key and any(self._select("SELECT 1 FROM outcomes WHERE key = ?", new)):
            self._run("DELETE FROM outcomes WHERE key = ?", stored.key)
            self._run("UPDATE outcomes SET key = ? WHERE key = ?", stored.key, new)
        self._run("UPDATE outcomes SET file = ? WHERE key = ?", file, stored.key)

    def forget(self, name: str) -> int:
        """Delete all lines about the person, with the next `commit` for ever; return how many rows there were."""
        self._run("PRAGMA secure_delete = ON")  # deleted bytes are overwritten
        self._run("DELETE FROM listing WHERE key IN (SELECT key FROM outcomes WHERE name = ?)", name)
        self._drop_empty_lists()
        self._run("DELETE FROM people WHERE name = ?", name)
        return self._run("DELETE FROM outcomes WHERE name = ?", name).rowcount

    def clear_log(self) -> None:
        """Empty the log that SQLite keeps beside the journal: it still holds deleted lines."""
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def _find_folder(self, name: str) -> str:
        for folder in self._column("SELECT folder FROM people WHERE name = ?", name):
            if not is_name(folder):
                raise StorageError(f"{self._path} is damaged: {folder!r} is no person's folder; download into another")
            return folder
        for folder in candidates(name):
            if self._run("INSERT OR IGNORE INTO people VALUES (?, ?, ?)", name, folder, folded(folder)).rowcount:
                return folder
        raise StorageError(f"{self._path}: every folder that {name!r} could have is another person's")

    def _check_settings(self, crop_settings: dict[str, str] | None) -> dict[str, str]:
        """Note the settings in a journal without crops; UsageError if the folder's crops were made with others."""
        known = dict(self._select("SELECT name, value FROM meta WHERE name NOT IN (?, ?)", FINISHED, _SOURCE))
        if crop_settings is None:
            crop_settings = {name: value for name, value in known.items() if name != "format"}
        if known and "around" not in known:  # crops of an earlier version have nothing around the box
            crop_settings = {name: value for name, value in crop_settings.items() if name != "around"}
        wanted = {"format": FORMAT, **crop_settings}
        if known == wanted:
            return crop_settings
        has_crops = any(self._select("SELECT 1 FROM outcomes WHERE file IS NOT NULL LIMIT 1"))
        is_empty = not has_crops and not (self._path.parent / PARTITIONS).exists()
        if (is_empty or not known) and known.get("format", FORMAT) == FORMAT:
            self._run_many("INSERT OR REPLACE INTO meta VALUES (?, ?)", wanted.items())
            self.commit()
            return crop_settings
        different = [name for name in wanted if known.get(name) != wanted[name]]
        made = ", ".join(f"{name} {known.get(name)}" for name in different)
        asked = ", ".join(f"{name} {wanted[name]}" for name in different)
        raise UsageError(
            f"{self._path.parent} was made with {made}; asked for {asked}: choose the same, or another folder"
        )
