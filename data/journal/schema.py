"""The database file of a journal: its lock, its tables, and the upgrade from an earlier format.

    meta       the format, the crop settings of all files in the folder, the fingerprint of the list last finished,
               what the folder was filled from first
    people     the folder of each person
    outcomes   one line per row that ended, by the row's key, in the order they ended: neighbours of a list stay near
    lists      the lists that the folder was filled from, in the order in which they came: what tells each from others,
               the name that is shown, whether it is a file, which can be read again
    listing    each list as it was last read: its order, one key per row, whether the run was asked for the row

The column `look` holds the perceptual hash of a crop, `whole` that of the photo that it was cut from, if no digest of
it is listed. Of a line that is no row, `name` and `url` hold what its cells say. The tables change only together with
`FORMAT`, and with a step in `_UPGRADES` from the format before.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import StorageError

FORMAT = "4"
LOCK = ".journal.lock"  # in the folder, hidden: no command takes it for a photo or a person
_TABLES = """
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS people (
        name TEXT PRIMARY KEY, folder TEXT NOT NULL, folded TEXT NOT NULL UNIQUE
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outcomes (
        key BLOB PRIMARY KEY, name TEXT, url TEXT, box TEXT, sha256 TEXT,
        reason TEXT NOT NULL, file TEXT, photo TEXT, crop TEXT, detail TEXT NOT NULL, look TEXT,
        md5 TEXT, whole TEXT
    );
    CREATE INDEX IF NOT EXISTS files ON outcomes (file) WHERE file IS NOT NULL;
    CREATE TABLE IF NOT EXISTS lists (
        list INTEGER PRIMARY KEY, source TEXT NOT NULL UNIQUE, name TEXT NOT NULL, is_file INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS listing (
        list INTEGER NOT NULL, place INTEGER NOT NULL, number INTEGER NOT NULL, key BLOB NOT NULL,
        selected INTEGER NOT NULL, PRIMARY KEY (list, place)
    ) WITHOUT ROWID;
"""
# Before format 4 there was the list of the last run alone, and it was not noted which one that was.
_LISTING_OF_FORMAT_3 = f"""
    ALTER TABLE listing RENAME TO listing_3;
    {_TABLES}
    INSERT INTO lists SELECT 1, '', '', 0 WHERE EXISTS (SELECT 1 FROM listing_3);
    INSERT INTO listing SELECT 1, place, number, key, 0 FROM listing_3;
    DROP TABLE listing_3;
    UPDATE meta SET value = '{FORMAT}' WHERE name = 'format';
"""
_FROM_FORMAT_1 = f"""
    BEGIN;
    ALTER TABLE outcomes RENAME TO outcomes_1;
    {_LISTING_OF_FORMAT_3}
    INSERT INTO outcomes
        SELECT key, name, url, box, sha256, reason, file, photo, crop, detail, NULL, NULL, NULL FROM outcomes_1;
    DROP TABLE outcomes_1;
    COMMIT;
"""
_FROM_FORMAT_2 = f"""
    BEGIN;
    ALTER TABLE outcomes ADD COLUMN md5 TEXT;
    ALTER TABLE outcomes ADD COLUMN whole TEXT;
    {_LISTING_OF_FORMAT_3}
    COMMIT;
"""
_FROM_FORMAT_3 = f"""
    BEGIN;
    {_LISTING_OF_FORMAT_3}
    COMMIT;
"""
_UPGRADES = {"1": _FROM_FORMAT_1, "2": _FROM_FORMAT_2, "3": _FROM_FORMAT_3}


def opened(path: Path, *, alone: bool = False) -> sqlite3.Connection:
    """Open the database in `path` with all tables; StorageError when it is not one, or the disk refuses.

    `alone` locks out other readers. SQLite then needs no shared memory, which a network disk does not offer.
    """
    with disk(path):
        database = sqlite3.connect(path)
        try:
            if alone:
                database.execute("PRAGMA locking_mode = EXCLUSIVE")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")  # only a power cut may lose the last commit
            database.execute("PRAGMA cache_size = -65536")  # KiB
            _upgrade(database)
            database.executescript(_TABLES)
        except BaseException:
            database.close()
            raise
        return database


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """SQLite's errors as a StorageError of one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(f"cannot use the journal {path}: {error}") from error


def _upgrade(database: sqlite3.Connection) -> None:
    """Convert the tables of an earlier format to this one; a later format is refused by `journal`."""
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        known = database.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        if known is not None and known[0] in _UPGRADES:
            database.executescript(_UPGRADES[known[0]])
