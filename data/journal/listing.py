"""The lists that a folder was filled from: which rows each has, in its order.

A folder may be filled from several lists, each downloaded again after it was edited. A list is told by its source. Its
rows are noted again while it is read, in place of those that it had; a run that is stopped leaves the rest as it was.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from data.journal.outcomes import COLUMNS, ManifestLine
from data.journal.queries import Queries
from data.journal.schema import FORMAT, opened
from data.reasons import Reason
from data.rows import UNKNOWN, Origin

FINISHED = "finished"  # in `meta`: the fingerprint of the list that was last finished
_NEVER_ASKED = f"reason IN ('{Reason.BAD_ROW}', '{Reason.BAD_BOX}') AND photo IS NULL AND file IS NULL"


class Listing(Queries):
    """The part of a journal that knows the lists."""

    _list: int | None = None  # the list that is read; none yet
    _place = 0  # of its next row
    list_name: str | None = None  # of the list that this run reads or has read

    def begin_list(self, origin: Origin = UNKNOWN) -> None:
        """Read this list from now on: `list_rows` adds its rows. The note that a list was finished is deleted.

        A second list of the same name is shown by its source.
        """
        self._run("DELETE FROM meta WHERE name = ?", FINISHED)
        query = "INSERT OR IGNORE INTO lists SELECT NULL, ?1, iif(?2 IN (SELECT name FROM lists), ?1, ?2), ?3"
        self._run(query, *origin)
        ((self._list, self.list_name),) = self._select("SELECT list, name FROM lists WHERE source = ?", origin.source)
        self._place = 0

    def list_rows(self, rows: Iterable[tuple[int, bytes, bool]]) -> None:
        """Add the list's next rows: the number of each, its key, and whether this run was asked for it."""
        lines = [(self._list, place, *row) for place, row in enumerate(rows, start=self._place)]
        self._run_many("INSERT OR REPLACE INTO listing VALUES (?, ?, ?, ?, ?)", lines)
        self._place += len(lines)

    def end_list(self) -> None:
        """Delete the rows that the list, which was read to its end, does not have any more."""
        assert self._list is not None, "no list was begun"
        self._run("DELETE FROM listing WHERE list = ? AND place >= ?", self._list, self._place)
        self._take_over(self._list)

    def finish_list(self, fingerprint: str) -> None:
        """Note that every row of the list with this fingerprint has ended."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", FINISHED, fingerprint)

    @property
    def finished(self) -> str | None:
        """The fingerprint of the list that was finished last; None when the last run was interrupted."""
        return next(self._column("SELECT value FROM meta WHERE name = ?", FINISHED), None)

    def manifest_lines(self) -> Iterator[ManifestLine]:
        """The rows of all lists that have ended: the lists in the order in which they came, each in its own order."""
        query = """
            SELECT number, name, url, box, sha256, reason, file, photo, md5,
                selected AND list = ?2, key IN (SELECT key FROM listing WHERE list < ?1)
            FROM listing JOIN outcomes USING (key) WHERE list = ?1 ORDER BY place
        """
        for number, name in list(self._select("SELECT list, name FROM lists ORDER BY list")):
            for *values, is_selected, is_repeated in self._select(query, number, self._list):
                yield ManifestLine._make((*values, bool(is_selected), bool(is_repeated), name))

    def unlisted_crops(self) -> int:
        """How many rows have a stored crop, and are in no list any more."""
        query = "SELECT count(*) FROM outcomes WHERE file IS NOT NULL AND key NOT IN (SELECT key FROM listing)"
        return int(next(self._column(query)))

    def save_lists(self, path: Path) -> None:
        """Write the lists into a new database, with the outcomes of the rows that could not be asked for."""
        with self._attached(path):
            self._run("INSERT OR REPLACE INTO other.meta VALUES ('format', ?)", FORMAT)
            for table in ("lists", "listing"):
                self._run(f"INSERT INTO other.{table} SELECT * FROM main.{table}")
            self._copy_outcomes("main", "other")

    def add_lists(self, path: Path) -> None:
        """Add what `save_lists` has written, in place of the lists here that are the same."""
        with self._attached(path):
            query = "SELECT NULL, source, name, is_file FROM other.lists ORDER BY list"
            self._run(f"INSERT OR IGNORE INTO main.lists {query}")
            joined = "other.lists AS theirs JOIN main.lists AS ours USING (source)"
            ours = list(self._select(f"SELECT ours.list FROM {joined}"))
            self._run_many("DELETE FROM main.listing WHERE list = ?", ours)
            rows = f"{joined} JOIN other.listing AS rows ON rows.list = theirs.list"
            self._run(f"INSERT INTO main.listing SELECT ours.list, place, number, key, 0 FROM {rows}")
            self._copy_outcomes("other", "main")
            for (number,) in ours:
                self._take_over(number)

    def _take_over(self, number: int) -> None:
        """Delete the rows that this list has from those lists that cannot be read again, and so never lose a row."""
        self._run(
            """
            DELETE FROM listing WHERE list IN (SELECT list FROM lists WHERE NOT is_file AND list <> ?1)
                AND key IN (SELECT key FROM listing WHERE list = ?1)
            """,
            number,
        )
        self._drop_empty_lists()

    def _drop_empty_lists(self) -> None:
        self._run("DELETE FROM lists WHERE list NOT IN (SELECT list FROM listing)")

    def _copy_outcomes(self, source: str, target: str) -> None:
        columns = ", ".join(COLUMNS)
        found = f"SELECT {columns} FROM {source}.outcomes WHERE {_NEVER_ASKED}"
        self._run(f"INSERT OR IGNORE INTO {target}.outcomes ({columns}) {found}")

    @contextmanager
    def _attached(self, path: Path) -> Iterator[None]:
        """The database in `path`, with all tables of this format, as `other`."""
        opened(path).close()
        self.commit()
        self._run("ATTACH DATABASE ? AS other", str(path))
        try:
            yield
            self.commit()
        finally:
            self._database.rollback()
            self._run("DETACH DATABASE other")
