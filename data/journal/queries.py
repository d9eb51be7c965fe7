"""The queries of a journal: SQLite's errors come out of them as StorageErrors of one line."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from sqlite3 import Connection, Cursor
from typing import Any

from data.journal.schema import disk


class Queries:
    """The open database of a journal; `listing` and `journal` say what is asked of it."""

    _path: Path
    _database: Connection

    def commit(self) -> None:
        """Write to the disk what was noted."""
        with disk(self._path):
            self._database.commit()

    def _run(self, query: str, *values: Any) -> Cursor:
        with disk(self._path):
            return self._database.execute(query, values)

    def _run_many(self, query: str, lines: Iterable[Any]) -> None:
        with disk(self._path):
            self._database.executemany(query, lines)

    def _select(self, query: str, *values: Any) -> Iterator[Any]:
        """The lines of a query, read while they are asked for."""
        with disk(self._path):
            yield from self._database.execute(query, values)

    def _column(self, query: str, *values: Any) -> Iterator[str]:
        return (value for (value,) in self._select(query, *values))
