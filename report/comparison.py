"""Runs that were asked about the same test photos, side by side: who is right how often, and whether that is chance.

Only photos count that are test photos of all runs: one that had a part in the training of any of them would be unfair
to the others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data.photos.folder import person_key
from errors import RunError
from report.bootstrap import difference_interval, people_interval_of
from report.interval import paired_interval, wilson_interval
from report.mcnemar import McNemar, holm, mcnemar

CHANCE = 0.05  # a p value from here on may well be chance
SEED = 0  # of drawing people
TRAINED = "had a part in the training of another run"
UNKNOWN = "of people whom another run does not know"
ABSENT = "not among the photos of another run"
RELABELLED = "under different names in the runs"


@dataclass(frozen=True)
class Said:
    """What a run said of a test photo: `probability` is that of its answer."""

    file: str
    true: str
    predicted: str
    probability: float

    @property
    def is_right(self) -> bool:
        """Whether it is the right name."""
        return self.predicted == self.true


@dataclass(frozen=True, kw_only=True)
class AnsweredRun:
    """A run and its answers: a test photo's SHA-256, or whatever else tells it -> what was said of it."""

    name: str
    model: str
    classes: Sequence[str]
    said: Mapping[str, Said]
    trained: frozenset[str] = frozenset()
    """Photos that had a part in its training, validation photos and enrolled ones too."""
    of_people: bool = True
    """Whether photos of one class hang together, as those of a person do."""


@dataclass(frozen=True)
class RunResult:
    """How many of the `n` photos that are compared a run got right, its 95% interval, and how many of all its own."""

    name: str
    model: str
    classes: int
    right: int
    n: int
    interval: tuple[float, float]
    own_right: int
    own_n: int

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return self.right / self.n


@dataclass(frozen=True)
class Pair:
    """Two runs: photos that only one of them got right, the difference of their accuracies with its 95% interval,
    McNemar's test, and its p value after Holm's correction for all pairs."""

    first: str
    second: str
    only_first: int
    only_second: int
    difference: float
    interval: tuple[float, float]
    test: McNemar
    p: float

    @property
    def is_chance(self) -> bool:
        """Whether the difference may well be chance."""
        return not self.p < CHANCE

    @property
    def is_of_these_people(self) -> bool:
        """Whether with other people the other run may be the better one: the interval contains 0."""
        return self.interval[0] <= 0 <= self.interval[1]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Several runs on the same photos."""

    photos: Sequence[str]
    """Those compared, in the order of the first run."""
    people: int
    of_people: bool
    runs: Sequence[RunResult]
    pairs: Sequence[Pair]
    only: Mapping[str, Sequence[str]]
    """Run -> photos that it alone got right."""
    left_out: Mapping[str, int]
    """Why test photos of some run are not compared -> how many."""
    same_classes: bool

    @property
    def all_runs(self) -> str:
        """All of them, in words."""
        return _all(self.runs)

    def pair(self, first: str, second: str) -> Pair:
        """Return the pair of two runs, in whichever order."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {first, second})

    @property
    def ranked(self) -> list[RunResult]:
        """The runs, the most accurate first."""
        return sorted(self.runs, key=lambda run: -run.right)

    @property
    def caveats(self) -> list[str]:
        """Return what has to be known to read the numbers, as sentences."""
        lines = []
        if self.of_people:
            lines.append(
                "Photos of one person hang together; the p value takes each photo for itself, as if independent, and "
                "may be too low. The interval of the difference draws people anew."
            )
        if len(self.pairs) > 1:
            lines.append(f"The p values are after Holm's correction for {len(self.pairs)} pairs.")
        if not self.same_classes:
            numbers = " and ".join(str(run.classes) for run in self.runs)
            lines.append(f"The runs do not tell the same people apart ({numbers}): with more it is harder.")
        return lines

    @property
    def verdict(self) -> str:
        """Which run is better, and whether that could be chance, in a sentence."""
        best, next_best = self.ranked[:2]
        if best.right == next_best.right:
            equal = [run.name for run in self.runs if run.right == best.right]
            return f"{' and '.join([', '.join(equal[:-1]), equal[-1]])} are right equally often."
        pair = self.pair(best.name, next_best.name)
        more = f"{best.name} is right more often than {next_best.name}"
        if pair.is_chance:
            return f"{more}, but the difference could be chance."
        if self.of_people and pair.is_of_these_people:
            return f"{more} on these photos; with other people it could be the other way round."
        return f"{more}, and the difference is hardly chance."


def compare(runs: Sequence[AnsweredRun]) -> Comparison:
    """Compare two or more runs with different names. RunError when no photo is a test photo of all of them."""
    photos, left_out = _in_common(runs)
    if not photos:
        why = ", ".join(f"{n} {reason}" for reason, n in left_out.items()) or "there is none"
        raise RunError(f"no photo is a test photo of {_all(runs)}: {why}")
    true = [person_key(runs[0].said[photo].true) for photo in photos]
    right = {run.name: np.array([run.said[photo].is_right for photo in photos]) for run in runs}
    of_people = all(run.of_people for run in runs)
    alone = sum(right.values()) == 1
    return Comparison(
        photos=photos,
        people=len(set(true)),
        of_people=of_people,
        runs=[_result(run, right[run.name], true, of_people) for run in runs],
        pairs=_pairs(right, true if of_people else None),
        only={run.name: [photos[at] for at in np.flatnonzero(alone & right[run.name]).tolist()] for run in runs},
        left_out=left_out,
        same_classes=len({frozenset(map(person_key, run.classes)) for run in runs}) == 1,
    )


def _all(runs: Sequence[object]) -> str:
    return "both runs" if len(runs) == 2 else f"all {len(runs)} runs"


def _in_common(runs: Sequence[AnsweredRun]) -> tuple[list[str], dict[str, int]]:
    """Return the photos that can be compared, in the order of the first run, and why how many others cannot."""
    people = [{person_key(name) for name in run.classes} for run in runs]
    photos, left_out = list[str](), Counter[str]()
    for photo in dict.fromkeys(photo for run in runs for photo in run.said):
        names = {person_key(run.said[photo].true) for run in runs if photo in run.said}
        if any(photo in run.trained for run in runs):
            left_out[TRAINED] += 1
        elif not all(names <= known for known in people):
            left_out[UNKNOWN] += 1
        elif not all(photo in run.said for run in runs):
            left_out[ABSENT] += 1
        elif len(names) > 1:
            left_out[RELABELLED] += 1
        else:
            photos.append(photo)
    return photos, dict(left_out)


def _pairs(right: Mapping[str, NDArray[np.bool_]], people: Sequence[str] | None) -> list[Pair]:
    """Return all pairs of runs; `right` (N,) says of which photos each is right, `people` (N,) who is on each, None
    where each photo counts for itself."""
    pairs = []
    for first, second in combinations(right, 2):
        a, b = right[first], right[second]
        only_first, only_second, n = int((a & ~b).sum()), int((b & ~a).sum()), len(a)
        if people is None:
            interval = paired_interval(only_first, only_second, n)
        else:
            interval = difference_interval(a, b, people, SEED)
        difference, test = (only_first - only_second) / n, mcnemar(only_first, only_second)
        pairs.append(Pair(first, second, only_first, only_second, difference, interval, test, test.p))
    return [replace(pair, p=p) for pair, p in zip(pairs, holm([pair.p for pair in pairs]), strict=True)]


def _result(run: AnsweredRun, right: NDArray[np.bool_], true: Sequence[str], of_people: bool) -> RunResult:
    n, count = len(right), int(right.sum())
    interval = people_interval_of(right, true, SEED) if of_people else wilson_interval(count, n)
    own = sum(said.is_right for said in run.said.values())
    return RunResult(run.name, run.model, len(run.classes), count, n, interval, own, len(run.said))
