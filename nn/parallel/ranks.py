"""Several processes that train one network together, seen from one of them. Alone, which is the rule, nothing is done.

All ranks walk over the same batches, and each computes its part of every one; `shared_gradients` adds the parts up.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from torch import Tensor

from errors import UsageError

Made = TypeVar("Made")


class Ranks:
    """One process that trains alone: the rank 0 of 1. A subclass has company, and says how they talk."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def is_first(self) -> bool:
        """Whether this is the rank that prints, shows progress and writes files."""
        return self.rank == 0

    def busy(self, samples: int) -> int:
        """Return how many ranks share a batch of so many samples: the first ones.

        That is all of them, but for a batch of less than two samples a rank: then two are left for each at least, so
        that no batch normalisation sees a single one.
        """
        return min(self.size, max(1, samples // 2))

    def place(self, samples: int) -> slice:
        """Return where this rank's part of so many samples is: neighbours, as many as any other's or one more."""
        busy = self.busy(samples)
        if self.rank >= busy:
            return slice(samples, samples)
        each, over = divmod(samples, busy)
        start = self.rank * each + min(self.rank, over)
        return slice(start, start + each + (self.rank < over))

    def part(self, batch: Tensor) -> Tensor:
        """Return this rank's part of a batch's samples, a view."""
        return batch if self.size == 1 else batch[self.place(len(batch))]

    def identity(self) -> dict[str, int]:
        """Return what of the ranks decides every bit of a training, as JSON: their number, nothing for one alone."""
        return {} if self.size == 1 else {"processes": self.size}

    def check_samples(self, n: int, what: str) -> None:
        """Raise UsageError unless there is a training sample for each rank."""
        if n < self.size:
            raise UsageError(
                f"{self.size} processes for {n} training {what}: expected at least one each; start fewer "
                "(torchrun --nproc-per-node)"
            )

    def check_same(self, mark: str, what: str) -> None:
        """Raise RanksError unless all ranks have the same `mark`, which stands for `what`."""

    def add(self, x: Tensor) -> None:
        """Put the sum of all ranks' `x` in its place: the same bits on each."""

    def broadcast(self, x: Tensor) -> None:
        """Put the first rank's `x` in its place."""

    def broadcast_bytes(self, data: bytes | None) -> bytes | None:
        """Return the first rank's `data`, whatever the others have."""
        return data

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Return the sums over the ranks of each number, added in float64."""
        return list(numbers)

    def wait(self) -> None:
        """Wait until all ranks are here, however long that takes."""

    def first_then_others(self, work: Callable[[], Made]) -> Made:
        """Return what `work` makes, the others after the first: what that one fetches and keeps, they find."""
        if not self.is_first:
            self.wait()
            return work()
        made = work()
        self.wait()
        return made

    def agree_on_gpus(self, wanted: bool) -> bool:
        """Return whether all ranks compute on a GPU, given whether this one could and would."""
        return wanted


ALONE = Ranks()
