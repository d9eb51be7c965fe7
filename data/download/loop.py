"""The loop of a download: read rows, give them to workers, collect and record results, until every row has ended.

This thread reads the rows, chooses the next one (`host_scheduler`) and is the only one that uses the journal; the
threads of `worker_pool` fetch, verify, crop and write. A worker gets its next row only after its last one is recorded,
so a run that is killed has at most `workers` rows to request again. The list is never held in memory as a whole.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from data.download.host_scheduler import HostScheduler, QueuedRow
from data.download.pending_rows import BATCH, Item
from data.download.worker_pool import WorkerPool
from data.journal import Journal, Outcome
from data.quality import ListWarnings
from data.reasons import Failure
from data.rows import BadRow, Row
from data.settings import DownloadSettings

_MOST_WAITING = 2000  # rows read ahead, so that one slow host leaves work for the others

Sort = Callable[[Sequence[Item]], Iterable[tuple[bytes, Row | Outcome]]]  # as `PendingRows.sort`


class DownloadLoop:
    """One pass over a list."""

    def __init__(
        self,
        journal: Journal,
        sort: Sort,
        pool: WorkerPool,
        scheduler: HostScheduler,
        settings: DownloadSettings,
        *,
        record: Callable[[list[tuple[bytes, Outcome]]], None],
        on_outcome: Callable[[Outcome], None],
        on_warning: Callable[[str], None],
    ) -> None:
        """`sort` says which rows to request, `record` notes outcomes; each is then given to `on_outcome`."""
        self._journal = journal
        self._sort = sort
        self._pool = pool
        self._scheduler = scheduler
        self._settings = settings
        self._record = record
        self._on_outcome = on_outcome
        self._on_warning = on_warning
        self._warnings = ListWarnings()
        self._equal: dict[bytes, list[Row]] = {}  # pending rows by key: equal rows are requested once
        self._pending = 0  # rows read that have not ended, each of several equal ones counted
        self._ended: list[tuple[bytes, Outcome]] = []  # not recorded yet

    def run(self, rows: Iterator[Item]) -> None:
        """Read, request and record all rows; return when the last has ended."""
        more = True
        while more or self._scheduler.size:
            reading = more and self._pending < _MOST_WAITING
            if reading:
                batch = list(islice(rows, BATCH))
                more = bool(batch)
                self._add(batch)
            self._start_rows()
            self._collect(wait=not reading)

    def _add(self, batch: list[Item]) -> None:
        """Queue the rows that are to be requested, report those that have ended."""
        for key, row in self._sort(batch):
            if isinstance(row, Outcome):
                if row.fresh:
                    self._ended.append((key, row))
                else:
                    self._on_outcome(row)
                continue
            self._pending += 1
            equal = self._equal.setdefault(key, [])
            equal.append(row)
            if len(equal) == 1:
                self._scheduler.add(QueuedRow(row, key, self._journal.folder_of(row.name)))

    def _start_rows(self) -> None:
        """Give each idle worker a row, as long as there are rows that may be requested now."""
        now = time.monotonic()
        while self._pool.idle and (task := self._scheduler.take(now)):
            if failure := self._scheduler.host_failure(task):
                self._end(task, Outcome(task.row, failure.reason, detail=failure.detail))
                continue
            task.started = now if task.started is None else task.started
            self._pool.give(task, self._settings.deadline - (now - task.started))

    def _collect(self, *, wait: bool) -> None:
        """Take what the workers have finished, record it, then report it."""
        for task, result in self._pool.results(self._seconds_to_wait() if wait else 0.0):
            if isinstance(result, Outcome):
                self._end(task, result)
            elif not self._retry(task, result):
                self._end(task, Outcome(task.row, result.reason, detail=result.detail))
        ended, self._ended = self._ended, []
        self._record(ended)
        self._journal.commit()
        for key, outcome in ended:
            self._report(key, outcome)
        self._pool.check()

    def _report(self, key: bytes, outcome: Outcome) -> None:
        """Report the outcome for the row and for all rows equal to it."""
        equal: Sequence[Row | BadRow] = self._equal.pop(key, [])
        self._pending -= len(equal)
        for row in equal or (outcome.row,):
            self._on_outcome(replace(outcome, row=row))
        url = outcome.row.url if isinstance(outcome.row, Row) else None
        if warning := self._warnings.add(outcome.reason, url, outcome.photo):
            self._on_warning(warning)

    def _seconds_to_wait(self) -> float | None:
        """Until a delayed row is due if a worker is idle; None: until a worker is done."""
        if self._ended or not self._scheduler.size:
            return 0.0
        due = self._scheduler.next_moment()
        return None if due is None or not self._pool.idle else max(due - time.monotonic(), 0.0)

    def _retry(self, task: QueuedRow, failure: Failure) -> bool:
        """Delay the row for another attempt, if that may help and is within its deadline."""
        if not failure.temporary or task.attempts >= self._settings.retries or task.started is None:
            return False
        moment = time.monotonic() + failure.delay(task.attempts)
        if moment >= task.started + self._settings.deadline:
            return False
        task.attempts += 1
        self._scheduler.retry(task, moment, reason=failure.reason, pause=failure.wait is not None)
        return True

    def _end(self, task: QueuedRow, outcome: Outcome) -> None:
        self._scheduler.done(task, outcome.reason)
        self._ended.append((task.key, outcome))
