"""Whether a saved state is of this training, what differs if not, and what is kept when a training is stopped."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import nn.training.resume
from errors import RanksError, RunError
from nn.parallel import ALONE
from nn.training import StateKeeper, TrainingState, fingerprint_of, left_behind
from nn.training.history import EpochRecord
from nn.training.resume import check_same_training

ASKED = {"people": {"Ada": "3 photos (ab)", "Bob": "2 photos (cd)"}, "seed": 1, "settings": {"epochs": 4, "lr": 0.5}}


def saved(asked: dict[str, Any]) -> dict[str, Any]:
    return {"guard": fingerprint_of(asked), "asked": asked}


def state(asked: dict[str, Any], epochs: int = 1) -> TrainingState:
    return TrainingState({"x": torch.zeros(2)}, {"history": [{}] * epochs, **saved(asked)})


def record() -> EpochRecord:
    numbers = dict.fromkeys(("lr", "train_loss", "train_accuracy", "validation_loss", "seconds"), 0.5)
    return EpochRecord(epoch=1, validation_accuracy=0.25, **numbers)


def test_the_same_training_is_accepted_in_any_order_of_names() -> None:
    check_same_training(Path("run"), saved(ASKED), dict(reversed(ASKED.items())))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 2}, "(seed was 1, is 2)"),
        ({"settings": {"epochs": 5, "lr": 0.5}}, "(epochs was 4, is 5)"),
        ({"people": {"Ada": "3 photos (ab)", "Boris": "2 photos (cd)"}}, "(Bob is gone, Boris is new)"),
        ({"people": {"Ada": "2 photos (ef)", "Bob": "2 photos (cd)"}}, "(Ada was 3 photos (ab), is 2 photos (ef))"),
        ({"processes": 2}, "(processes is new)"),
        (
            {"people": dict.fromkeys("VWXYZ", "1 photos (0)")},
            "(Ada is gone, Bob is gone, V is new, 4 more)",
        ),
    ],
)
def test_what_differs_is_said(change: dict[str, Any], says: str) -> None:
    with pytest.raises(RunError) as error:
        check_same_training(Path("run"), saved(ASKED), ASKED | change)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damaged", [{}, {"guard": "0" * 64}, {"guard": None, "asked": [1]}, {"asked": {}}])
def test_a_file_that_does_not_say_what_it_is_of_is_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="was trained with other data"):
        check_same_training(Path("run"), damaged, ASKED)


def test_the_latest_whole_state_goes_on_and_a_damaged_one_is_named() -> None:
    older, newer = state(ASKED, 1).to_bytes(), state(ASKED, 2).to_bytes()
    notes: list[str] = []

    def found(*states: bytes) -> int | None:
        named = [(Path(f"run/{number}"), data) for number, data in enumerate(states)]
        left, _ = left_behind(Path("run"), lambda: named, lambda: None, ASKED, ALONE, notes.append)
        return None if left is None else len(left.metadata["history"])

    assert found(newer, older) == 2
    assert notes == []
    assert found(newer[:-1], older) == 1
    assert notes[0].startswith("run/0: not a whole checkpoint")
    assert notes[0].endswith("; going on from the state before it, 1")
    assert found() is None
    with pytest.raises(RunError, match=r"run/0: not a whole checkpoint .* remove it: without it, --resume begins anew"):
        found(newer[:9], older[:9])


def test_a_state_comes_before_a_finished_training_and_each_must_be_the_same() -> None:
    finished = {**saved(ASKED), "n": 1}
    other = ASKED | {"seed": 2}
    named = [(Path("run/state"), state(ASKED).to_bytes())]
    for states, of_finished, asked in ((named, finished, other), ([], finished, other)):
        with pytest.raises(RunError, match="seed was 1, is 2"):
            left_behind(Path("run"), lambda: states, lambda: of_finished, asked, ALONE, print)  # noqa: B023
    assert left_behind(Path("run"), lambda: named, lambda: finished, ASKED, ALONE, print)[1] is None
    assert left_behind(Path("run"), lambda: [], lambda: finished, ASKED, ALONE, print) == (None, finished)


class Saved(list[TrainingState]):
    def __call__(self, data: bytes) -> None:
        self.append(TrainingState.from_bytes(data))


def stopped(error: BaseException, epochs: int, resumed: TrainingState | None = None) -> tuple[Saved, str]:
    """What is saved, and what the error says, when it ends a training after so many epochs."""
    kept = Saved()

    def train() -> None:
        with StateKeeper(kept, ASKED, 9, time.monotonic(), resumed) as keeper:
            on_epoch: Callable[..., None] = keeper.showing(lambda word: None)
            for epoch in range(keeper.done + 1, keeper.done + 1 + epochs):
                on_epoch(record(), lambda: state(ASKED, epoch))  # noqa: B023
            raise error

    with pytest.raises(type(error)) as raised:
        train()
    return kept, str(raised.value)


def test_an_interrupt_saves_the_last_whole_epoch_and_says_it() -> None:
    kept, says = stopped(KeyboardInterrupt(), 3)
    assert [len(each.metadata["history"]) for each in kept] == [3]
    assert kept[0].metadata["asked"] == ASKED
    assert says == "stopped after epoch 3 of 9"
    assert stopped(KeyboardInterrupt(), 0) == ([], "stopped in the first epoch, nothing saved")
    assert stopped(KeyboardInterrupt(), 0, state(ASKED, 5))[1] == "stopped after epoch 5 of 9"


def test_the_end_of_another_rank_saves_and_a_fault_does_not() -> None:
    assert len(stopped(RanksError("lost"), 2)[0]) == 1
    assert stopped(MemoryError(), 2)[0] == []


def test_a_state_is_saved_when_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.training.resume, "SAVE_EVERY", 0.0)
    assert len(stopped(MemoryError(), 3)[0]) == 3


def test_the_seconds_before_the_interruption_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = TrainingState({}, {"history": [{}], "seconds": 100.0})
    keeper = StateKeeper(print, ASKED, 9, time.monotonic() - 5, before)
    assert 105 <= keeper.seconds < 106
    assert keeper.done == 1
