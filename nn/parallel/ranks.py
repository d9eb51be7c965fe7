"""What the training loop needs of other processes. `Ranks` itself is one process alone, for which each call is trivial.

All ranks walk over the same batches, and each computes its part of every batch; `shared_gradients` adds the gradients.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from torch import Tensor

from errors import UsageError

Result = TypeVar("Result")


class Ranks:
    """Rank 0 of 1. A subclass communicates with the other ranks; all ranks must make the same calls in order."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which prints, shows progress and writes files."""
        return self.rank == 0

    def shard(self, batch: Tensor) -> Tensor:
        """Return this rank's part of a batch (N, ...): a view; all parts are equally long, or differ by one sample.

        A batch with fewer than two samples per rank goes to the first ranks alone, so that no batch normalisation
        sees a single sample; the others get a part of length 0.
        """
        if self.size == 1:
            return batch
        parts = min(self.size, max(1, len(batch) // 2))
        return batch.tensor_split(parts)[self.rank] if self.rank < parts else batch[:0]

    def identity(self) -> dict[str, int]:
        """Return, as JSON, what the resulting bits depend on: the number of processes; nothing for one process."""
        return {} if self.size == 1 else {"processes": self.size}

    def check_samples(self, n: int, what: str) -> None:
        """Raise UsageError unless there is a training sample for each rank."""
        if n < self.size:
            raise UsageError(
                f"{self.size} processes for {n} training {what}: expected at least one each; start fewer "
                "(torchrun --nproc-per-node)"
            )

    def check_same(self, digest: str, what: str) -> None:
        """Raise RanksError, on all ranks, unless all have the same `digest` of `what`."""

    def all_reduce(self, x: Tensor) -> None:
        """Replace x by the sum of all ranks' x: the same bits on each rank."""

    def broadcast(self, x: Tensor) -> None:
        """Replace x by rank 0's x."""

    def broadcast_bytes(self, data: bytes | None) -> bytes | None:
        """Return rank 0's `data`; that of the other ranks is ignored."""
        return data

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Return the sum over the ranks of each number, computed in float64."""
        return list(numbers)

    def barrier(self) -> None:
        """Wait until all ranks have made this call."""

    def rank_zero_first(self, work: Callable[[], Result]) -> Result:
        """Run `work` on rank 0, then on the others, which find the files that rank 0 has written; return its result."""
        if not self.is_first:
            self.barrier()
            return work()
        result = work()
        self.barrier()
        return result

    def use_gpus(self, wanted: bool) -> bool:
        """Return whether to compute on GPUs: True if `wanted` is True on all ranks."""
        return wanted


ALONE = Ranks()
