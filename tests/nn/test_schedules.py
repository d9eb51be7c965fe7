"""Schedules by value, and the two that torch has too against torch's."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from errors import LayerError
from nn.schedules import Constant, Cosine, Exponential, InverseTime, OneCycle, Schedule, Step

ALL = [
    Constant(0.1),
    Step(0.1, every=7),
    Exponential(0.1, decay=0.01),
    InverseTime(0.1, decay=0.01),
    Cosine(0.1, steps=40, warm_up=5, final=0.001),
    OneCycle(0.1, steps=40),
]


@pytest.mark.parametrize(
    ("schedule", "step", "lr"),
    [
        (Constant(0.3), 0, 0.3),
        (Constant(0.3), 10**6, 0.3),
        (Step(0.8, every=10, factor=0.5), 9, 0.8),
        (Step(0.8, every=10, factor=0.5), 10, 0.4),
        (Step(0.8, every=10, factor=0.5), 35, 0.1),
        (Exponential(0.8, decay=0.0002), 0, 0.8),
        (Exponential(0.8, decay=0.0002), 5000, 0.8 / math.e),
        (InverseTime(0.1, decay=0.01), 0, 0.1),
        (InverseTime(0.1, decay=0.01), 100, 0.05),
        (Cosine(0.2, steps=100), 0, 0.2),
        (Cosine(0.2, steps=100), 50, 0.1),
        (Cosine(0.2, steps=100, final=0.1), 100, 0.1),
        (Cosine(0.2, steps=100, final=0.1), 1000, 0.1),
        (Cosine(0.2, steps=100, warm_up=3), 0, 0.05),
        (Cosine(0.2, steps=100, warm_up=3), 2, 0.15),
        (Cosine(0.2, steps=100, warm_up=3), 3, 0.2),
        (OneCycle(0.5, steps=100), 0, 0.02),
        (OneCycle(0.5, steps=100), 29, 0.5),
        (OneCycle(0.5, steps=100), 99, 2e-6),
        (OneCycle(0.5, steps=100), 500, 2e-6),
        (OneCycle(0.5, steps=2, rise=0.5), 0, 0.5),  # no step rises
        (OneCycle(0.5, steps=2, rise=0.5), 1, 2e-6),
        (Cosine(0.2, steps=1), 0, 0.2),  # the least that is allowed
        (Cosine(0.2, steps=2, warm_up=1), 0, 0.1),
        (Cosine(0.2, steps=2, warm_up=1), 1, 0.2),
        (Step(0.8, every=1), 1, 0.08),
    ],
)
def test_values(schedule: Schedule, step: int, lr: float) -> None:
    assert schedule(step) == pytest.approx(lr, rel=1e-9)


def oracle(steps: int, kind: str) -> list[float]:
    """Return the rates of torch's scheduler, step by step."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler: torch.optim.lr_scheduler.LRScheduler
    if kind == "cosine":
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=steps)
    else:
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.1, total_steps=steps)
    rates = []
    for _ in range(steps):
        rates.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        scheduler.step() if len(rates) < steps else None
    return rates


@pytest.mark.parametrize("steps", [10, 37, 100])
def test_cosine_and_one_cycle_are_torchs(steps: int) -> None:
    assert [Cosine(0.1, steps)(i) for i in range(steps)] == pytest.approx(oracle(steps, "cosine"))
    assert [OneCycle(0.1, steps)(i) for i in range(steps)] == pytest.approx(oracle(steps, "one cycle"))


@given(schedule=st.sampled_from(ALL), step=st.integers(0, 10**5))
def test_a_rate_is_never_negative_nor_above_lr_and_the_same_when_asked_again(schedule: Schedule, step: int) -> None:
    assert 0 <= schedule(step) <= 0.1 * (1 + 1e-12)
    assert schedule(step) == schedule(step)


def test_what_cannot_be_meant_is_refused() -> None:
    with pytest.raises(LayerError, match="Step: every must be at least 1, got 0"):
        Step(0.1, every=0)
    with pytest.raises(LayerError, match="Cosine: steps must be at least 6, got 5"):
        Cosine(0.1, steps=5, warm_up=5)
    with pytest.raises(LayerError, match="OneCycle: rise must be in"):
        OneCycle(0.1, steps=5, rise=1.0)
