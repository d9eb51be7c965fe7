"""Divide photos into training, validation and test.

Stratified: a fixed number of photos of each person in each part, and for people with fewer the same shares of what they
have. Grouped: photos of one original picture stay together, also when they show two people. Seeded: the caller's
generator decides, and each run keeps the lists of files. A folder that is divided already stays as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.photos.folder import Photo
from data.settings import SplitSizes
from errors import DatasetError

PARTS = ("train", "validation", "test")
People = tuple[tuple[str, int], ...]  # of a group: who is on how many of its photos


@dataclass(frozen=True)
class Split:
    """Three lists of photos without a common group."""

    train: tuple[Photo, ...]
    validation: tuple[Photo, ...]
    test: tuple[Photo, ...]

    def counts(self) -> dict[str, dict[str, int]]:
        """{part: {person: photos}}."""
        return {part: dict(Counter(photo.name for photo in getattr(self, part))) for part in PARTS}


def split(photos: Sequence[Photo], sizes: SplitSizes, generator: np.random.Generator) -> Split:
    """Put the groups, shuffled, into test, validation and training until each person has their photos of `sizes`.

    A person with fewer photos than `sizes` asks for has the same shares of them, if it says so, at least one in each
    part. A group that does not fit into a part goes to the next one, or to none. Each part keeps the order of `photos`.
    Photos that say themselves which part they are in stay there; a test part or validation photos that are missing are
    made of the rest. Raises DatasetError naming the people who have no photo left to train on.
    """
    if any(photo.part for photo in photos):
        return _as_divided(photos, sizes, generator)
    limits = _limits(photos, sizes)
    groups = _shuffled_groups(photos, generator)
    others = {part: sum(getattr(sizes, one) > 0 for one in PARTS[:place]) for place, part in enumerate(PARTS)}
    chosen = {part: _fill(groups, limits[part], keep=others[part]) for part in reversed(PARTS)}
    parts = Split(*(tuple([photo for photo in photos if photo.group in chosen[part]]) for part in PARTS))
    _check_training(photos, parts.train, sizes)
    return parts


def _limits(photos: Sequence[Photo], sizes: SplitSizes) -> dict[str, dict[str, int]]:
    """Return {part: {person: photos at most}}."""
    wanted = {part: getattr(sizes, part) for part in PARTS}
    total = sum(wanted.values())
    limits: dict[str, dict[str, int]] = {part: {} for part in PARTS}
    for name, n in Counter(photo.name for photo in photos).items():
        own = _shares(n, wanted) if n < total and sizes.proportional else wanted
        for part in PARTS:
            limits[part][name] = own[part]
    return limits


def _shares(n: int, wanted: Mapping[str, int]) -> dict[str, int]:
    """Divide n photos as `wanted` divides its sum: largest remainders, at least one where one is wanted."""
    total = sum(wanted.values())
    shares = {part: max(n * size // total, min(size, 1)) for part, size in wanted.items()}
    by_remainder = sorted(PARTS, key=lambda part: shares[part] * total - n * wanted[part])
    while (rest := n - sum(shares.values())) > 0:
        for part in [part for part in by_remainder if shares[part] < wanted[part]][:rest]:
            shares[part] += 1
    return shares


def _shuffled_groups(photos: Sequence[Photo], generator: np.random.Generator) -> dict[int, People]:
    """{group: people} in random order, groups of several people first, while they still fit."""
    groups: dict[int, People] = {}
    for photo in photos:
        people = groups.get(photo.group)
        groups[photo.group] = ((photo.name, 1),) if people is None else _joined(people, photo.name)
    numbers = list(groups)
    shuffled = [numbers[place] for place in generator.permutation(len(numbers)).tolist()]
    several = [number for number in shuffled if len(groups[number]) > 1]
    several.sort(key=lambda number: -len(groups[number]))
    return {number: groups[number] for number in [*several, *(n for n in shuffled if len(groups[n]) == 1)]}


def _joined(people: People, name: str) -> People:
    """Return a group's people with one photo more of `name`."""
    counts = dict(people)
    counts[name] = counts.get(name, 0) + 1
    return tuple(counts.items())


def _fill(groups: dict[int, People], limits: Mapping[str, int], *, keep: int) -> set[int]:
    """Remove from `groups`, in order, each one after which all its people have at most their limit; return them.

    A person for whom no group was small enough has the smallest one. So many groups of a person stay as `keep` says, of
    so few all but one, and the only one.
    """
    taken = dict.fromkeys(limits, 0)
    left = Counter(name for people in groups.values() for name, _ in people)
    kept = {name: min(keep, max(n - 1, 1)) for name, n in left.items()}
    chosen: set[int] = set()

    def take(number: int, people: People) -> None:
        for name, n in people:
            taken[name] += n
            left[name] -= 1
        chosen.add(number)

    for number, people in groups.items():
        for name, n in people:
            if taken[name] + n > limits[name] or left[name] <= kept[name]:
                break
        else:
            take(number, people)
    without = {name for name, limit in limits.items() if limit and not taken[name]}
    large = [item for item in groups.items() if without.issuperset(name for name, _ in item[1])] if without else []
    for number, people in sorted(large, key=lambda item: sum(n for _, n in item[1])):
        if all(not taken[name] and left[name] > kept[name] for name, _ in people):
            take(number, people)
    for number in chosen:
        del groups[number]
    return chosen


def _as_divided(photos: Sequence[Photo], sizes: SplitSizes, generator: np.random.Generator) -> Split:
    """Return the parts that the folder has; a picture that is also in the test part is left out of the others."""
    parts = {part: [photo for photo in photos if photo.part == part] for part in PARTS}
    if not parts["test"]:  # with two folders, train and val, the second one is what is measured on
        parts["test"], parts["validation"] = parts["validation"], []
    tested = {photo.group for photo in parts["test"]}
    parts["train"], parts["validation"] = (
        [photo for photo in parts[part] if photo.group not in tested] for part in ("train", "validation")
    )
    if not parts["validation"] and sizes.validation:
        limits = _validation_limits(parts["train"], sizes)
        chosen = _fill(_shuffled_groups(parts["train"], generator), limits, keep=1)
        parts["validation"] = [photo for photo in parts["train"] if photo.group in chosen]
    validated = {photo.group for photo in parts["validation"]}
    parts["train"] = [photo for photo in parts["train"] if photo.group not in validated]
    result = Split(*(tuple(parts[part]) for part in PARTS))
    _check_training(photos, result.train, sizes)
    return result


def _validation_limits(train: Sequence[Photo], sizes: SplitSizes) -> dict[str, int]:
    """Return {person: validation photos}: their share of a person's training photos."""
    share = sizes.validation / (sizes.validation + sizes.train)
    return {name: max(1, round(share * n)) for name, n in Counter(photo.name for photo in train).items()}


def _check_training(photos: Sequence[Photo], train: Sequence[Photo], sizes: SplitSizes) -> None:
    trained = {photo.name for photo in train}
    untrained = {name: n for name, n in Counter(photo.name for photo in photos).items() if name not in trained}
    if untrained:
        people = ", ".join(f"{name} ({n})" for name, n in untrained.items())
        raise DatasetError(
            f"no photo is left to train on of {people}, with --test {sizes.test} and --validation {sizes.validation}: "
            "add different photos of these people, or take them out of the folder"
        )
