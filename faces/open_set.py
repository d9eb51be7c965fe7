"""How well a face of nobody known is told from the known: each person is a stranger once.

For each person the network is trained on the others alone, with a threshold from their validation photos. Their test
photos should be accepted, all photos of the person left out refused. With many people several are left out at a time,
and with many photos not everybody comes to be left out: a round trains a network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from faces.classifier import Classifier
from faces.photos import Photos

FEWEST_ROUNDS, MOST_ROUNDS = 3, 12
MOST_PHOTOS = 240_000  # that all rounds train on, counted once a round: up to 20,000 photos have all their rounds


@dataclass(frozen=True)
class OpenedPart:
    """The photos of one part of the split, as `Classifier.fit` takes them, and whose they are."""

    photos: Photos
    names: list[str]

    def of(self, people: set[str]) -> "OpenedPart":
        """Return the photos of these people alone."""
        chosen = np.array([index for index, name in enumerate(self.names) if name in people], np.int64)
        return OpenedPart(self.photos.take(chosen), [self.names[index] for index in chosen])


@dataclass(frozen=True)
class Strangers:
    """Counts over all rounds: faces of known people that were accepted, faces of people left out that were."""

    true_accepts: int
    known: int
    false_accepts: int
    strangers: int


def rounds(train: OpenedPart) -> list[set[str]]:
    """Return whom each round leaves out: one person, or as few as make MOST_ROUNDS rounds."""
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
    """Measure with networks like `classifier`, which stays as it is. None with fewer than three people, or no
    validation or test photos of the known: there would be nobody to tell apart, or nothing to measure."""
    people = set(train.names)
    if len(people) < 3 or not validation.names or not test.names:
        return None
    counts = np.zeros(4, dtype=int)
    for left_out in rounds(train):
        known = people - left_out
        learned, tuned, asked = train.of(known), validation.of(known), test.of(known)
        if len(known) < 2 or not tuned.names or not asked.names:
            return None
        fitted = classifier.clone().fit(learned.photos, learned.names, (tuned.photos, tuned.names))
        strangers = [part.of(left_out) for part in (train, validation, test)]
        counts += (*_accepted(fitted, [asked]), *_accepted(fitted, strangers))
        on_round()
    return Strangers(*(int(count) for count in counts))


def _accepted(classifier: Classifier, parts: Sequence[OpenedPart]) -> tuple[int, int]:
    """Return how many photos of the parts are taken for faces of known people, and of how many."""
    assert classifier.threshold_ is not None
    accepted = [(classifier.known_scores(part.photos) >= classifier.threshold_).sum() for part in parts if part.names]
    return sum(map(int, accepted)), sum(len(part.names) for part in parts)
