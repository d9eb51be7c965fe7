"""The end of a pool: threads that end soon are waited for, those that do not are left behind."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event
from threading import enumerate as all_threads

from data.download.host_scheduler import QueuedRow
from data.download.worker_pool import RowFetcher, WorkerPool
from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings

SETTINGS = DownloadSettings(workers=3)


def task() -> QueuedRow:
    row = Row(1, "Ann", "http://a.example/1.jpg", None, None)
    return QueuedRow(row, row.key, "Ann")


def ending(closed: list[int], fetch: RowFetcher) -> Callable[[], AbstractContextManager[RowFetcher]]:
    """A fetcher that takes a moment to end."""

    @contextmanager
    def fetcher() -> Iterator[RowFetcher]:
        yield fetch
        time.sleep(0.1)
        closed.append(1)

    return fetcher


def test_all_threads_have_ended_when_the_pool_has(tmp_path: Path) -> None:
    closed: list[int] = []
    with WorkerPool(ending(closed, lambda row, seconds: b""), tmp_path, SETTINGS):
        pass
    assert len(closed) == 3


def test_a_thread_that_is_busy_is_left_behind_after_a_second(tmp_path: Path) -> None:
    begun, released, before = Event(), Event(), set(all_threads())

    def busy(row: Row, seconds: float) -> Failure:
        begun.set()
        released.wait(9)
        return Failure(Reason.TIMEOUT)

    with WorkerPool(ending([], busy), tmp_path, SETTINGS) as pool:
        pool.give(task(), 1.0)
        assert begun.wait(9)
        left = set(all_threads()) - before
        started = time.monotonic()
    assert 0.9 < time.monotonic() - started < 3
    assert [thread.daemon for thread in left] == [True] * 3, "they do not keep the program from ending"
    released.set()


def test_a_worker_is_idle_until_it_is_given_a_row_and_again_when_it_is_done(tmp_path: Path) -> None:
    with WorkerPool(ending([], lambda row, seconds: Failure(Reason.DNS, str(seconds))), tmp_path, SETTINGS) as pool:
        assert pool.idle == 3
        pool.give(task(), 7.0)
        assert pool.idle == 2
        ((row, result),) = pool.results(None)
        assert row.row == task().row
        assert result == Failure(Reason.DNS, "7.0")
        assert pool.idle == 3
        assert pool.results(0.0) == []
