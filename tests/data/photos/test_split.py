"""Splits: stratified by person, grouped by photo, decided by the seed."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.photos import Photo, Split, split
from data.photos.split import _shares
from data.settings import SplitSizes
from errors import DatasetError


def photos(groups: dict[str, list[int]]) -> list[Photo]:
    return [
        Photo(f"{name}/{index}.jpg", name, f"{index:064x}", group)
        for name, numbers in groups.items()
        for index, group in enumerate(numbers)
    ]


def deal(groups: dict[str, list[int]], seed: int = 0, **sizes: int) -> Split:
    return split(photos(groups), SplitSizes(**sizes), np.random.default_rng(seed))  # type: ignore[arg-type]


def test_each_person_gets_what_was_asked_for() -> None:
    dealt = deal({"a": list(range(120)), "b": list(range(200, 300))})
    wanted = {"train": 70, "validation": 10, "test": 20}
    assert dealt.counts() == {part: {"a": n, "b": n} for part, n in wanted.items()}


@pytest.mark.parametrize(
    ("n", "shares"),
    [
        (99, (69, 10, 20)),
        (57, (40, 6, 11)),
        (20, (14, 2, 4)),
        (10, (7, 1, 2)),
        (6, (4, 1, 1)),
        (4, (2, 1, 1)),
        (3, (1, 1, 1)),
    ],
)
def test_with_fewer_photos_the_shares_stay(n: int, shares: tuple[int, int, int]) -> None:
    counts = deal({"a": list(range(100)), "b": list(range(200, 200 + n))}).counts()
    assert tuple(counts[part]["b"] for part in ("train", "validation", "test")) == shares
    assert [counts[part]["a"] for part in ("train", "validation", "test")] == [70, 10, 20]


@pytest.mark.parametrize(("n", "shares"), [(11, (8, 1, 2)), (2, (1, 0, 1)), (14, (10, 1, 3))])
def test_shares_of_what_was_asked_for(n: int, shares: tuple[int, int, int]) -> None:
    wanted = {"train": 40, "validation": 5 if shares[1] else 0, "test": 12}
    counts = deal({"a": list(range(100)), "b": list(range(200, 200 + n))}, **wanted).counts()
    assert tuple(counts[part].get("b", 0) for part in ("train", "validation", "test")) == shares


def test_large_groups_go_to_training_and_no_part_is_empty() -> None:
    counts = deal({"a": list(range(100)), "b": [200] * 4 + [201] * 3 + [202] * 3}).counts()
    assert sorted(counts[part]["b"] for part in ("train", "validation", "test")) == [3, 3, 4]


def divided(parts: dict[str, dict[str, list[int]]]) -> list[Photo]:
    return [
        Photo(f"{part}/{name}/{index}.jpg", name, f"{index:064x}", group, part)
        for part, people in parts.items()
        for name, numbers in people.items()
        for index, group in enumerate(numbers)
    ]


def test_nobody_left_to_train_on_names_every_person() -> None:
    photos = divided({"train": {"a": [1, 2]}, "test": {"a": [3], "b": [4], "c": [5, 6]}})
    with pytest.raises(DatasetError, match=r"no photo is left to train on of b \(1\), c \(2\)"):
        split(photos, SplitSizes(), np.random.default_rng(0))


def test_a_folder_that_is_divided_stays_so() -> None:
    photos = divided(
        {
            "train": {"a": list(range(150)), "b": [200, 201]},
            "validation": {"a": [300], "b": [301]},
            "test": {"a": [400, 401], "b": [402]},
        }
    )
    parts = split(photos, SplitSizes(), np.random.default_rng(0))
    assert {part: len(getattr(parts, part)) for part in ("train", "validation", "test")} == {
        "train": 152, "validation": 2, "test": 3,
    }  # fmt: skip
    assert {photo.part for photo in parts.test} == {"test"}


def test_a_picture_that_is_tested_on_is_not_trained_on() -> None:
    photos = divided({"train": {"a": [1, 2, 3, 9], "b": [4, 5, 6]}, "test": {"a": [9], "b": [8]}})
    parts = split(photos, SplitSizes(validation=0), np.random.default_rng(0))
    assert {photo.group for photo in parts.train} == {1, 2, 3, 4, 5, 6}


def test_two_parts_are_training_and_test_and_validation_is_made_of_the_first() -> None:
    people = {"a": list(range(8)), "b": list(range(10, 18))}
    for second in ("validation", "test"):
        photos = divided({"train": people, second: {"a": [100], "b": [101]}})
        parts = split(photos, SplitSizes(), np.random.default_rng(0))
        assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [14, 2, 2]
        assert {photo.part for photo in parts.validation} == {"train"}


def test_the_seed_decides() -> None:
    groups = {"a": list(range(100)), "b": list(range(200, 300))}
    assert deal(groups, seed=1) == deal(groups, seed=1) != deal(groups, seed=2)


@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=25), min_size=2, max_size=4),
    st.integers(0, 99),
    st.integers(0, 4),
    st.integers(0, 4),
)
def test_no_group_stands_in_two_parts_and_no_person_gets_too_much(
    numbers: list[list[int]], seed: int, validation: int, test: int
) -> None:
    groups = {f"p{person}": list(of_person) for person, of_person in enumerate(numbers)}
    try:
        dealt = deal(groups, seed, train=5, validation=validation, test=test)
    except DatasetError:
        return  # somebody has no photo left: allowed, and tested above
    seen = [{photo.group for photo in part} for part in (dealt.train, dealt.validation, dealt.test)]
    assert not seen[0] & seen[1] | seen[0] & seen[2] | seen[1] & seen[2]
    largest = max(len(list(photos)) for photos in by_group(groups))
    for part, most in (("train", 5), ("validation", validation), ("test", test)):
        assert all(n <= max(most, largest if most else 0) for n in dealt.counts()[part].values())


def by_group(groups: dict[str, list[int]]) -> list[list[int]]:
    return [[number for number in numbers if number == group] for numbers in groups.values() for group in set(numbers)]


@settings(deadline=None)
@example(train=1, validation=1, test=4, n=3)
@given(train=st.integers(1, 30), validation=st.integers(0, 9), test=st.integers(0, 9), n=st.integers(3, 47))
def test_shares_have_a_place_for_every_photo_and_no_more_than_was_asked_for(
    train: int, validation: int, test: int, n: int
) -> None:
    wanted = {"train": train, "validation": validation, "test": test}
    total = sum(wanted.values())
    if n >= total:
        return
    shares = _shares(n, wanted)
    raised = any(0 < n * size < total for size in wanted.values())  # to the one that each part has at least
    assert sum(shares.values()) >= n if raised else sum(shares.values()) == n
    for part, size in wanted.items():
        exact = n * size / total
        assert max(min(size, 1), int(exact)) <= shares[part] <= min(size, max(1, int(exact) + 1)), (part, shares)
    counts = deal({"a": list(range(n)), "b": list(range(100, 200))}, **wanted).counts()
    assert all(counts[part].get("a", 0) >= min(size, 1) for part, size in wanted.items())
    assert sum(counts[part].get("a", 0) for part in wanted) == n
