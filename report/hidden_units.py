"""For which class each hidden unit has its largest output weight, and which samples activate it most.

A class is a person, or a digit. In a network without a hidden layer the outputs take the place of hidden units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

from errors import UsageError


@dataclass(frozen=True)
class UnitClass:
    """A hidden unit and the class that it has its largest output weight for."""

    unit: int
    name: str
    strength: float  # that weight, less the unit's mean output weight


def unit_classes(output_weights: NDArray[np.float32], classes: Sequence[str]) -> list[UnitClass]:
    """Return the class of each unit, in order of unit; `output_weights` (classes, hidden).

    A unit's weights are compared after their mean over the classes has been taken away, because softmax ignores what
    is added to all classes alike.
    """
    above = output_weights - output_weights.mean(0, keepdims=True)
    strength, best = above.max(0), above.argmax(0)
    return [UnitClass(unit, str(classes[int(index)]), float(strength[unit])) for unit, index in enumerate(best)]


def chosen_numbers(number: int, units: Sequence[int] | None, what: str = "hidden unit") -> list[int]:
    """Return the `units` asked for, each once; for None all `number`. UsageError for one that does not exist."""
    for unit in units or ():
        if unit >= number:
            raise UsageError(f"there is no {what} {unit}: expected 0 to {number - 1}")
    return list(range(number) if units is None else dict.fromkeys(units))


def chosen_units(
    units_of: Sequence[UnitClass], units: Sequence[int] | None, what: str = "hidden unit"
) -> list[UnitClass]:
    """Return the `units` asked for of `units_of`, each once; for None all. UsageError for one that does not exist."""
    return [units_of[unit] for unit in chosen_numbers(len(units_of), units, what)]


def strongest_per_class(units: Sequence[UnitClass], most: int) -> list[UnitClass]:
    """Return at most so many units of each class, the strongest first; classes in alphabetical order."""
    order = sorted(units, key=lambda unit: (unit.name, -unit.strength))
    return [unit for _, same_class in groupby(order, key=lambda unit: unit.name) for unit in islice(same_class, most)]


def most_exciting(activations: NDArray[np.float32], samples: int) -> NDArray[np.int64]:
    """Return the indices of the samples that activate each unit most, (units, samples); `activations` (N, units)."""
    order: NDArray[np.int64] = np.argsort(-activations, axis=0, kind="stable")[:samples].T
    return order
