"""Several processes that train one network together, seen from one of them. Alone, which is the rule, nothing is done.

All ranks walk over the same batches, and each computes its part of every one; `shared_gradients` adds the parts up.
Neighbours: `world` finds out whether there are several, `process_group` is how they talk, `chance` what each draws.
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

    def part(self, batch: Tensor) -> Tensor:
        """Return this rank's part of a batch's samples, a view: neighbours, as many as any other rank's or one more.

        A batch of less than two samples a rank is left to the first ranks, two for each at least, so that no
        batch normalisation sees a single one; the others get none.
        """
        busy = min(self.size, max(1, len(batch) // 2))
        if busy == 1:
            return batch if self.is_first else batch[:0]
        return batch.tensor_split(busy)[self.rank] if self.rank < busy else batch[:0]

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

    def add(self, x: Tensor) -> None:
        """Put the sum of all ranks' `x` in its place: the same bits on each."""

    def take_first(self, x: Tensor) -> None:
        """Put the first rank's `x` in its place."""

    def tell(self, data: bytes | None) -> bytes | None:
        """Return the first rank's `data`, whatever the others have."""
        return data

    def totals(self, numbers: Sequence[float]) -> list[float]:
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
