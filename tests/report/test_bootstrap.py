"""The interval of a share from drawing people anew."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from report.bootstrap import DRAWS, difference_interval, people_interval, share_of
from report.interval import paired_interval, wilson_interval

COUNTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=12)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 12), st.integers(1, 9), st.integers(0, 9), st.integers(0, 5))
def test_people_who_are_all_equal_have_the_interval_of_their_photos(people: int, n: int, true: int, seed: int) -> None:
    true = min(true, n)
    assert people_interval([true] * people, [n] * people, seed) == pytest.approx(
        wilson_interval(true * people, n * people)
    )


def test_no_error_at_all_is_no_certainty() -> None:
    low, high = people_interval([20] * 6, [20] * 6, 0)
    assert 0.95 < low < 0.98
    assert high == 1


@settings(max_examples=15, deadline=None)
@given(COUNTS, st.randoms(use_true_random=False))
def test_the_order_of_people_changes_nothing_and_bounds_are_shares(
    pairs: list[tuple[int, int]], random: Random
) -> None:
    def interval() -> tuple[float, float]:
        return people_interval([true for true, _ in pairs], [true + rest for true, rest in pairs], 3)

    low, high = interval()
    assert 0 <= low <= high <= 1
    random.shuffle(pairs)
    assert interval() == (low, high)


def test_as_many_people_are_drawn_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    class Generator:
        def integers(self, people: int, size: int) -> NDArray[np.int64]:
            assert people == 3
            drawn.append(size)
            return np.zeros(size, np.int64)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Generator())
    people_interval([1, 2, 3], [4, 4, 4], 0)
    assert drawn == [3] * DRAWS


def test_a_whole_person_who_is_hard_makes_it_wide_and_photos_do_not_make_it_narrow() -> None:
    few, many = (people_interval([0, n, n, n], [n] * 4, 0) for n in (50, 500))
    assert few == many == (0.25, 1.0)


def test_the_seed_decides() -> None:
    counted, n = list(range(10)), [10] * 10
    assert people_interval(counted, n, 1) == people_interval(counted, n, 1)
    assert any(people_interval(counted, n, 1) != people_interval(counted, n, seed) for seed in range(2, 9))


@pytest.mark.parametrize(("counted", "n"), [([], []), ([3], [4]), ([3, 0], [4, 0])])
def test_of_fewer_than_two_people_it_says_nothing(counted: list[int], n: list[int]) -> None:
    assert people_interval(counted, n, 0) == (0, 1)


@pytest.mark.parametrize(("counted", "n"), [([5, 1], [4, 4]), ([-1, 1], [4, 4]), ([1], [4, 4])])
def test_nonsense_is_an_error(counted: list[int], n: list[int]) -> None:
    with pytest.raises(ValueError, match="counted"):
        people_interval(counted, n, 0)


def test_photos_are_counted_by_person() -> None:
    counted = share_of([True, False, True, True], ["Ann", "Ann", "Bob", "Bob"], 0)
    assert counted == {"n": 4, "accepted": 3, "people": 2, "interval": list(people_interval([1, 2], [2, 2], 0))}


def test_a_difference_draws_people_with_both_answers() -> None:
    people = ["Ann"] * 10 + ["Bob"] * 10 + ["Cy"] * 10
    first, second = [True] * 30, [True] * 20 + [False] * 10
    low, high = difference_interval(first, second, people, 0)
    assert low <= 0  # in a third of the draws and more, Cy is hardly there
    assert high == 1  # or nobody else is
    assert difference_interval(second, first, people, 0) == pytest.approx((-high, -low))
    alone = paired_interval(10, 0, 30)
    assert alone[0] > low
    assert alone[1] < high


def test_runs_that_never_differ_have_the_interval_of_their_photos() -> None:
    right = [True, False] * 10
    assert difference_interval(right, right, ["Ann", "Bob"] * 10, 0) == pytest.approx(paired_interval(0, 0, 20))
    assert paired_interval(0, 0, 20)[1] > 0.05


def test_one_person_is_no_sample_of_people() -> None:
    assert difference_interval([True], [False], ["Ann"], 0) == (-1, 1)


def test_a_paired_interval_is_as_published() -> None:
    """A. Agresti, Y. Min (2005): Wald's interval with two added; by hand for b = 10, c = 2 of 50."""
    low, high = paired_interval(10, 2, 50)
    d, half = 8 / 52, 1.96 * (13 - 64 / 52) ** 0.5 / 52
    assert (low, high) == pytest.approx((d - half, d + half))
    assert paired_interval(0, 0, 0) == (-1, 1)
    with pytest.raises(ValueError, match="no parts of 3"):
        paired_interval(2, 2, 3)
