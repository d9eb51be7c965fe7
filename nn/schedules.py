"""The learning rate as a function of the step: a schedule is called with the step and returns the rate.

A step is one call of `Optimiser.step`; the first is step 0. Schedules have no state, so a resumed training continues
with the same rates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from nn.checks import at_least, fraction

Schedule = Callable[[int], float]


@dataclass(frozen=True)
class Constant:
    """lr at every step."""

    lr: float

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.lr


@dataclass(frozen=True)
class Step:
    """lr * factor^(step // every)."""

    lr: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        at_least("Step", "every", self.every, 1)

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.lr * self.factor ** (step // self.every)


@dataclass(frozen=True)
class Exponential:
    """lr * exp(-decay * step)."""

    lr: float
    decay: float

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.lr * math.exp(-self.decay * step)


@dataclass(frozen=True)
class InverseTime:
    """lr / (1 + decay * step)."""

    lr: float
    decay: float

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.lr / (1 + self.decay * step)


@dataclass(frozen=True)
class Cosine:
    """A linear warm-up to `lr` over `warm_up` steps, then half a cosine from `lr` down to `final` at step `steps`.

    In the warm-up step i has lr * (i + 1) / (warm_up + 1); after `steps` the rate stays at `final`.
    """

    lr: float
    steps: int
    warm_up: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        at_least("Cosine", "steps", self.steps, self.warm_up + 1)

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        if step < self.warm_up:
            return self.lr * (step + 1) / (self.warm_up + 1)
        return _half_cosine(self.lr, self.final, (step - self.warm_up) / (self.steps - self.warm_up))


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up to `lr` over the fraction `rise` of `steps`, then half a cosine down to almost 0.

    Smith & Topin, Super-Convergence, 2018, with the defaults of torch's OneCycleLR: `start` and `final` are
    fractions of `lr`. The last step, `steps - 1`, has the final rate.
    """

    lr: float
    steps: int
    rise: float = 0.3
    start: float = 1 / 25
    final: float = 1 / 250_000

    def __post_init__(self) -> None:
        at_least("OneCycle", "steps", self.steps, 2)
        fraction("OneCycle", "rise", self.rise)

    def __call__(self, step: int) -> float:
        """Return the learning rate of a step."""
        top, last = self.rise * self.steps - 1, self.steps - 1
        if step < top:
            return _half_cosine(self.lr * self.start, self.lr, step / top)
        return _half_cosine(self.lr, self.lr * self.final, (step - top) / (last - top))


def _half_cosine(start: float, end: float, progress: float) -> float:
    """Return half a cosine from `start` (progress 0) to `end` (progress 1 and later)."""
    return end + (start - end) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
