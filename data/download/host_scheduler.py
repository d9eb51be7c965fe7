"""Which row is requested next: never too many of one host at once, and none before a time that its host named.

A plain data structure for one thread: it is given events and their times, and has neither a clock nor threads. Rows
wait in a queue for each host. A host that answers 429 or 503 with a time is paused until then; one that cannot be
reached is paused until its first rows are tried again. A host that several rows in succession could not reach is
given up: its other rows end without a request.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count

from data.reasons import Failure, Reason
from data.rows import Row, host_of

_UNREACHABLE = frozenset({Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT})
_MOST_HOSTS = 20_000  # whose failures are remembered


@dataclass(slots=True, eq=False)
class QueuedRow:
    """A row to request: the folder of its crop, its failed attempts so far, and when the first began (seconds)."""

    row: Row
    key: bytes
    person: str
    attempts: int = 0
    started: float | None = None

    @property
    def host(self) -> str:
        """The host and port of its URL."""
        return host_of(self.row.url)


@dataclass(slots=True, eq=False)
class _Host:
    waiting: deque[QueuedRow] = field(default_factory=deque)
    active: int = 0
    paused_until: float = 0.0
    unreached: int = 0  # successive attempts that did not reach it
    queued: bool = False  # is in the queue of hosts


class HostScheduler:
    """The rows that wait, by host. Times are seconds of one clock, of the caller's choice."""

    def __init__(self, per_host: int, give_up_after: int) -> None:
        self._per_host = per_host
        self._give_up_after = give_up_after
        self._hosts: dict[str, _Host] = {}
        self._queue: deque[str] = deque()  # hosts that may have a row to request
        self._failures: dict[str, tuple[int, Reason]] = {}  # successive rows that did not reach the host, and why
        self._delayed: list[tuple[float, int, str, QueuedRow | None]] = []  # heap: when, order, host; no row: its pause
        self._order = count()
        self.size = 0  # rows that wait or are being requested

    def add(self, task: QueuedRow) -> None:
        """Add a row that may be requested from now on."""
        self.size += 1
        self._append(task)

    def take(self, now: float) -> QueuedRow | None:
        """The next row to request, None when all must wait. The caller ends each with `done` or `retry`."""
        self._end_delays(now)
        while self._queue:
            name = self._queue.popleft()
            host = self._hosts[name]
            host.queued = False
            if host.waiting and host.active < self._per_host and host.paused_until <= now:
                task = host.waiting.popleft()
                host.active += 1
                self._enqueue(name, host)
                return task
            self._drop_if_empty(name, host)
        return None

    def done(self, task: QueuedRow, reason: Reason) -> None:
        """The row has ended, with this reason."""
        self.size -= 1
        failures, _ = self._failures.pop(task.host, (0, reason))
        if reason not in _UNREACHABLE:
            self._hosts[task.host].unreached = 0
        else:
            self._failures[task.host] = (failures + 1, reason)
            if len(self._failures) > _MOST_HOSTS:
                self._failures.pop(next(iter(self._failures)))
        self._release(task.host)

    def retry(self, task: QueuedRow, moment: float, *, reason: Reason, pause: bool) -> None:
        """Request the row, which failed with this reason, again at `moment`.

        With `pause`, no row of its host is requested before then. The host is also paused once two attempts in
        succession have not reached it: its other rows would fail too.
        """
        host = self._hosts[task.host]
        host.unreached = host.unreached + 1 if reason in _UNREACHABLE else 0
        pause = pause or host.unreached > 1
        heapq.heappush(self._delayed, (moment, next(self._order), task.host, None if pause else task))
        if pause:
            host.paused_until = max(host.paused_until, moment)
            host.waiting.appendleft(task)
        self._release(task.host)

    def host_failure(self, task: QueuedRow) -> Failure | None:
        """The reason to end the row without a request, if several rows in succession could not reach its host."""
        failures, reason = self._failures.get(task.host, (0, Reason.OK))
        if failures < self._give_up_after:
            return None
        return Failure(reason, f"{task.host} given up: {failures} rows in a row could not reach it")

    @property
    def hosts(self) -> int:
        """How many hosts are kept: those with rows, and those whose last row has just ended."""
        return len(self._hosts)

    def next_moment(self) -> float | None:
        """When the next delay of a row or pause of a host ends; None when there is none."""
        return self._delayed[0][0] if self._delayed else None

    def _append(self, task: QueuedRow) -> None:
        host = self._hosts.setdefault(task.host, _Host())
        host.waiting.append(task)
        self._enqueue(task.host, host)

    def _enqueue(self, name: str, host: _Host) -> None:
        if not host.queued:
            host.queued = True
            self._queue.append(name)

    def _end_delays(self, now: float) -> None:
        while self._delayed and self._delayed[0][0] <= now:
            _, _, name, task = heapq.heappop(self._delayed)
            if task is not None:
                self._append(task)
            elif name in self._hosts:
                self._enqueue(name, self._hosts[name])

    def _release(self, name: str) -> None:
        host = self._hosts[name]
        host.active -= 1
        self._enqueue(name, host)

    def _drop_if_empty(self, name: str, host: _Host) -> None:
        if not host.waiting and not host.active:
            del self._hosts[name]
