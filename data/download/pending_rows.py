"""Which rows of a list must be requested, and how the others ended: as bad rows, or in an earlier run.

A download on one machine and one on a cluster both use this, so that they request the same rows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from data.journal import Journal, Outcome
from data.reasons import Reason
from data.rows import BadRow, Row, Unselected

Item = Row | BadRow | Unselected
BATCH = 500  # rows read and looked up at a time


class PendingRows:
    """Sorts the rows of a list into those to request and those that have ended."""

    def __init__(self, journal: Journal, *, retry_failed: bool, is_stored: Callable[[str], bool]) -> None:
        """`is_stored` says whether a crop is there, by the name of its file."""
        self._journal = journal
        self._retry_failed = retry_failed
        self._is_stored = is_stored

    def sort(self, batch: Sequence[Item]) -> Iterator[tuple[bytes, Row | Outcome]]:
        """Add the rows to the journal's list; yield keys, each with the row to request, or with its outcome.

        An outcome that is `fresh` is not in the journal yet. Rows that are not selected are only added to the list.
        """
        read = [item.row if isinstance(item, Unselected) else item for item in batch]
        keys = [row.key for row in read]
        selected = [not isinstance(item, Unselected) for item in batch]
        self._journal.list_rows(zip((row.number for row in read), keys, selected, strict=True))
        rows = {key: item for item, key in zip(batch, keys, strict=True) if isinstance(item, Row)}
        earlier = self._journal.earlier_outcomes(rows)
        for item, key in zip(batch, keys, strict=True):
            if isinstance(item, BadRow):
                yield key, Outcome(item, Reason.BAD_ROW, detail=item.problem)
            elif isinstance(item, Row):
                yield key, self._row_or_outcome(item, earlier.get(key))

    def _row_or_outcome(self, row: Row, earlier: Outcome | None) -> Row | Outcome:
        if earlier is not None and self._is_final(earlier):
            return replace(earlier, row=row)
        if row.box is not None and row.box.is_empty:
            return Outcome(row, Reason.BAD_BOX, detail=f"nothing lies in the box {row.box}")
        return row

    def _is_final(self, earlier: Outcome) -> bool:
        """Whether the row is not requested again: its crop is there, or its failure is not tried again."""
        if earlier.reason is Reason.OK:
            return earlier.file is not None and self._is_stored(earlier.file)
        return not self._retry_failed
