"""torchrun's environment variables, and joining the processes that they tell of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from errors import UsageError
from nn.parallel.ranks import ALONE, Ranks

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class TorchrunEnv:
    """This process's place among those that torchrun started."""

    rank: int
    size: int
    local_rank: int
    """Its rank among those on this machine: the number of its GPU."""

    @staticmethod
    def of(environment: Mapping[str, str]) -> "TorchrunEnv | None":
        """Read torchrun's variables; None if there are none. UsageError if some are missing or not valid."""
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
    """Join the processes that torchrun started with this one; yield ALONE if there are none."""
    env = TorchrunEnv.of(environment)
    if env is None or env.size == 1:
        yield ALONE
        return
    from nn.parallel.process_group import process_group

    with process_group(env) as ranks:
        yield ranks
