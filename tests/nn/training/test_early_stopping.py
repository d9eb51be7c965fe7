"""Early stopping by replay: a list of numbers goes in, the epoch it stops at and the best one come out."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from errors import LayerError
from nn.training import TrainingSettings
from nn.training.early_stopping import EarlyStopping, Mode, Rule


def replay(stopping: EarlyStopping, numbers: list[float]) -> tuple[int | None, int]:
    """Return the epoch it stopped at, or None, and the best epoch so far."""
    for epoch, number in enumerate(numbers, start=1):
        if stopping.update(number):
            return epoch, stopping.best_epoch
    return None, stopping.best_epoch


@pytest.mark.parametrize(
    ("numbers", "patience", "mode", "stopped", "best"),
    [
        ([5, 4, 3, 2, 1], 2, "min", None, 5),
        ([5, 4, 4.5, 4.2, 3], 2, "min", 4, 2),
        ([5, 4, 4.5, 3, 3.5, 3.2], 2, "min", 6, 4),
        ([1, 1, 1], 2, "min", 3, 1),
        ([0.1, 0.3, 0.2, 0.3], 2, "max", 4, 2),
        ([1, 2, 3], 1, "min", 2, 1),
        ([1, 2, 3], None, "min", None, 1),
        ([math.nan, math.nan, 1, 2], 2, "min", 2, 0),
        ([2, math.nan, 1, math.nan], 2, "min", None, 3),
        ([2, math.inf, math.inf], 2, "min", 3, 1),
    ],
)
def test_it_stops_when_nothing_better_comes(
    numbers: list[float], patience: int | None, mode: Mode, stopped: int | None, best: int
) -> None:
    assert replay(EarlyStopping(patience, mode=mode), numbers) == (stopped, best)


@pytest.mark.parametrize(
    ("numbers", "mode", "stopped", "best"),
    [
        ([9, 1, 2, 3, 4], "min", 5, 2),
        ([9, 1, 2, 3, 3, 4, 5], "min", None, 2),
        ([9, 1, 5, 4, 3, 2, 3, 4, 5], "min", 9, 2),
        ([0, 9, 8, 7, 6], "max", 5, 2),
        ([1, math.nan, math.nan, math.nan], "min", 4, 1),
    ],
)
def test_it_stops_when_it_has_worsened_three_times_in_a_row(
    numbers: list[float], mode: Mode, stopped: int | None, best: int
) -> None:
    assert replay(EarlyStopping(3, mode=mode, rule="worsened"), numbers) == (stopped, best)


@pytest.mark.parametrize(("rule", "stopped"), [("no_better", 12), ("worsened", 12)])
def test_it_counts_from_the_first_epoch_named(rule: Rule, stopped: int) -> None:
    rising = [float(i) for i in range(20)]
    assert replay(EarlyStopping(3, rule=rule, first_epoch=10), rising) == (stopped, 1)


@example(numbers=[1.0, -math.inf, -math.inf, 2.0], cut=2, rule="no_better", mode="min")
@given(
    numbers=st.lists(st.floats(width=16), min_size=1, max_size=30),
    cut=st.integers(0, 30),
    rule=st.sampled_from(["no_better", "worsened"]),
    mode=st.sampled_from(["min", "max"]),
)
def test_a_saved_state_goes_on_alike(numbers: list[float], cut: int, rule: Rule, mode: Mode) -> None:
    unbroken, first, second = (EarlyStopping(3, mode=mode, rule=rule, first_epoch=2) for _ in range(3))
    expected = [(unbroken.update(n), unbroken.is_best, unbroken.best_epoch) for n in numbers]
    got = [(first.update(n), first.is_best, first.best_epoch) for n in numbers[:cut]]
    second.load(json.loads(json.dumps(first.state(), allow_nan=False)))
    got += [(second.update(n), second.is_best, second.best_epoch) for n in numbers[cut:]]
    assert got == expected


def test_a_longer_patience_goes_on_where_a_shorter_one_stopped() -> None:
    short, long = EarlyStopping(2), EarlyStopping(4)
    assert replay(short, [1, 2, 3]) == (3, 1)
    long.load(short.state())
    assert not long.should_stop
    assert replay(long, [4, 5])[0] == 2


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(LayerError, match="EarlyStopping: patience must be at least 1, got 0"):
        EarlyStopping(0)
    with pytest.raises(LayerError, match="mode must be one of min, max, got best"):
        EarlyStopping(1, mode="best")  # type: ignore[arg-type]


def test_a_training_counts_bad_epochs_from_the_first_one_unless_told() -> None:
    usual = TrainingSettings(epochs=9, batch_size=1, patience=1)
    for settings, stops_in in ((usual, 2), (replace(usual, first_epoch=3), 3)):
        stopping = settings.early_stopping()
        assert [stopping.update(1.0) for _ in range(5)].index(True) + 1 == stops_in
