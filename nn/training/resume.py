"""An interrupted training goes on: what is saved while it runs, and whether it is the same training.

The guard is a digest of all that must be equal - model, settings, seed, data - for the rest to be bit-equal to an
unbroken run; who calls knows what that is. Where the bytes go is the caller's business, too.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from errors import RunError
from nn.parallel.ranks import Ranks
from nn.training.history import EpochRecord
from nn.training.state import TrainingState

SAVE_EVERY = 10.0  # seconds between two saved states


def fingerprint_of(asked: Mapping[str, Any]) -> str:
    """Return the digest of what is trained, how, and on what, given as JSON."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def saved_state(file: Path, fingerprint: str) -> TrainingState | None:
    """Read the state an interrupted training left, None if there is none. RunError when it is another training's."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    state = TrainingState.from_bytes(data)
    check_fingerprint(file.parent, state.metadata.get("guard"), fingerprint)
    return state


def check_fingerprint(run: Path, saved: object, fingerprint: str) -> None:
    """Raise RunError unless the folder `run` belongs to this very training."""
    if saved != fingerprint:
        raise RunError(
            f"{run} was trained with other data, another seed or other settings: repeat those to resume it, with as "
            "many processes, or start anew without --resume"
        )


def left_behind(
    state_file: Path, metrics: Callable[[], dict[str, Any] | None], fingerprint: str, ranks: Ranks
) -> tuple[TrainingState | None, dict[str, Any] | None]:
    """Return what `--resume` finds: a state to go on with, or else the metrics of a finished training, or neither.

    Only the first rank looks, and the others hear of the metrics; of the state `train` tells them. RunError when what
    is there belongs to another training.
    """
    state = finished = None
    if ranks.is_first:
        state = saved_state(state_file, fingerprint)
        if state is None and (finished := metrics()) is not None:
            check_fingerprint(state_file.parent, finished.get("guard"), fingerprint)
    told = ranks.broadcast_bytes(None if finished is None else json.dumps(finished).encode())
    return state, json.loads(told) if told else None


class StateKeeper:
    """Called after each epoch: shows progress, and now and then has what `--resume` needs saved."""

    def __init__(self, save: Callable[[bytes], None], fingerprint: str, advance: Callable[[str], None]) -> None:
        self._save, self._fingerprint, self._advance = save, fingerprint, advance
        self._saved = time.monotonic()

    def __call__(self, record: EpochRecord, state: Callable[[], TrainingState]) -> None:
        """Take note of an epoch."""
        if time.monotonic() - self._saved >= SAVE_EVERY:
            snapshot = state()
            self._save(TrainingState(snapshot.tensors, {**snapshot.metadata, "guard": self._fingerprint}).to_bytes())
            self._saved = time.monotonic()
        self._advance("" if record.validation_accuracy is None else f"validation {record.validation_accuracy:.1%}")
