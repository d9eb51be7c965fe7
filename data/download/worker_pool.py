"""The workers: threads that fetch, verify, crop and publish a row at a time, and hand back what came of it.

Threads are enough: waiting for servers, hashing, decoding, resizing and writing all let other threads run. They are
daemons and hold nothing that has to be put in order, so that a run can be ended at once. Neither the list nor the
journal is known here.
"""

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from types import TracebackType
from typing import Self

from data.download.host_scheduler import QueuedRow
from data.download.verify_and_store import verify_and_store
from data.journal.outcomes import Outcome
from data.reasons import Failure
from data.rows import Row
from data.settings import DownloadSettings

Ask = Callable[[Row, float], bytes | Failure]  # a row and the seconds it has left -> its bytes, or why there are none
Result = Outcome | Failure

_GRACE = 1.0  # seconds that workers have to come to an end


class WorkerPool:
    """`settings.workers` threads; a context manager that ends them."""

    def __init__(
        self, source: Callable[[], AbstractContextManager[Ask]], folder: Path, settings: DownloadSettings
    ) -> None:
        self._source = source
        self._folder = folder
        self._settings = settings
        self._tasks: SimpleQueue[tuple[QueuedRow, float] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[QueuedRow, Result] | BaseException] = SimpleQueue()
        self._decoding = BoundedSemaphore(os.cpu_count() or 1)  # so many photos stand unpacked in memory at once
        self._stopped = Event()
        self._broken: BaseException | None = None
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(settings.workers)]
        self.idle = settings.workers  # workers whose last result has been collected

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for _ in self._threads:
            self._tasks.put(None)
        end = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))

    def give(self, task: QueuedRow, seconds: float) -> None:
        """Let an idle worker ask for the row, which has so many seconds left."""
        self.idle -= 1
        self._tasks.put((task, seconds))

    def results(self, seconds: float | None) -> list[tuple[QueuedRow, Result]]:
        """All that workers have finished; if that is nothing yet, wait up to `seconds` (None: as long as it takes)."""
        results: list[tuple[QueuedRow, Result]] = []
        try:
            entry = self._results.get(timeout=seconds) if seconds != 0.0 else self._results.get_nowait()
            while True:
                if isinstance(entry, BaseException):
                    self._broken = entry
                else:
                    results.append(entry)
                    self.idle += 1
                entry = self._results.get_nowait()
        except Empty:
            return results

    def check(self) -> None:
        """Raise what a worker could not go on after: the disk's refusal, or a fault of ours."""
        if self._broken is not None:
            raise self._broken

    def _work(self) -> None:
        try:
            with self._source() as ask:
                while (given := self._tasks.get()) is not None and not self._stopped.is_set():
                    self._results.put((given[0], self._attend(ask, *given)))
        except BaseException as error:
            self._results.put(error)

    def _attend(self, ask: Ask, task: QueuedRow, seconds: float) -> Result:
        answer = ask(task.row, seconds)
        if isinstance(answer, Failure):
            return answer
        return verify_and_store(task.row, answer, self._folder, task.person, self._settings, self._decoding)
