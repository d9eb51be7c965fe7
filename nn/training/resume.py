"""Resuming an interrupted training: what is saved while it runs, and whether it is the same training.

The fingerprint, "guard" in files, is a digest of all that must be equal - model, settings, seed, data - so that the
resumed training gives the same bits. The caller knows what that is.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from errors import RunError
from nn.parallel import Ranks
from nn.training.history import EpochRecord
from nn.training.state import TrainingState

SAVE_EVERY = 10.0  # seconds between two saved states


def fingerprint_of(asked: Mapping[str, Any]) -> str:
    """Return the digest of model, settings and data, given as JSON."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def saved_state(file: Path, fingerprint: str) -> TrainingState | None:
    """Return the state that a training saved, None if there is none. RunError if it is another training's."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    state = TrainingState.from_bytes(data)
    check_fingerprint(file.parent, state.metadata.get("guard"), fingerprint)
    return state


def check_fingerprint(run: Path, saved: object, fingerprint: str) -> None:
    """Raise RunError unless the folder `run` belongs to this training."""
    if saved != fingerprint:
        raise RunError(
            f"{run} was trained with other data, another seed or other settings: repeat those to resume it, with as "
            "many processes, or start anew without --resume"
        )


def left_behind(
    state_file: Path, metrics: Callable[[], dict[str, Any] | None], fingerprint: str, ranks: Ranks
) -> tuple[TrainingState | None, dict[str, Any] | None]:
    """Return what `--resume` finds: a saved state, or else the metrics of a finished training, or neither.

    Only rank 0 reads the files. All ranks get the metrics here, and the state in `train`. RunError if the files belong
    to another training.
    """
    state = finished = None
    if ranks.is_first:
        state = saved_state(state_file, fingerprint)
        if state is None and (finished := metrics()) is not None:
            check_fingerprint(state_file.parent, finished.get("guard"), fingerprint)
    sent = ranks.broadcast_bytes(None if finished is None else json.dumps(finished).encode())
    return state, json.loads(sent) if sent else None


class StateKeeper:
    """Called after each epoch: shows progress, and saves at most every SAVE_EVERY seconds what `--resume` needs."""

    def __init__(self, save: Callable[[bytes], None], fingerprint: str, advance: Callable[[str], None]) -> None:
        self._save, self._fingerprint, self._advance = save, fingerprint, advance
        self._saved = time.monotonic()

    def __call__(self, record: EpochRecord, state: Callable[[], TrainingState]) -> None:
        """Show the epoch, and save the state if it is time."""
        if time.monotonic() - self._saved >= SAVE_EVERY:
            snapshot = state()
            self._save(TrainingState(snapshot.tensors, {**snapshot.metadata, "guard": self._fingerprint}).to_bytes())
            self._saved = time.monotonic()
        self._advance("" if record.validation_accuracy is None else f"validation {record.validation_accuracy:.1%}")
