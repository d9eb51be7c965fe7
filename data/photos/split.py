"""Divide photos into training, validation and test.

Stratified: a fixed number of photos of each person in each part. Grouped: photos of one original picture stay together,
also when they show two people. Seeded: the caller's generator decides, and each run keeps the lists of files.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.photos.folder import Photo
from data.settings import SplitSizes
from errors import DatasetError


@dataclass(frozen=True)
class Split:
    """Three lists of photos without a common group."""

    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]
    test: tuple[Photo, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """{part: {person: photos}}."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {part: dict(Counter(photo.name for photo in photos)) for part, photos in parts.items()}


def split(photos: Sequence[Photo], sizes: SplitSizes, generator: np.random.Generator) -> Split:
    """Put the groups, shuffled, into test, validation and training until each person has the photos of `sizes`.

    A group that no longer fits into a part goes to the next one, or to none. Each part keeps the order of `photos`.
    Raises DatasetError naming a person who has no photo left to train on.
    """
    groups = _shuffled_groups(photos, generator)
    numbers = [_fill(groups, size) for size in (sizes.test, sizes.validation, sizes.train)]
    test, validation, train = (tuple(photo for photo in photos if photo.group in part) for part in numbers)
    _check_training(photos, train, sizes)
    return Split(train, validation, test)


def _shuffled_groups(photos: Sequence[Photo], generator: np.random.Generator) -> dict[int, Counter[str]]:
    """{group: {person: photos}} in random order, groups of several people first, while they still fit."""
    groups: dict[int, Counter[str]] = {}
    for photo in photos:
        groups.setdefault(photo.group, Counter())[photo.name] += 1
    order = generator.permutation(len(groups))
    shuffled = [list(groups.items())[index] for index in order]
    return dict(sorted(shuffled, key=lambda item: -len(item[1])))


def _fill(groups: dict[int, Counter[str]], size: int) -> set[int]:
    """Remove from `groups`, in order, each one after which all its people have at most `size` photos; return them."""
    taken: Counter[str] = Counter()
    chosen = set()
    for number, people in list(groups.items()):
        if all(taken[name] + n <= size for name, n in people.items()):
            taken.update(people)
            chosen.add(number)
            del groups[number]
    return chosen


def _check_training(photos: Sequence[Photo], train: Sequence[Photo], sizes: SplitSizes) -> None:
    trained = {photo.name for photo in train}
    total = Counter(photo.name for photo in photos)
    for name, n in total.items():
        if name not in trained:
            raise DatasetError(
                f"{name} has {n} photos, and --test {sizes.test} and --validation {sizes.validation} leave none "
                "to train on: lower --test and --validation, or add photos"
            )
