"""The file of the database of groups, `DIR/groups.sqlite`: its tables, and what is checked when it is opened.

    meta       the format, how the faces were found, the number of changes so far
    photos     each photo that was searched, by its SHA-256, and how many faces it has
    faces      each face: its crop, `target` while that is moved, its group, its features; the `file` that it was found
               in, '' for the crop itself; `stat` is size and time of the crop when it was hashed
    groups     kind and name of each group
    rejected   who a face is not, by the key of the name
    steps      each decision: what it changed, from what to what

It may be a stranger's: rows that this program would not have written are an error, and nothing is changed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.folder_names import folded
from data.inside import inside, is_name
from data.photos.folder import person_key
from data.unnamed import GROUPS
from errors import StorageError, UsageError
from faces.groups.values import NOT_FACES, UNSORTED, Kind

_FORMAT = "1"
LOCK = ".groups.lock"  # hidden: no command takes it for a photo or a person
_TABLES = f"""
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS photos (
        sha256 TEXT PRIMARY KEY, file TEXT NOT NULL, faces INTEGER NOT NULL, too_small INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS faces (
        number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, target TEXT UNIQUE, grp INTEGER NOT NULL,
        decided INTEGER NOT NULL DEFAULT 0, photo TEXT NOT NULL, file TEXT NOT NULL, box TEXT,
        side INTEGER NOT NULL, sharpness REAL NOT NULL, features BLOB, sha256 TEXT NOT NULL, stat TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS faces_of_a_group ON faces (grp);
    CREATE TABLE IF NOT EXISTS groups (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT, key TEXT UNIQUE, folder TEXT, folded TEXT UNIQUE,
        version INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS rejected (face INTEGER, key TEXT, PRIMARY KEY (face, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS steps (
        number INTEGER PRIMARY KEY, about TEXT NOT NULL, changes TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0
    );
    INSERT OR IGNORE INTO meta VALUES ('format', '{_FORMAT}'), ('revision', '0');
    INSERT OR IGNORE INTO groups (number, kind) VALUES
        ({UNSORTED}, '{Kind.UNSORTED}'), ({NOT_FACES}, '{Kind.NOT_FACES}');
"""
_WRONG = (  # what a database of this program never has: rows of other types or values
    """groups WHERE NOT (number = 0 AND kind = 'unsorted' OR number = -1 AND kind = 'not-faces'
        OR typeof(number) = 'integer' AND number BETWEEN 1 AND 999999999 AND kind IN ('person', 'strangers'))
        OR typeof(coalesce(name, '')) <> 'text' OR typeof(coalesce(key, '')) <> 'text'
        OR typeof(coalesce(folder, '')) <> 'text' OR typeof(version) <> 'integer'""",
    """faces WHERE typeof(path) <> 'text' OR typeof(coalesce(target, '')) <> 'text' OR typeof(photo) <> 'text'
        OR grp NOT IN (SELECT number FROM groups) OR typeof(file) <> 'text' OR typeof(side) <> 'integer'
        OR typeof(sharpness) NOT IN ('real', 'integer') OR typeof(coalesce(features, x'')) <> 'blob'
        OR length(features) % 4 OR length(features) <> (SELECT max(length(features)) FROM faces)
        OR typeof(sha256) <> 'text' OR typeof(stat) <> 'text'""",
    "rejected WHERE typeof(face) <> 'integer' OR typeof(key) <> 'text'",
    "steps WHERE typeof(about) <> 'text' OR typeof(changes) <> 'text'",
    "meta WHERE name = 'revision' AND (value GLOB '*[^0-9]*' OR length(value) NOT BETWEEN 1 AND 15)",
    "meta WHERE name = 'made_with' AND NOT json_valid(value)",
)


def opened(folder: Path) -> sqlite3.Connection:
    """Open the database of a folder, with all tables. UsageError for one of another version, StorageError for one that
    is damaged or when the disk refuses."""
    with disk(folder):
        database = sqlite3.connect(folder / GROUPS, check_same_thread=False, isolation_level=None)
        try:
            _check_format(folder, database)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")  # a power cut does not lose a decision either
            database.execute("PRAGMA secure_delete = ON")  # deleted bytes are overwritten
            database.executescript(f"BEGIN; {_TABLES} COMMIT;")
            _check(folder, database)
        except BaseException:
            database.close()
            raise
        return database


def damaged(folder: Path, why: str) -> StorageError:
    """Return the error of a database that is not as this program makes it."""
    return StorageError(f"{folder / GROUPS} is damaged: {why}; restore it, or remove it and begin again")


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """SQLite's errors as a StorageError of one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"cannot use the groups {folder / GROUPS}: {error}") from error


def _check_format(folder: Path, database: sqlite3.Connection) -> None:
    """UsageError for a database of another version, which is left as it is."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return
    (found,) = database.execute("SELECT value FROM meta WHERE name = 'format'").fetchone() or (_FORMAT,)
    if found != _FORMAT:
        raise UsageError(
            f"{folder / GROUPS} has format {found!s:.20}, of another version of this program: expected format "
            f"{_FORMAT}; use that version"
        )


def _check(folder: Path, database: sqlite3.Connection) -> None:
    """StorageError for rows that this program would not have written."""
    for wrong in _WRONG:
        if database.execute(f"SELECT 1 FROM {wrong} LIMIT 1").fetchone():
            raise damaged(folder, f"rows of the table {wrong.partition(' ')[0]} are none of this program's")
    for name, key, own, short in database.execute("SELECT name, key, folder, folded FROM groups"):
        is_sound = key == (None if name is None else person_key(name)) and (name is None) == (own is None)
        if not is_sound or not (own is None or (is_name(own) and folded(own) == short)):
            raise damaged(folder, f"{own!r} is no person's folder")
    for (path,) in database.execute("SELECT path FROM faces UNION SELECT target FROM faces WHERE target IS NOT NULL"):
        if "/" not in path or inside(folder, path, links=True) is None:
            raise damaged(folder, f"{path!r} is no crop's place")
