"""What torchrun tells a process of the others, by the environment; and joining them, if there are any."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from errors import UsageError
from nn.parallel.ranks import ALONE, Ranks

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class TorchrunEnv:
    """What torchrun has told this process."""

    rank: int
    size: int
    local_rank: int
    """Among the ranks on this machine: the number of its GPU."""

    @staticmethod
    def of(environment: Mapping[str, str]) -> "TorchrunEnv | None":
        """Read torchrun's variables, None if it did not start us. UsageError when some are missing or no numbers."""
        if not {"RANK", "WORLD_SIZE"} & environment.keys():
            return None
        missing = [name for name in NAMES if name not in environment]
        if missing:
            present = " and ".join(name for name in NAMES if name in environment)
            raise UsageError(
                f"{present} in the environment, but no {missing[0]}: expected {', '.join(NAMES)}, as torchrun sets "
                f"them; start with torchrun, or unset {present}"
            )
        try:
            rank, size, local = (int(environment[name]) for name in NAMES[:3])
        except ValueError:
            rank = size = local = -1
        if not 0 <= rank < size or not 0 <= local < size:
            told = ", ".join(f"{name}={environment[name]}" for name in NAMES[:3])
            raise UsageError(f"{told} in the environment: expected ranks from 0 to WORLD_SIZE - 1; start with torchrun")
        return TorchrunEnv(rank, size, local)


@contextmanager
def join_ranks(environment: Mapping[str, str]) -> Iterator[Ranks]:
    """Join the processes that torchrun has started with this one, and leave them at the end; else yield ALONE."""
    world = TorchrunEnv.of(environment)
    if world is None or world.size == 1:
        yield ALONE
        return
    from nn.parallel.process_group import joined

    with joined(world) as ranks:
        yield ranks
