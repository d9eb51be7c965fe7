"""Answers and confusions in the order in which the page shows them: the worst, the surest, the most frequent first.

Neighbours: `content`, which says what they are; the runs of faces and digits, which have the numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report.page.content import Answer, ConfusedPair

MISTAKES = 24
OTHERS = 6  # of the surest, and of the least sure


@dataclass(frozen=True)
class Ranking:
    """The answers that the page has room for."""

    mistakes: Sequence[Answer]  # the most certain first
    surest: Sequence[Answer]  # right answers, the most certain first
    least_sure: Sequence[Answer]  # the most hesitant first


def answer(row: NDArray[Any], classes: Sequence[str], *, true: str, file: str) -> Answer:
    """Return what the model said of one test photo, the photo itself not yet opened; `row` (classes,)."""
    first, second = (int(index) for index in np.argsort(-row, kind="stable")[:2])
    return Answer(
        photo_jpeg=b"",
        file=file,
        true=true,
        predicted=classes[first],
        probability=float(row[first]),
        runner_up=classes[second],
        runner_up_probability=float(row[second]),
    )


def ranked(answers: Sequence[Answer], opened: Callable[[Answer], bytes]) -> Ranking:
    """Return the answers to show, with their photos: `opened(answer)` is called for these alone."""
    wrong = sorted((a for a in answers if a.true != a.predicted), key=lambda a: -a.probability)
    right = sorted((a for a in answers if a.true == a.predicted), key=lambda a: -a.probability)
    hesitant = sorted(answers, key=lambda a: a.probability)
    shown = (wrong[:MISTAKES], right[:OTHERS], hesitant[:OTHERS])
    return Ranking(*([replace(a, photo_jpeg=opened(a)) for a in part] for part in shown))


def confused_pairs(confusion: NDArray[np.int_], classes: Sequence[str]) -> list[ConfusedPair]:
    """Return who was taken for whom, the most frequent first; `confusion` (classes, classes), true by predicted."""
    pairs = [
        ConfusedPair(classes[true], classes[said], int(n), int(confusion[true].sum()))
        for (true, said), n in np.ndenumerate(confusion)
        if n and true != said
    ]
    return sorted(pairs, key=lambda pair: (-pair.n, pair.true, pair.predicted))
