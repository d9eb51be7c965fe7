"""A list of rows -> a folder of crops: ask for what is missing, keep what is right, write down what became of each row.

Three parts share the work. This module's one thread reads the list, decides what is asked next (`pace`) and is the only
one to touch the journal. The workers (`crew`) fetch, verify, crop and publish; where the bytes come from is a function
that can be exchanged, so portraits drawn here go the same way as photos from the web. `summary` tells the end.

A worker gets its next row only after its last one is in the journal: a run killed at any moment has at most `workers`
rows to ask for again. The list is read as it is worked through, never held.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

from data.crew import Ask, Crew
from data.crop import quiet_decoding
from data.journal import Ended, Journal
from data.outcomes import Failure, Outcome
from data.pace import Pace, Task
from data.publish import sweep
from data.reasons import Reason
from data.rows import BadRow, Row, Unselected
from data.settings import DownloadSettings
from data.summary import Report, publish_summary

_BATCH = 500  # rows read and looked up at a time
_AHEAD = 2000  # rows that may wait, so that one slow host leaves work for the others
_FIRST_WAIT = 0.5  # seconds before the second attempt; each further one waits twice as long

Fetch = Callable[[Row], bytes]
Item = Row | BadRow | Unselected


def download(
    rows: Iterable[Item],
    folder: Path,
    *,
    settings: DownloadSettings,
    fetch: Fetch | None = None,
    retry_failed: bool = False,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Report:
    """Store a crop of every row that can be had in `folder/<person>/` and publish `manifest.csv` and `report.json`.

    Rows that an earlier run finished are not asked for again, failed ones only with `retry_failed`. `on_outcome` is
    called, in this thread, once for every row selected. `fetch` gives a row's bytes, and is called by all workers at
    once; without it the web does.
    Raises UsageError when the folder was made with another size, mode or filter, StorageError when the disk refuses
    or another process works in the folder. Whatever ends the run, what has been done stays done.
    """
    started = time.monotonic()
    with Journal(folder, settings.crop_settings) as journal:
        sweep(folder)
        with quiet_decoding(), Crew(_source(settings, fetch), folder, settings) as crew:
            pace = Pace(settings.per_host if fetch is None else settings.workers, settings.give_up_after)
            run = _Run(journal, crew, pace, folder, settings, retry_failed, on_outcome or (lambda outcome: None))
            run.work_through(iter(rows))
        return publish_summary(journal, folder, time.monotonic() - started)


def _source(settings: DownloadSettings, fetch: Fetch | None) -> Callable[[], AbstractContextManager[Ask]]:
    """What each worker asks for bytes."""
    if fetch is not None:
        return lambda: nullcontext(lambda row, seconds: fetch(row))
    from data.fetch import Web  # requests takes a fifth of a second to import, and portraits need none of it

    return partial(Web, settings)


class _Run:
    """One pass over a list."""

    def __init__(
        self,
        journal: Journal,
        crew: Crew,
        pace: Pace,
        folder: Path,
        settings: DownloadSettings,
        retry_failed: bool,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self._journal = journal
        self._crew = crew
        self._folder = folder
        self._settings = settings
        self._retry_failed = retry_failed
        self._on_outcome = on_outcome
        self._pace = pace
        self._same: dict[bytes, list[Row]] = {}  # rows on their way, by key: equal rows are asked for once
        self._waiting = 0  # rows on their way, equal ones counted each
        self._ended: list[tuple[bytes, Outcome]] = []  # not yet written down

    def work_through(self, rows: Iterator[Item]) -> None:
        """Read, hand out, collect, until the list is at its end and no row is on its way."""
        self._journal.begin_list()
        more = True
        while more or self._pace.size:
            reading = more and self._waiting < _AHEAD
            if reading:
                batch = list(islice(rows, _BATCH))
                more = bool(batch)
                self._admit(batch)
            self._hand_out()
            self._collect(wait=not reading)

    def _admit(self, batch: list[Item]) -> None:
        """List the rows, report those that have ended, let the others wait for a worker."""
        read = [item.row if isinstance(item, Unselected) else item for item in batch]
        keys = [row.key for row in read]
        self._journal.list_rows([(row.number, key) for row, key in zip(read, keys, strict=True)])
        ended = self._journal.ended(keys)
        for item, key in zip(batch, keys, strict=True):
            if isinstance(item, BadRow):
                self._end(key, Outcome(item, Reason.BAD_ROW, detail=item.problem))
            elif isinstance(item, Row):
                self._admit_row(item, key, ended.get(key))

    def _admit_row(self, row: Row, key: bytes, ended: Ended | None) -> None:
        if ended is not None and self._stands(ended):
            self._on_outcome(Outcome(row, ended.reason, ended.file, ended.photo, ended.crop, ended.detail, fresh=False))
        elif row.box is not None and row.box.is_empty:
            self._end(key, Outcome(row, Reason.BAD_BOX, detail=f"nothing lies in the box {row.box}"))
        else:
            self._waiting += 1
            equal = self._same.setdefault(key, [])
            equal.append(row)
            if len(equal) == 1:
                self._pace.add(Task(row, key, self._journal.folder_of(row.name)))

    def _stands(self, ended: Ended) -> bool:
        """Whether a row that has ended is to be left at that: its file is there, or its failure is not tried again."""
        if ended.reason is Reason.OK:
            return ended.file is not None and (self._folder / ended.file).is_file()
        return not self._retry_failed

    def _hand_out(self) -> None:
        """Give every idle worker a row, as far as there are rows that may be asked for now."""
        now = time.monotonic()
        while self._crew.idle and (task := self._pace.take(now)):
            failure = self._pace.given_up(task)
            if failure is not None:
                self._end_task(task, Outcome(task.row, failure.reason, detail=failure.detail))
                continue
            task.since = now if task.since is None else task.since
            self._crew.give(task, self._settings.deadline - (now - task.since))

    def _collect(self, *, wait: bool) -> None:
        """Take what the workers have done, write it down, then tell."""
        for task, result in self._crew.results(self._seconds_to_wait() if wait else 0.0):
            if isinstance(result, Outcome):
                self._end_task(task, result)
            elif not self._ask_again(task, result):
                self._end_task(task, Outcome(task.row, result.reason, detail=result.detail))
        ended, self._ended = self._ended, []
        self._journal.record(ended)
        self._journal.commit()
        for key, outcome in ended:
            equal: Sequence[Row | BadRow] = self._same.pop(key, [])
            self._waiting -= len(equal)
            for row in equal or (outcome.row,):
                self._on_outcome(replace(outcome, row=row))
        self._crew.check()

    def _seconds_to_wait(self) -> float | None:
        """Until a worker is done or, with one idle, a row that rests is due."""
        if self._ended or not self._pace.size:
            return 0.0
        due = self._pace.next_moment()
        return None if due is None or not self._crew.idle else max(due - time.monotonic(), 0.0)

    def _ask_again(self, task: Task, failure: Failure) -> bool:
        """Let the row wait for another attempt, if that may help and still fits its deadline."""
        if not failure.passing or task.attempts >= self._settings.retries or task.since is None:
            return False
        wait = _FIRST_WAIT * 2**task.attempts if failure.wait is None else failure.wait
        moment = time.monotonic() + wait
        if moment >= task.since + self._settings.deadline:
            return False
        task.attempts += 1
        self._pace.again(task, moment, rest=failure.wait is not None)
        return True

    def _end_task(self, task: Task, outcome: Outcome) -> None:
        self._pace.done(task, outcome.reason)
        self._end(task.key, outcome)

    def _end(self, key: bytes, outcome: Outcome) -> None:
        """The row has ended: to be written down with the next `_collect`."""
        self._ended.append((key, outcome))
