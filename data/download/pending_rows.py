"""Which rows of a list are to be asked for, and how the others ended: without a question, or in an earlier run.

Every engine lets rows in here, so that all agree on what is asked again. Nothing is asked, and nothing written but the
order of the list.
"""

from collections.abc import Callable, Iterator, Sequence

from data.journal.journal import OutcomeStore
from data.journal.outcomes import Ended, Outcome
from data.reasons import Reason
from data.rows import BadRow, Row, Unselected

Item = Row | BadRow | Unselected
BATCH = 500  # rows read and looked up at a time


class PendingRows:
    """The door between a list and an engine."""

    def __init__(self, journal: OutcomeStore, *, retry_failed: bool, is_stored: Callable[[str], bool]) -> None:
        """`is_stored` tells whether a crop is there, by the name of its file."""
        self._journal = journal
        self._retry_failed = retry_failed
        self._is_stored = is_stored

    def admit(self, batch: Sequence[Item]) -> Iterator[tuple[bytes, Row | Outcome]]:
        """List the rows; yield for each, with its key, the row if it is to be asked for, else how it ended.

        An outcome that is `fresh` is still to be written down. Rows that are not selected are listed alone.
        """
        read = [item.row if isinstance(item, Unselected) else item for item in batch]
        keys = [row.key for row in read]
        self._journal.list_rows([(row.number, key) for row, key in zip(read, keys, strict=True)])
        ended = self._journal.ended(keys)
        for item, key in zip(batch, keys, strict=True):
            if isinstance(item, BadRow):
                yield key, Outcome(item, Reason.BAD_ROW, detail=item.problem)
            elif isinstance(item, Row):
                yield key, self._row(item, ended.get(key))

    def _row(self, row: Row, ended: Ended | None) -> Row | Outcome:
        if ended is not None and self._stands(ended):
            return Outcome(row, ended.reason, ended.file, ended.photo, ended.crop, ended.detail, fresh=False)
        if row.box is not None and row.box.is_empty:
            return Outcome(row, Reason.BAD_BOX, detail=f"nothing lies in the box {row.box}")
        return row

    def _stands(self, ended: Ended) -> bool:
        """Whether a row that has ended is to be left at that: its file is there, or its failure is not tried again."""
        if ended.reason is Reason.OK:
            return ended.file is not None and self._is_stored(ended.file)
        return not self._retry_failed
