"""Whom each hidden unit speaks for, and which samples excite it most. A class is a person, or a digit.

In a network without a hidden layer the outputs stand in for hidden units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
from numpy.typing import NDArray

from errors import UsageError


@dataclass(frozen=True)
class UnitClass:
    """A hidden unit and the class it speaks for most."""

    unit: int
    name: str
    strength: float  # how much more weight it gives this class than the average one


def unit_classes(output_weights: NDArray[np.float32], classes: Sequence[str]) -> list[UnitClass]:
    """Return one voice per unit, in order of unit; `output_weights` (classes, hidden).

    The softmax ignores what a unit gives to all classes alike, so its outgoing weights are compared after their mean
    has been taken away; the largest that is left names the class.
    """
    above = output_weights - output_weights.mean(0, keepdims=True)
    strength, best = above.max(0), above.argmax(0)
    return [UnitClass(unit, str(classes[int(who)]), float(strength[unit])) for unit, who in enumerate(best)]


def chosen_numbers(number: int, units: Sequence[int] | None, what: str = "hidden unit") -> list[int]:
    """Return the `units` asked for, each once, all `number` without; UsageError for one that does not exist."""
    for unit in units or ():
        if unit >= number:
            raise UsageError(f"there is no {what} {unit}: expected 0 to {number - 1}")
    return list(range(number) if units is None else dict.fromkeys(units))


def chosen_units(
    described: Sequence[UnitClass], units: Sequence[int] | None, what: str = "hidden unit"
) -> list[UnitClass]:
    """Return the voices of the `units` asked for, all without; UsageError for a unit that does not exist."""
    return [described[unit] for unit in chosen_numbers(len(described), units, what)]


def strongest_per_class(described: Sequence[UnitClass], units: int) -> list[UnitClass]:
    """Return at most so many voices of each class, the loudest first; classes in alphabetical order."""
    order = sorted(described, key=lambda unit_class: (unit_class.name, -unit_class.strength))
    return [
        unit_class
        for _, mine in groupby(order, key=lambda unit_class: unit_class.name)
        for unit_class in islice(mine, units)
    ]


def most_exciting(activations: NDArray[np.float32], samples: int) -> NDArray[np.int64]:
    """Return for each unit the indices of the samples that excite it most, (units, samples); activations (N, units)."""
    order: NDArray[np.int64] = np.argsort(-activations, axis=0, kind="stable")[:samples].T
    return order
