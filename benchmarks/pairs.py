"""Two functions for one task, timed in turns, so that a change in the load of the machine affects both.

Each pair of calls gives one ratio, the order within a pair alternates, and the median of the ratios is the result.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pairs:
    """Seconds of each call, in the order of the pairs."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """The median over the pairs of ours / theirs: below 1, ours is faster."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    def line(self, title: str, at_most: float | None = None) -> str:
        """Return one row of a table: the medians in milliseconds, the ratio, and whether it is at most `at_most`."""
        ours, theirs = (statistics.median(times) * 1e3 for times in (self.ours, self.theirs))
        return f"{title:<56} ours {ours:8.2f} ms  theirs {theirs:8.2f} ms  {self.verdict('ratio', at_most)}"

    def verdict(self, title: str, at_most: float | None = None) -> str:
        """Return the ratio, and whether it is at most `at_most`."""
        verdict = "" if at_most is None else f"  at most {at_most:.2f}: {'yes' if self.ratio <= at_most else 'NO'}"
        return f"{title} {self.ratio:4.2f}{verdict}"


def time_pairs(ours: Callable[[], object], theirs: Callable[[], object], *, pairs: int, warm_up: int = 3) -> Pairs:
    """Call both in turns, `warm_up` + `pairs` times each; return the times of the last `pairs`."""
    times: tuple[list[float], list[float]] = ([], [])
    for i in range(warm_up + pairs):
        for which in (0, 1) if i % 2 else (1, 0):
            started = time.perf_counter()
            (ours, theirs)[which]()
            times[which].append(time.perf_counter() - started)
    return Pairs(times[0][warm_up:], times[1][warm_up:])
