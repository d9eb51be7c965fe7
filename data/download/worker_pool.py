"""The workers: threads that fetch, verify, crop and store one row at a time, and return the result.

Threads are enough: Python lets other threads run while one waits for a server, hashes, decodes, resizes or writes. They
are daemon threads and hold nothing that must be cleaned up, so a run can end at once.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Event, Thread
from typing import Self

from data.cores import cores
from data.download.host_scheduler import QueuedRow
from data.download.verify_and_store import verify_and_store
from data.journal import Outcome
from data.reasons import Failure
from data.rows import Row
from data.settings import DownloadSettings

RowFetcher = Callable[[Row, float], bytes | Failure]  # a row and the seconds that it has left -> its bytes
Result = Outcome | Failure

_LONGEST_END = 1.0  # seconds to wait for the threads at the end


class WorkerPool:
    """`settings.workers` threads; a context manager that ends them."""

    def __init__(
        self, fetcher: Callable[[], AbstractContextManager[RowFetcher]], folder: Path, settings: DownloadSettings
    ) -> None:
        """Each thread calls `fetcher` once, and uses what it yields for all its rows."""
        self._fetcher = fetcher
        self._folder = folder
        self._settings = settings
        self._tasks: SimpleQueue[tuple[QueuedRow, float] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[QueuedRow, Result] | BaseException] = SimpleQueue()
        self._decoding = BoundedSemaphore(cores())  # so many photos are decoded at once
        self._stopped = Event()
        self._error: BaseException | None = None
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(settings.workers)]
        self.idle = settings.workers  # workers that `give` may be called for

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped.set()
        for _ in self._threads:
            self._tasks.put(None)
        end = time.monotonic() + _LONGEST_END
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))

    def give(self, task: QueuedRow, seconds: float) -> None:
        """Let an idle worker process the row within the seconds that it has left."""
        self.idle -= 1
        self._tasks.put((task, seconds))

    def results(self, seconds: float | None) -> list[tuple[QueuedRow, Result]]:
        """All finished rows with their results; if there is none, wait up to `seconds` (None: without limit)."""
        results: list[tuple[QueuedRow, Result]] = []
        try:
            entry = self._results.get(timeout=seconds) if seconds != 0.0 else self._results.get_nowait()
            while True:
                if isinstance(entry, BaseException):
                    self._error = entry
                else:
                    results.append(entry)
                    self.idle += 1
                entry = self._results.get_nowait()
        except Empty:
            return results

    def check(self) -> None:
        """Raise the error that has ended a worker, if any: the disk's, or a fault in this program."""
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            with self._fetcher() as fetch:
                while (given := self._tasks.get()) is not None and not self._stopped.is_set():
                    self._results.put((given[0], self._process(fetch, *given)))
        except BaseException as error:
            self._results.put(error)

    def _process(self, fetch: RowFetcher, task: QueuedRow, seconds: float) -> Result:
        answer = fetch(task.row, seconds)
        if isinstance(answer, Failure):
            return answer
        return verify_and_store(task.row, answer, self._folder, task.person, self._settings, self._decoding)
