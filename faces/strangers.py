"""How well a face of nobody known is told from the known: each person is a stranger once.

For each person the network is trained on the others alone, with a threshold from their validation photos. Their test
photos should be accepted, all photos of the person left out refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from faces.classifier import Classifier
from faces.photos import Photos, in_memory

MOST_ROUNDS = 12  # with more people than this, several are left out at a time: a round trains a network


@dataclass(frozen=True)
class OpenedPart:
    """The photos of one part of the split, as `Classifier.fit` takes them, and whose they are."""

    photos: Photos
    names: list[str]

    def of(self, people: set[str]) -> "OpenedPart":
        """Return the photos of these people alone. All are to be in memory."""
        chosen = [index for index, name in enumerate(self.names) if name in people]
        return OpenedPart(in_memory(self.photos)[chosen], [self.names[index] for index in chosen])


@dataclass(frozen=True)
class Strangers:
    """Counts over all rounds: faces of known people that were accepted, faces of people left out that were."""

    true_accepts: int
    known: int
    false_accepts: int
    strangers: int


def rounds(people: Sequence[str]) -> list[set[str]]:
    """Return whom each round leaves out: one person, or as few as make MOST_ROUNDS rounds."""
    number = min(len(people), MOST_ROUNDS)
    return [set(people[first::number]) for first in range(number)]


def leave_each_out(
    classifier: Classifier,
    train: OpenedPart,
    validation: OpenedPart,
    test: OpenedPart,
    on_round: Callable[[], None] = lambda: None,
) -> Strangers | None:
    """Measure with networks like `classifier`, which stays as it is. None with fewer than three people, or no
    validation or test photos of the known: there would be nobody to tell apart, or nothing to measure."""
    people = sorted(set(train.names))
    if len(people) < 3 or not validation.names or not test.names:
        return None
    counts = np.zeros(4, dtype=int)
    for left_out in rounds(people):
        known = set(people) - left_out
        learned, tuned, asked = train.of(known), validation.of(known), test.of(known)
        if len(known) < 2 or not tuned.names or not asked.names:
            return None
        fitted = classifier.alike().fit(learned.photos, learned.names, (tuned.photos, tuned.names))
        strangers = [in_memory(part.of(left_out).photos) for part in (train, validation, test)]
        unknown = np.concatenate(strangers)
        counts += (_accepted(fitted, asked.photos), len(asked.names), _accepted(fitted, unknown), len(unknown))
        on_round()
    return Strangers(*(int(count) for count in counts))


def _accepted(classifier: Classifier, photos: Photos) -> int:
    assert classifier.threshold_ is not None
    return int((classifier.likeness(photos) >= classifier.threshold_).sum())
