"""Which answers and units the page shows, and in what order. A page of a hundred people stays readable and small."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report.hidden_units import UnitClass, strongest_per_class
from report.page.content import Answer

MISTAKES = 24  # four rows on a wide screen
OTHERS = 6  # a row each of the surest and the least sure
UNITS = 48  # of all people together, where there are few: about 25 kB each
UNITS_A_PERSON = (6, 3, 1)  # a person's strongest, the first of these that there is room for: whole rows of three
PEOPLE = 30  # with one unit each, ten rows of three: two printed pages
PHOTOS_A_UNIT = 4  # a square of two by two beside the weights, a row without


@dataclass(frozen=True)
class Ranking:
    """The answers that the page shows."""

    mistakes: Sequence[Answer]  # the most certain first
    surest: Sequence[Answer]  # right answers, the most certain first
    least_sure: Sequence[Answer]  # right or wrong, the lowest probability first


def answer(row: NDArray[Any], classes: Sequence[str], *, true: str, file: str, link: str = "") -> Answer:
    """Return the answer for one test photo without the photo itself; `row` (classes,) are its probabilities."""
    first, second = (int(index) for index in np.argsort(-row, kind="stable")[:2])
    return Answer(
        photo_jpeg=b"",
        file=file,
        true=true,
        predicted=classes[first],
        probability=float(row[first]),
        runner_up=classes[second],
        runner_up_probability=float(row[second]),
        link=link,
    )


def ranked(answers: Sequence[Answer], opened: Callable[[Answer], bytes]) -> Ranking:
    """Return the answers to show, with photos: `opened(answer)` gives the JPEG or PNG and is called for these alone."""
    wrong = sorted((a for a in answers if a.true != a.predicted), key=lambda a: -a.probability)
    right = sorted((a for a in answers if a.true == a.predicted), key=lambda a: -a.probability)
    least_sure = sorted(answers, key=lambda a: a.probability)
    shown = (wrong[:MISTAKES], right[:OTHERS], least_sure[:OTHERS])
    return Ranking(*([replace(a, photo_jpeg=opened(a)) for a in part] for part in shown))


def strongest(units: Sequence[UnitClass]) -> list[UnitClass]:
    """Return the units to show: as many of each person as `UNITS` allows, people in alphabetical order."""
    people = sorted({unit.name for unit in units})[:PEOPLE]
    each = next(n for n in UNITS_A_PERSON if n * len(people) <= UNITS)
    return strongest_per_class([unit for unit in units if unit.name in people], each)
