"""Resuming an interrupted training: what is saved while it runs, and whether it is the same training.

What a training is on - model, settings, seed, data - is given as JSON, `asked`; its digest, the fingerprint, is "guard"
in files. It must be equal, so that the resumed training gives the same bits; if not, it is said what differs.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from errors import RanksError, RunError
from nn.parallel import Ranks
from nn.training.history import EpochRecord
from nn.training.state import TrainingState

SAVE_EVERY = 10.0  # seconds between two saved states
_MOST_DIFFERENCES = 3  # that a message names

Asked = Mapping[str, Any]
OnEpoch = Callable[[EpochRecord, Callable[[], TrainingState]], None]
States = Callable[[], Iterable[tuple[Path, bytes]]]
Finished = Callable[[], dict[str, Any] | None]


def fingerprint_of(asked: Asked) -> str:
    """Return the digest of model, settings and data, given as JSON."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def check_same_training(run: Path, saved: Mapping[str, Any], asked: Asked) -> None:
    """Raise RunError unless the files of the folder `run` belong to this training; `saved` has its `guard` and `asked`.

    Files of an earlier version have no `asked`: then the message does not say what differs.
    """
    if saved.get("guard") == fingerprint_of(asked):
        return
    before = saved.get("asked")
    different = list(_differences(before, json.loads(json.dumps(asked)))) if isinstance(before, dict) else []
    more = len(different) - _MOST_DIFFERENCES
    shown = different[:_MOST_DIFFERENCES] + ([f"{more} more"] if more > 0 else [])
    raise RunError(
        f"{run} was trained with other data, another seed or other settings"
        + (f" ({', '.join(shown)})" if shown else "")
        + ": repeat those to resume it, with as many processes, or start anew without --resume"
    )


def left_behind(
    run: Path, states: States, finished: Finished, asked: Asked, ranks: Ranks, on_note: Callable[[str], None]
) -> tuple[TrainingState | None, dict[str, Any] | None]:
    """Return what `--resume` finds in the folder `run`: a saved state, or else the metrics of a finished training.

    `states` yields the files of saved states, the latest first. One that is damaged is passed over, with a line for
    `on_note`, if there is an earlier one. Only rank 0 reads the files. All ranks get the metrics here, and the state in
    `train`. RunError if no state is whole, or the files belong to another training.
    """
    state = found = None
    if ranks.is_first:
        state = _latest(states(), on_note)
        if state is not None:
            check_same_training(run, state.metadata, asked)
        elif (found := finished()) is not None:
            check_same_training(run, found, asked)
    sent = ranks.broadcast_bytes(None if found is None else json.dumps(found).encode())
    return state, json.loads(sent) if sent else None


def _latest(states: Iterable[tuple[Path, bytes]], on_note: Callable[[str], None]) -> TrainingState | None:
    damaged: list[str] = []
    for file, data in states:
        try:
            state = TrainingState.from_bytes(data)
        except RunError as error:
            damaged.append(f"{file}: {error}")
            continue
        for line in damaged:
            on_note(f"{line}; going on from the state before it, {file.name}")
        return state
    if damaged:
        raise RunError(f"{damaged[0]}, or remove it: without it, --resume begins anew")
    return None


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what is different, name by name, in mappings of mappings."""
    for name in [*before, *(name for name in now if name not in before)]:
        was, is_now = before.get(name), now.get(name)
        if was == is_now:
            continue
        if isinstance(was, dict) and isinstance(is_now, dict):
            yield from _differences(was, is_now)
        elif name not in now:
            yield f"{name} is gone"
        elif name not in before:
            yield f"{name} is new"
        else:
            yield f"{name} was {was}, is {is_now}"


class StateKeeper(AbstractContextManager["StateKeeper"]):
    """Keeps the state after each epoch, and saves it at most every SAVE_EVERY seconds for `--resume`.

    Within its block an interrupt, or the end of another rank, saves the last whole epoch; the interrupt is then raised
    with what was done as its text.
    """

    def __init__(
        self,
        save: Callable[[bytes], None],
        asked: Asked,
        epochs: int,
        started: float,
        resumed: TrainingState | None = None,
    ) -> None:
        """`epochs` is how many there are to be at most, `started` when the work began, on `time.monotonic`'s clock;
        `resumed` is the state that the training goes on from."""
        self._save, self._asked, self._epochs = save, asked, epochs
        self._before = 0.0 if resumed is None else float(resumed.metadata.get("seconds", 0.0))
        self._started, self._saved = started, time.monotonic()
        self._last = resumed

    @property
    def done(self) -> int:
        """How many epochs have ended, in all."""
        return 0 if self._last is None else len(self._last.metadata["history"])

    @property
    def seconds(self) -> float:
        """How long the work has taken so far, with the time before it was interrupted."""
        return self._before + time.monotonic() - self._started

    def showing(self, advance: Callable[[str], None]) -> OnEpoch:
        """Return what is called after each epoch: it keeps the state, saves it if it is time, and calls `advance`."""

        def on_epoch(record: EpochRecord, state: Callable[[], TrainingState]) -> None:
            self._last = state()
            if time.monotonic() - self._saved >= SAVE_EVERY:
                self.save()
            advance("" if record.validation_accuracy is None else f"validation {record.validation_accuracy:.1%}")

        return on_epoch

    def save(self) -> None:
        """Save the state at the end of the last epoch, if there was one."""
        if self._last is not None:
            about = {"guard": fingerprint_of(self._asked), "asked": self._asked, "seconds": self.seconds}
            self._save(TrainingState(self._last.tensors, {**self._last.metadata, **about}).to_bytes())
            self._saved = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Save what there is when the training is stopped."""
        if isinstance(error, KeyboardInterrupt | RanksError):
            self.save()
        if isinstance(error, KeyboardInterrupt):
            until = f"after epoch {self.done} of {self._epochs}" if self.done else "in the first epoch, nothing saved"
            error.args = (f"stopped {until}",)
