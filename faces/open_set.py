"""Open-set recognition: a face of somebody who is none of the known people should be called unknown.

People are left out in turn, and a network is trained on the others. The training and validation photos of those left
out set the threshold, so that a given share of strangers passes; what it does is measured on test photos, which had no
part in it: those of known people with the final network, those of strangers with the network that did not know them.
With many people a round leaves out several; with many photos there are fewer rounds, and not everybody is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.wording import count
from faces.classifier import Classifier
from faces.photos import Photos
from report.acceptance import acceptance_curve, area_under_curve, passing, threshold_of
from report.bootstrap import share_of

FEWEST_ROUNDS, FEWEST_PEOPLE = 3, 5
MOST_PHOTOS = 240_000  # training photos of all rounds together: 12 rounds with up to 20,000 photos
SHARES = tuple(round(digit * 10.0**-power, power) for power in (3, 2, 1) for digit in range(1, 10))
"""Of strangers that may pass, for which a checkpoint keeps the threshold where it can be known."""


@dataclass(frozen=True)
class OpenedPart:
    """The photos of one part of the split, as `Classifier.fit` takes them, and the name of the person on each."""

    photos: Photos
    names: list[str]

    def of(self, people: set[str]) -> "OpenedPart":
        """Return the photos of these people."""
        chosen = np.array([index for index, name in enumerate(self.names) if name in people], np.int64)
        return OpenedPart(self.photos.take(chosen), [self.names[index] for index in chosen])


@dataclass(frozen=True)
class Scored:
    """The `known_scores` of photos, and whose they are."""

    scores: NDArray[np.float32]
    people: list[str]

    @classmethod
    def of(cls, classifier: Classifier, parts: Iterable[OpenedPart]) -> "Scored":
        """Return the scores of the photos of all parts."""
        return cls.all(cls(classifier.known_scores(part.photos), part.names) for part in parts)

    @classmethod
    def all(cls, several: Iterable["Scored"]) -> "Scored":
        """Return several as one."""
        rows = list(several)
        scores = np.concatenate([np.empty(0, np.float32), *(row.scores for row in rows)])
        return cls(scores, [name for row in rows for name in row.people])

    def share_above(self, threshold: float, seed: int) -> dict[str, Any]:
        """Return how many photos pass the threshold, and the interval of their share."""
        return share_of(self.scores >= np.float32(threshold), self.people, seed)


@dataclass(frozen=True)
class Strangers:
    """Photos of people left out, each scored once, by the network that did not know them."""

    before: Scored
    """Training and validation photos: they set the threshold."""
    test: Scored


def rounds(train: OpenedPart, most: int) -> list[set[str]]:
    """Return the people left out in each round: one, or more if there are more than `most` people."""
    people = sorted(set(train.names))
    number = min(len(people), most)
    affordable = max(FEWEST_ROUNDS, MOST_PHOTOS // len(train.names))
    return [set(people[first::number]) for first in range(min(number, affordable))]


def not_known(
    train: OpenedPart, validation: OpenedPart, test: OpenedPart, groups: Sequence[set[str]], share: float
) -> str | None:
    """Return why it cannot be known whether `share` of strangers passes, None if it can.

    `groups` are the people left out in turn.
    """
    people = len(set(train.names))
    if people < FEWEST_PEOPLE:
        return f"it takes {FEWEST_PEOPLE} people to leave some of them out, and there are {people}"
    for part, which in ((validation, "validation"), (test, "test")):
        if not part.names:
            return f"there are no {which} photos"
    left_out = set[str]().union(*groups)
    photos = sum(name in left_out for name in train.names + validation.names)
    if not passing(photos, share):
        return f"{share:.4g} of the {count(photos, 'photo')} of people left out is less than one photo"
    if left_out.isdisjoint(test.names):
        return "there are no test photos of the people left out"
    return None


def leave_out(
    classifier: Classifier,
    train: OpenedPart,
    validation: OpenedPart,
    test: OpenedPart,
    groups: Sequence[set[str]],
    on_round: Callable[[], None] = lambda: None,
) -> Strangers:
    """Leave out each of the groups in turn, and score them with a network that has the parameters of `classifier`.

    `classifier` is not changed. `on_round` is called after each round. Every round needs two known people.
    """
    people, found = set(train.names), []
    for left_out in groups:
        known, watched = train.of(people - left_out), validation.of(people - left_out)
        stops = classifier.patience is not None and watched.names  # else they would change no score
        fitted = classifier.clone().fit(known.photos, known.names, (watched.photos, watched.names) if stops else None)
        before = Scored.of(fitted, (train.of(left_out), validation.of(left_out)))
        found.append(Strangers(before, Scored.of(fitted, [test.of(left_out)])))
        del fitted  # before the next one is trained: it holds photos
        on_round()
    return Strangers(Scored.all(one.before for one in found), Scored.all(one.test for one in found))


def thresholds_of(strangers: Strangers, share: float) -> dict[float, float]:
    """Return share of strangers that may pass -> threshold, for `share` and those of `SHARES` that can be known."""
    found = {each: threshold_of(strangers.before.scores, each) for each in sorted({*SHARES, share})}
    return {each: threshold for each, threshold in found.items() if threshold is not None}


def measure_unknown(
    classifier: Classifier,
    train: OpenedPart,
    validation: OpenedPart,
    test: OpenedPart,
    share: float,
    on_round: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Set the threshold of a trained classifier so that `share` of strangers passes, and return what it does, as JSON.

    Where that cannot be known the threshold stays what `fit` has found, and `not_known` says why. `rule` says which set
    it: "strangers", or "validation" photos, or "none". `known` and `strangers` count test photos that pass.
    """
    seed, groups = classifier.seed, rounds(train, classifier.rounds)
    known = Scored.of(classifier, [test] if test.names else [])
    strangers, why = None, not_known(train, validation, test, groups, share)
    if why is None:
        strangers = leave_out(classifier, train, validation, test, groups, on_round)
        classifier.thresholds_ = thresholds_of(strangers, share)
        classifier.threshold_ = classifier.thresholds_[share]
    threshold = classifier.threshold_
    measured: dict[str, Any] = {
        "quantity": classifier.quantity,
        "share": share,
        "threshold": threshold,
        "rule": "none" if threshold is None else "validation" if strangers is None else "strangers",
        "not_known": why,
    }
    if threshold is not None and known.people:
        measured["known"] = known.share_above(threshold, seed)
    if threshold is not None and strangers is not None:
        measured |= {
            "strangers": strangers.test.share_above(threshold, seed),
            "auc": area_under_curve(known.scores, strangers.test.scores),
            "curve": acceptance_curve(known.scores, strangers.test.scores),
        }
    return measured


def unknown_since(before: Mapping[str, Any], classifier: Classifier, test: OpenedPart) -> dict[str, Any]:
    """Return what `measure_unknown` has returned, as it is after people were added or removed without a training.

    The threshold and the strangers who passed it are those of `before`, and `before_changes` says so. `known` is
    counted again; what compares the two is left out, as it would be of two sets of people.
    """
    kept = {
        key: before[key]
        for key in ("quantity", "share", "threshold", "rule", "not_known", "strangers")
        if key in before
    }
    measured: dict[str, Any] = {**kept, "before_changes": True}
    if classifier.threshold_ is not None and test.names:
        measured["known"] = Scored.of(classifier, [test]).share_above(classifier.threshold_, classifier.seed)
    return measured
