"""Open-set recognition: how often faces of unknown people are accepted as faces of known people.

In each round one person is left out, and a network is trained on the others, with a threshold from their validation
photos. Test photos of the others should be accepted; all photos of the person left out should be rejected. With many
people a round leaves out several; with many photos there are fewer rounds, and not everybody is left out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from faces.classifier import Classifier
from faces.photos import Photos

FEWEST_ROUNDS, MOST_ROUNDS = 3, 12
MOST_PHOTOS = 240_000  # training photos of all rounds together: 12 rounds with up to 20,000 photos


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
class Strangers:
    """Counts over all rounds: accepted faces of known people, and of people left out; no strangers if nobody was."""

    true_accepts: int
    known: int
    false_accepts: int
    strangers: int


def rounds(train: OpenedPart) -> list[set[str]]:
    """Return the people left out in each round: one, or more if there are more than MOST_ROUNDS people."""
    people = sorted(set(train.names))
    number = min(len(people), MOST_ROUNDS)
    affordable = max(FEWEST_ROUNDS, MOST_PHOTOS // len(train.names))
    return [set(people[first::number]) for first in range(min(number, affordable))]


def leave_each_out(
    classifier: Classifier,
    train: OpenedPart,
    validation: OpenedPart,
    test: OpenedPart,
    on_round: Callable[[], None] = lambda: None,
) -> Strangers | None:
    """Measure with networks that have the parameters of `classifier`; it is not changed itself.

    `on_round` is called after each round. Returns None with fewer than three people, or when the known people of a
    round have no validation or no test photos.
    """
    people = set(train.names)
    if len(people) < 3 or not validation.names or not test.names:
        return None
    counts = np.zeros(4, dtype=int)
    for left_out in rounds(train):
        known = people - left_out
        train_known, validation_known, test_known = (part.of(known) for part in (train, validation, test))
        if len(known) < 2 or not validation_known.names or not test_known.names:
            return None
        watched = validation_known.photos, validation_known.names
        fitted = classifier.clone().fit(train_known.photos, train_known.names, watched)
        strangers = [part.of(left_out) for part in (train, validation, test)]
        counts += (*_accepted(fitted, [test_known]), *_accepted(fitted, strangers))
        del fitted  # before the next one is trained: it holds photos
        on_round()
    return Strangers(*(int(count) for count in counts))


def known_accepted(classifier: Classifier, test: OpenedPart) -> Strangers | None:
    """Measure a trained classifier on the people it knows alone: for one that is not quick to train.

    None without a threshold or test photos.
    """
    if classifier.threshold_ is None or not test.names:
        return None
    return Strangers(*_accepted(classifier, [test]), 0, 0)


def _accepted(classifier: Classifier, parts: Sequence[OpenedPart]) -> tuple[int, int]:
    """Return how many photos of the parts are accepted as known people, and how many photos there are."""
    assert classifier.threshold_ is not None
    accepted = [(classifier.known_scores(part.photos) >= classifier.threshold_).sum() for part in parts if part.names]
    return sum(map(int, accepted)), sum(len(part.names) for part in parts)
