"""The ranks of one training as processes, on one machine or several: torch.distributed, and nothing of it elsewhere.

Numbers in ordinary memory travel by gloo, those on a GPU by NCCL. When one rank fails all end: a closed connection
ends whoever waits for it, and only the first to fail says why.
"""

import os
import signal
import threading
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from errors import FacesError, RanksError
from nn.parallel.ranks import Ranks
from nn.parallel.torchrun_env import TorchrunEnv

ANSWER = timedelta(minutes=5)  # for a step's numbers: a rank that ends is noticed at once, a dead cable is not
PATIENCE = timedelta(days=1)  # for work that one rank may have more of: opening photos, computing features
LAST_WORD = timedelta(seconds=5)  # for finding out who failed first
INTERRUPTED = 130  # what a process ends with after Ctrl-C


class ProcessGroup(Ranks):
    """This process among the ranks. Every method is to be called by all of them, in the same order."""

    def __init__(self, world: TorchrunEnv, store: Store) -> None:
        super().__init__(world.rank, world.size)
        self._store = store
        self._waiting: Any = dist.new_group(backend="gloo", timeout=PATIENCE)
        self._gpus: Any = None  # the group that talks by NCCL, once all have a GPU

    def agree_on_gpus(self, wanted: bool) -> bool:
        """Return whether all ranks want a GPU; then numbers on GPUs can be added up."""
        agreed = self.sum([float(wanted)])[0] == self.size
        if agreed and self._gpus is None:
            self._gpus = dist.new_group(backend="nccl", timeout=ANSWER)
        return agreed

    def check_same(self, mark: str, what: str) -> None:
        """Compare each rank's with the first one's; all learn whether one differs."""
        first = self.broadcast_bytes(mark.encode())
        if any(self.sum([float(first != mark.encode())])):
            raise RanksError(
                f"{what} differ between the {self.size} processes: give all the same flags, and on several machines "
                "one shared folder or equal copies"
            )

    def add(self, x: Tensor) -> None:
        """Sum over the ranks, in place."""
        with self._all_present():
            dist.all_reduce(x, group=self._gpus if x.is_cuda else None)

    def broadcast(self, x: Tensor) -> None:
        """Overwrite with the first rank's, in place."""
        with self._all_present():
            dist.broadcast(x, 0, group=self._gpus if x.is_cuda else None)

    def broadcast_bytes(self, data: bytes | None) -> bytes | None:
        """Send the first rank's bytes to all: their number, -1 for None, then they themselves."""
        length = torch.tensor(-1 if data is None else len(data))
        self.broadcast(length)
        if length < 0:
            return None
        content = torch.empty(int(length), dtype=torch.uint8)
        if self.is_first and data:
            content = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        if len(content):
            self.broadcast(content)
        return content.numpy().tobytes()

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Sum over the ranks in float64, where counts are exact."""
        sums = torch.tensor(numbers, dtype=torch.float64)
        self.add(sums)
        return [float(number) for number in sums]

    def wait(self) -> None:
        """Wait for all, for as long as they live."""
        with self._all_present():
            dist.barrier(group=self._waiting)

    def fails_first(self) -> bool:
        """Whether no other rank has failed before this one: then this one says why."""
        try:
            self._store.set_timeout(LAST_WORD)
            return bool(self._store.add("failed", 1) == 1)
        except RuntimeError:  # the store has gone with its process, and nobody can be asked
            return True

    @contextmanager
    def _all_present(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise RanksError(
                f"process {self.rank} of {self.size} has lost another one, which ended or no longer answers: look "
                "at what it said, then start all again (--resume goes on with what was saved)"
            ) from error


@contextmanager
def joined(world: TorchrunEnv) -> Iterator[ProcessGroup]:
    """Join the other ranks, and leave them at the end. RanksError when they do not come."""
    show_own_gpu(os.environ, world.local_rank)
    group = _join(world)
    try:
        yield group
    except (Exception, KeyboardInterrupt) as error:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun repeats Ctrl-C within milliseconds
        if group.fails_first():
            raise
        code = error.exit_code if isinstance(error, FacesError) else 1
        raise SystemExit(INTERRUPTED if isinstance(error, KeyboardInterrupt) else code) from error
    finally:
        with suppress(RuntimeError):  # of ranks that have ended already
            dist.destroy_process_group()


def show_own_gpu(environment: MutableMapping[str, str], local_rank: int) -> None:
    """Leave this process the one GPU that is its own, so that "cuda" means it in every thread; before CUDA is asked."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    own = [str(local_rank)] if visible is None else visible.split(",")[local_rank : local_rank + 1]
    environment["CUDA_VISIBLE_DEVICES"] = ",".join(own)


def _join(world: TorchrunEnv) -> ProcessGroup:
    try:
        store, _, _ = next(rendezvous("env://", timeout=ANSWER))
        dist.init_process_group(
            "gloo", store=PrefixStore("ranks", store), rank=world.rank, world_size=world.size, timeout=ANSWER
        )
        return ProcessGroup(world, PrefixStore("faces", store))
    except (RuntimeError, ValueError) as error:
        raise RanksError(
            f"process {world.rank} of {world.size} cannot reach the others at MASTER_ADDR={os.environ['MASTER_ADDR']} "
            f"MASTER_PORT={os.environ['MASTER_PORT']} ({str(error).splitlines()[0]}): start all with torchrun"
        ) from error
