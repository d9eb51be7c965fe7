"""One pass over the rows of a list: read, hand out, collect, write down, until the last has ended.

One thread reads the rows, decides which is asked next (`host_scheduler`) and is the only one to touch the journal; the
threads of `worker_pool` fetch, verify, crop and write. A worker gets its next row only after its last one is in the
journal: a run killed at any moment has at most `workers` rows to ask for again. The list is read as it is worked
through, never held.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from data.download.host_scheduler import HostScheduler, QueuedRow
from data.download.pending_rows import BATCH, Item, PendingRows
from data.download.worker_pool import WorkerPool
from data.journal.journal import OutcomeStore
from data.journal.outcomes import Outcome
from data.quality.list_warnings import ListWarnings
from data.reasons import Failure
from data.rows import BadRow, Row
from data.settings import DownloadSettings

_AHEAD = 2000  # rows that may wait, so that one slow host leaves work for the others


class DownloadLoop:
    """One pass over a list."""

    def __init__(
        self,
        journal: OutcomeStore,
        admission: PendingRows,
        pool: WorkerPool,
        scheduler: HostScheduler,
        settings: DownloadSettings,
        *,
        on_outcome: Callable[[Outcome], None],
        on_warning: Callable[[str], None],
    ) -> None:
        self._journal = journal
        self._admission = admission
        self._pool = pool
        self._settings = settings
        self._on_outcome = on_outcome
        self._on_warning = on_warning
        self._warnings = ListWarnings()
        self._scheduler = scheduler
        self._same: dict[bytes, list[Row]] = {}  # rows on their way, by key: equal rows are asked for once
        self._waiting = 0  # rows on their way, equal ones counted each
        self._ended: list[tuple[bytes, Outcome]] = []  # not yet written down

    def work_through(self, rows: Iterator[Item]) -> None:
        """Read, hand out, collect, until the list is at its end and no row is on its way."""
        self._journal.begin_list()
        more = True
        while more or self._scheduler.size:
            reading = more and self._waiting < _AHEAD
            if reading:
                batch = list(islice(rows, BATCH))
                more = bool(batch)
                self._admit(batch)
            self._hand_out()
            self._collect(wait=not reading)

    def _admit(self, batch: list[Item]) -> None:
        """List the rows, report those that have ended, let the others wait for a worker."""
        for key, found in self._admission.admit(batch):
            if isinstance(found, Row):
                self._admit_row(found, key)
            elif found.fresh:
                self._end(key, found)
            else:
                self._on_outcome(found)

    def _admit_row(self, row: Row, key: bytes) -> None:
        self._waiting += 1
        equal = self._same.setdefault(key, [])
        equal.append(row)
        if len(equal) == 1:
            self._scheduler.add(QueuedRow(row, key, self._journal.folder_of(row.name)))

    def _hand_out(self) -> None:
        """Give every idle worker a row, as far as there are rows that may be asked for now."""
        now = time.monotonic()
        while self._pool.idle and (task := self._scheduler.take(now)):
            failure = self._scheduler.given_up(task)
            if failure is not None:
                self._end_task(task, Outcome(task.row, failure.reason, detail=failure.detail))
                continue
            task.since = now if task.since is None else task.since
            self._pool.give(task, self._settings.deadline - (now - task.since))

    def _collect(self, *, wait: bool) -> None:
        """Take what the workers have done, write it down, then tell."""
        for task, result in self._pool.results(self._seconds_to_wait() if wait else 0.0):
            if isinstance(result, Outcome):
                self._end_task(task, result)
            elif not self._ask_again(task, result):
                self._end_task(task, Outcome(task.row, result.reason, detail=result.detail))
        ended, self._ended = self._ended, []
        self._journal.record(ended)
        self._journal.commit()
        for key, outcome in ended:
            self._tell(key, outcome)
        self._pool.check()

    def _tell(self, key: bytes, outcome: Outcome) -> None:
        """The row, and those equal to it, have ended and stand in the journal."""
        equal: Sequence[Row | BadRow] = self._same.pop(key, [])
        self._waiting -= len(equal)
        for row in equal or (outcome.row,):
            self._on_outcome(replace(outcome, row=row))
        url = outcome.row.url if isinstance(outcome.row, Row) else None
        if warning := self._warnings.notice(outcome.reason, url, outcome.photo):
            self._on_warning(warning)

    def _seconds_to_wait(self) -> float | None:
        """Until a worker is done or, with one idle, a row that rests is due."""
        if self._ended or not self._scheduler.size:
            return 0.0
        due = self._scheduler.next_moment()
        return None if due is None or not self._pool.idle else max(due - time.monotonic(), 0.0)

    def _ask_again(self, task: QueuedRow, failure: Failure) -> bool:
        """Let the row wait for another attempt, if that may help and still fits its deadline."""
        if not failure.passing or task.attempts >= self._settings.retries or task.since is None:
            return False
        moment = time.monotonic() + failure.pause(task.attempts)
        if moment >= task.since + self._settings.deadline:
            return False
        task.attempts += 1
        self._scheduler.again(task, moment, reason=failure.reason, rest=failure.wait is not None)
        return True

    def _end_task(self, task: QueuedRow, outcome: Outcome) -> None:
        self._scheduler.done(task, outcome.reason)
        self._end(task.key, outcome)

    def _end(self, key: bytes, outcome: Outcome) -> None:
        """The row has ended: to be written down with the next `_collect`."""
        self._ended.append((key, outcome))
