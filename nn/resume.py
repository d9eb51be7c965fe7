"""An interrupted training goes on: what is saved while it runs, and whether it is the same training.

The guard is a digest of all that must be equal - model, settings, seed, data - for the rest to be bit-equal to an
unbroken run; who calls knows what that is. Where the bytes go is the caller's business, too. Neighbour:
`training_state`, which says what a state is.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from errors import RunError
from nn.history import EpochRecord
from nn.ranks import Ranks
from nn.training_state import TrainingState

SAVE_EVERY = 10.0  # seconds between two saved states


def guard_of(asked: Mapping[str, Any]) -> str:
    """Return the digest of what is trained, how, and on what, given as JSON."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def saved_state(file: Path, guard: str) -> TrainingState | None:
    """Read the state an interrupted training left, None if there is none. RunError when it is another training's."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    state = TrainingState.from_bytes(data)
    check_guard(file.parent, state.metadata.get("guard"), guard)
    return state


def check_guard(run: Path, saved: object, guard: str) -> None:
    """Raise RunError unless the folder `run` belongs to this very training."""
    if saved != guard:
        raise RunError(
            f"{run} was trained with other data, another seed or other settings: repeat those to resume it, with as "
            "many processes, or start anew without --resume"
        )


def left_behind(
    state_file: Path, metrics: Callable[[], dict[str, Any] | None], guard: str, ranks: Ranks
) -> tuple[TrainingState | None, dict[str, Any] | None]:
    """Return what `--resume` finds: a state to go on with, or else the metrics of a finished training, or neither.

    Only the first rank looks, and the others hear of the metrics; of the state `train` tells them. RunError when what
    is there belongs to another training.
    """
    state = finished = None
    if ranks.is_first:
        state = saved_state(state_file, guard)
        if state is None and (finished := metrics()) is not None:
            check_guard(state_file.parent, finished.get("guard"), guard)
    told = ranks.tell(None if finished is None else json.dumps(finished).encode())
    return state, json.loads(told) if told else None


class StateKeeper:
    """Called after each epoch: shows progress, and now and then has what `--resume` needs saved."""

    def __init__(self, save: Callable[[bytes], None], guard: str, advance: Callable[[str], None]) -> None:
        self._save, self._guard, self._advance = save, guard, advance
        self._saved = time.monotonic()

    def __call__(self, record: EpochRecord, state: Callable[[], TrainingState]) -> None:
        """Take note of an epoch."""
        if time.monotonic() - self._saved >= SAVE_EVERY:
            snapshot = state()
            self._save(TrainingState(snapshot.tensors, {**snapshot.metadata, "guard": self._guard}).to_bytes())
            self._saved = time.monotonic()
        self._advance("" if record.validation_accuracy is None else f"validation {record.validation_accuracy:.1%}")
