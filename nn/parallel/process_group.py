"""The ranks of a training as processes, on one machine or several: the only file that uses torch.distributed.

Tensors in main memory are sent by gloo, tensors on a GPU by NCCL. When one rank fails, all end: those that wait for it
see its connection close. Only the first to fail prints why.
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

from errors import FacesError, RanksError, Terminated
from nn.parallel.ranks import Ranks
from nn.parallel.torchrun_env import TorchrunEnv

STEP_TIMEOUT = timedelta(minutes=5)  # a rank that ends is noticed at once; this is for one that cannot be reached
BARRIER_TIMEOUT = timedelta(days=1)  # before a barrier one rank may have more work: reading photos, computing features
FAILURE_TIMEOUT = timedelta(seconds=5)  # for asking which rank failed first
INTERRUPTED = 130  # exit code after Ctrl-C


class ProcessGroup(Ranks):
    """This process among the ranks."""

    def __init__(self, env: TorchrunEnv, store: Store) -> None:
        super().__init__(env.rank, env.size)
        self._store = store
        self._barrier_group: Any = dist.new_group(backend="gloo", timeout=BARRIER_TIMEOUT)
        self._gpu_group: Any = None  # the group that uses NCCL, made once all ranks have a GPU

    def use_gpus(self, wanted: bool) -> bool:
        """Return whether all ranks want a GPU; then tensors on GPUs can be sent."""
        agreed = self.sum([float(wanted)])[0] == self.size
        if agreed and self._gpu_group is None:
            self._gpu_group = dist.new_group(backend="nccl", timeout=STEP_TIMEOUT)
        return agreed

    def check_same(self, digest: str, what: str) -> None:
        """Compare each rank's digest with rank 0's, and tell all ranks the result."""
        first = self.broadcast_bytes(digest.encode())
        if any(self.sum([float(first != digest.encode())])):
            raise RanksError(
                f"{what} differ between the {self.size} processes: give all the same flags, and on several machines "
                "one shared folder or equal copies"
            )

    def all_reduce(self, x: Tensor) -> None:
        """Sum over the ranks, in place."""
        with self._lost_rank_named():
            dist.all_reduce(x, group=self._gpu_group if x.is_cuda else None)

    def broadcast(self, x: Tensor) -> None:
        """Overwrite with rank 0's, in place."""
        with self._lost_rank_named():
            dist.broadcast(x, 0, group=self._gpu_group if x.is_cuda else None)

    def broadcast_bytes(self, data: bytes | None) -> bytes | None:
        """Send rank 0's bytes to all: first their number, -1 for None, then the bytes."""
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
        self.all_reduce(sums)
        return [float(number) for number in sums]

    def barrier(self) -> None:
        """Wait for all ranks, up to BARRIER_TIMEOUT."""
        with self._lost_rank_named():
            dist.barrier(group=self._barrier_group)

    def is_first_failure(self, error: BaseException) -> bool:
        """Return whether no other rank has failed before this one; then this one prints why. Ctrl-C and TERM, which all
        ranks get, are told by rank 0, which saves.

        The count of failures is kept by rank 0. If that has ended, the answer is True, but for Ctrl-C, which all ranks
        get and rank 0 has printed.
        """
        try:
            self._store.set_timeout(FAILURE_TIMEOUT)
            first = bool(self._store.add("failed", 1) == 1)
            return self.is_first if isinstance(error, KeyboardInterrupt) else first
        except RuntimeError:
            return not isinstance(error, KeyboardInterrupt)

    @contextmanager
    def _lost_rank_named(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise RanksError(
                f"process {self.rank} of {self.size} has lost another one, which ended or no longer answers: look "
                "at what it said, then start all again (--resume goes on with what was saved)"
            ) from error


@contextmanager
def process_group(env: TorchrunEnv) -> Iterator[ProcessGroup]:
    """Join the other ranks, and leave them at the end. RanksError when they cannot be reached."""
    show_own_gpu(os.environ, env.local_rank)
    group = _join(env)
    try:
        yield group
    except (Exception, KeyboardInterrupt) as error:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun repeats Ctrl-C within milliseconds
        if group.is_first_failure(error):
            raise
        otherwise = INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
        raise SystemExit(error.exit_code if isinstance(error, FacesError | Terminated) else otherwise) from error
    finally:
        with suppress(RuntimeError):  # of ranks that have ended already
            dist.destroy_process_group()


def show_own_gpu(environment: MutableMapping[str, str], local_rank: int) -> None:
    """Set CUDA_VISIBLE_DEVICES to this process's GPU, so that "cuda" means that one. Call before using CUDA."""
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    own = [str(local_rank)] if visible is None else visible.split(",")[local_rank : local_rank + 1]
    environment["CUDA_VISIBLE_DEVICES"] = ",".join(own)


def _join(env: TorchrunEnv) -> ProcessGroup:
    try:
        store, _, _ = next(rendezvous("env://", timeout=STEP_TIMEOUT))
        dist.init_process_group(
            "gloo", store=PrefixStore("ranks", store), rank=env.rank, world_size=env.size, timeout=STEP_TIMEOUT
        )
        return ProcessGroup(env, PrefixStore("faces", store))
    except (RuntimeError, ValueError) as error:
        raise RanksError(
            f"process {env.rank} of {env.size} cannot reach the others at MASTER_ADDR={os.environ['MASTER_ADDR']} "
            f"MASTER_PORT={os.environ['MASTER_PORT']} ({str(error).splitlines()[0]}): start all with torchrun"
        ) from error
