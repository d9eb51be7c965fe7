"""An interrupted training goes on: what is saved while it runs, and whether it is the same training.

The guard is a digest of all that must be equal - model, settings, seed, photos - for the rest to be bit-equal to an
unbroken run. Neighbours: `training_run`, and `nn.training_state`, which says what a state is.
"""

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from data.publish import publish
from data.split import Split
from errors import RunError
from faces import run as files
from faces.classifier import Classifier
from nn.history import EpochRecord
from nn.training_state import TrainingState

SAVE_EVERY = 10.0  # seconds between two saved states


def guard_of(classifier: Classifier, parts: Split) -> str:
    """Return the digest of what is trained, how, and on what; classifier not yet trained."""
    photos = {name: [photo.sha256 for photo in getattr(parts, name)] for name in ("train", "validation", "test")}
    asked = {"model": classifier.kind, "seed": classifier.seed, "photos": photos, **classifier.identity()}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def saved_state(out: Path, guard: str) -> TrainingState | None:
    """Read the state an interrupted training left, None if there is none. RunError when it is another training's."""
    try:
        data = (out / files.STATE).read_bytes()
    except FileNotFoundError:
        return None
    state = TrainingState.from_bytes(data)
    check_guard(out, state.metadata.get("guard"), guard)
    return state


def check_guard(out: Path, saved: object, guard: str) -> None:
    """Raise RunError unless `out` belongs to this very training."""
    if saved != guard:
        raise RunError(
            f"{out} was trained with other photos, another seed or other settings: repeat those to resume it, "
            "or start anew without --resume"
        )


class StateKeeper:
    """Called after each epoch: shows progress, and now and then saves what `--resume` needs."""

    def __init__(self, out: Path, guard: str, advance: Callable[[str], None]) -> None:
        self._out, self._guard, self._advance = out, guard, advance
        self._saved = time.monotonic()

    def __call__(self, record: EpochRecord, state: Callable[[], TrainingState]) -> None:
        """Take note of an epoch."""
        if time.monotonic() - self._saved >= SAVE_EVERY:
            snapshot = state()
            kept = TrainingState(snapshot.tensors, {**snapshot.metadata, "guard": self._guard})
            publish(self._out / files.STATE, kept.to_bytes())
            self._saved = time.monotonic()
        self._advance("" if record.validation_accuracy is None else f"validation {record.validation_accuracy:.1%}")
