"""Which row is asked for next: no host more than a few times at once, none before the time it named, none in vain.

A plain data structure for one thread: it is told what happens and at what time, and keeps neither clock nor thread.
Rows wait here by host. A host that answers 429 or 503 with a time rests until then, one that nothing reaches until its
first rows are tried again; a row that may pass waits alone, and the workers do other rows meanwhile. A host that
several rows in a row could not reach is given up.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count

from data.reasons import Failure, Reason
from data.rows import Row, host_of

_OUT_OF_REACH = frozenset({Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT})
_MOST_HOSTS = 20_000  # whose failures are remembered while they have no row here


@dataclass(slots=True, eq=False)
class QueuedRow:
    """A row on its way: where its crop goes, how often it has been asked for and since when."""

    row: Row
    key: bytes
    person: str
    attempts: int = 0
    since: float | None = None

    @property
    def host(self) -> str:
        """What rows share a limit by."""
        return host_of(self.row.url)


@dataclass(slots=True, eq=False)
class _Host:
    waiting: deque[QueuedRow] = field(default_factory=deque)
    active: int = 0
    rest_until: float = 0.0
    unanswered: int = 0  # attempts in a row that did not reach it
    offered: bool = False  # stands in the queue of hosts that a row may be taken of


class HostScheduler:
    """Rows that wait, and the hosts that are being asked."""

    def __init__(self, per_host: int, give_up_after: int) -> None:
        self._per_host = per_host
        self._give_up_after = give_up_after
        self._hosts: dict[str, _Host] = {}
        self._offers: deque[str] = deque()
        self._failures: dict[str, tuple[int, Reason]] = {}  # rows in a row that did not reach the host, and why
        self._later: list[
            tuple[float, int, str, QueuedRow | None]
        ] = []  # a heap: a row due then, or a host whose rest ends
        self._order = count()
        self.size = 0  # rows that wait or are being asked for

    def add(self, task: QueuedRow) -> None:
        """A row that may be asked for from now on."""
        self.size += 1
        self._wait(task)

    def take(self, now: float) -> QueuedRow | None:
        """The next row to ask for, None when all must wait. Each row taken is given back by `done` or `again`."""
        self._wake(now)
        while self._offers:
            name = self._offers.popleft()
            host = self._hosts[name]
            host.offered = False
            if host.waiting and host.active < self._per_host and host.rest_until <= now:
                task = host.waiting.popleft()
                host.active += 1
                self._offer(name, host)
                return task
            self._forget(name, host)
        return None

    def done(self, task: QueuedRow, reason: Reason) -> None:
        """The row ended, for this reason."""
        self.size -= 1
        failures, _ = self._failures.pop(task.host, (0, reason))
        if reason not in _OUT_OF_REACH:
            self._hosts[task.host].unanswered = 0
        else:
            self._failures[task.host] = (failures + 1, reason)
            if len(self._failures) > _MOST_HOSTS:
                self._failures.pop(next(iter(self._failures)))
        self._release(task.host)

    def again(self, task: QueuedRow, moment: float, *, reason: Reason, rest: bool) -> None:
        """The row, which met this reason, is to be asked for again at `moment`.

        With `rest`, no row of its host is asked for before then; nor is one while nothing reaches the host: what waits
        would only fail too, before the first rows have found out whether it comes back.
        """
        host = self._hosts[task.host]
        host.unanswered = host.unanswered + 1 if reason in _OUT_OF_REACH else 0
        rest = rest or host.unanswered > 1
        heapq.heappush(self._later, (moment, next(self._order), task.host, None if rest else task))
        if rest:
            host.rest_until = max(host.rest_until, moment)
            host.waiting.appendleft(task)
        self._release(task.host)

    def given_up(self, task: QueuedRow) -> Failure | None:
        """The reason to end the row unasked, when its host could not be reached for several rows in a row."""
        failures, reason = self._failures.get(task.host, (0, Reason.OK))
        if failures < self._give_up_after:
            return None
        return Failure(reason, f"{task.host} given up: {failures} rows in a row could not reach it")

    def next_moment(self) -> float | None:
        """When the next row or resting host is due; None when none is."""
        return self._later[0][0] if self._later else None

    def _wait(self, task: QueuedRow) -> None:
        host = self._hosts.setdefault(task.host, _Host())
        host.waiting.append(task)
        self._offer(task.host, host)

    def _offer(self, name: str, host: _Host) -> None:
        if not host.offered:
            host.offered = True
            self._offers.append(name)

    def _wake(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            _, _, name, task = heapq.heappop(self._later)
            if task is not None:
                self._wait(task)
            elif name in self._hosts:
                self._offer(name, self._hosts[name])

    def _release(self, name: str) -> None:
        host = self._hosts[name]
        host.active -= 1
        self._offer(name, host)

    def _forget(self, name: str, host: _Host) -> None:
        if not host.waiting and not host.active:
            del self._hosts[name]
