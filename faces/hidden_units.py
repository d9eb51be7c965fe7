"""Whom each hidden unit speaks for, and which photos excite it most."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from errors import UsageError


@dataclass(frozen=True)
class Voice:
    """A hidden unit and the person it speaks for most."""

    unit: int
    name: str
    strength: float  # how much more weight it gives this person than the average person


def voices(output_weights: Tensor, classes: NDArray[np.str_]) -> list[Voice]:
    """Return one voice a unit, in order of unit; `output_weights` (classes, hidden).

    The softmax ignores what a unit gives to all people alike, so its outgoing weights are compared after their mean
    has been taken away; the largest that is left names the person.
    """
    above = output_weights - output_weights.mean(0, keepdim=True)
    strength, best = above.max(0)
    return [Voice(unit, str(classes[int(who)]), float(strength[unit])) for unit, who in enumerate(best)]


def chosen_voices(heard: Sequence[Voice], units: Sequence[int] | None) -> list[Voice]:
    """Return the voices of the `units` asked for, all without; UsageError for a unit that does not exist."""
    if units is None:
        return list(heard)
    for unit in units:
        if unit >= len(heard):
            raise UsageError(f"there is no hidden unit {unit}: expected 0 to {len(heard) - 1}")
    return [heard[unit] for unit in dict.fromkeys(units)]


def loudest(heard: Sequence[Voice], units: int) -> list[Voice]:
    """Return at most so many voices of each person, the loudest first; people in alphabetical order."""
    order = sorted(heard, key=lambda voice: (voice.name, -voice.strength))
    return [voice for _, mine in groupby(order, key=lambda voice: voice.name) for voice in islice(mine, units)]


def most_exciting(activations: NDArray[np.float32], photos: int) -> NDArray[np.int64]:
    """Return for each unit the indices of the photos that excite it most, (units, photos); activations (N, units)."""
    order: NDArray[np.int64] = np.argsort(-activations, axis=0, kind="stable")[:photos].T
    return order
