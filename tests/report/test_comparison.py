"""Runs side by side: which photos count, who is right alone, what is said of the difference."""

from collections.abc import Sequence

import pytest

from errors import RunError
from report.comparison import ABSENT, RELABELLED, TRAINED, UNKNOWN, AnsweredRun, Said, compare
from report.interval import paired_interval, wilson_interval
from report.mcnemar import holm, mcnemar


def run(
    name: str,
    right: Sequence[int],
    *,
    photos: Sequence[str] | None = None,
    classes: Sequence[str] = ("Ann", "Bob"),
    trained: Sequence[str] = (),
    of_people: bool = True,
) -> AnsweredRun:
    """A run that is right (1) or wrong (0) about photos "0", "1", ..., of Ann and Bob in turn."""
    keys = [str(number) for number in range(len(right))] if photos is None else photos
    said = {
        key: Said(f"{key}.jpg", true, true if is_right else "somebody", 0.8)
        for number, (key, is_right) in enumerate(zip(keys, right, strict=True))
        for true in (("Ann", "Bob")[number % 2],)
    }
    return AnsweredRun(
        name=name, model="hidden", classes=classes, said=said, trained=frozenset(trained), of_people=of_people
    )


def test_it_counts_who_is_right_and_who_is_right_alone() -> None:
    compared = compare([run("one", [1, 1, 1, 0]), run("two", [1, 0, 0, 1])])
    assert [(each.name, each.right, each.n) for each in compared.runs] == [("one", 3, 4), ("two", 2, 4)]
    assert compared.only == {"one": ["1", "2"], "two": ["3"]}
    (pair,) = compared.pairs
    assert (pair.only_first, pair.only_second, pair.difference) == (2, 1, 0.25)
    assert pair.test == mcnemar(2, 1)
    assert compared.verdict == "one is right more often than two, but the difference could be chance."


def test_of_three_runs_a_photo_is_of_the_one_that_alone_is_right_and_p_values_are_corrected() -> None:
    compared = compare([run("one", [1] * 20), run("two", [1] * 10 + [0] * 10), run("three", [0] * 20)])
    assert {name: len(photos) for name, photos in compared.only.items()} == {"one": 10, "two": 0, "three": 0}
    assert [pair.p for pair in compared.pairs] == holm([pair.test.p for pair in compared.pairs])
    assert compared.pair("three", "two") == compared.pair("two", "three")
    assert [each.name for each in compared.ranked] == ["one", "two", "three"]
    assert any("Holm" in line for line in compared.caveats)


def test_a_photo_that_another_run_was_trained_on_is_left_out() -> None:
    compared = compare([run("one", [1, 1, 1]), run("two", [1], photos=["0"], trained=["1", "9"])])
    assert compared.photos == ["0"]
    assert compared.left_out == {TRAINED: 1, ABSENT: 1}
    assert [(each.own_right, each.own_n) for each in compared.runs] == [(3, 3), (1, 1)]


def test_people_whom_a_run_does_not_know_are_left_out_and_the_lists_differ() -> None:
    compared = compare([run("one", [1, 1]), run("two", [1, 1], classes=["ann", "Cy"])])
    assert compared.photos == ["0"]  # Ann is ann
    assert compared.left_out == {UNKNOWN: 1}
    assert any("2 and 2" in line for line in compared.caveats)


def test_a_photo_under_two_names_is_left_out() -> None:
    one, two = run("one", [1, 1, 1]), run("two", [1, 1, 1], photos=["0", "2", "1"])  # 1 and 2 are whose?
    assert compare([one, two]).left_out == {RELABELLED: 2}


def test_without_a_photo_in_common_it_says_why() -> None:
    with pytest.raises(RunError, match="no photo is a test photo of both runs: 2 not among the photos of another run"):
        compare([run("one", [1]), run("two", [1], photos=["x"])])
    with pytest.raises(RunError, match="there is none"):
        compare([run("one", []), run("two", [])])


def test_digits_count_each_for_itself() -> None:
    compared = compare([run("one", [1] * 9 + [0], of_people=False), run("two", [0] + [1] * 9, of_people=False)])
    assert compared.runs[0].interval == wilson_interval(9, 10)
    assert compared.pairs[0].interval == paired_interval(1, 1, 10)
    assert compared.caveats == []
    assert compared.verdict == "one and two are right equally often."


def test_a_difference_of_one_person_may_be_otherwise_with_other_people() -> None:
    """Bob's photos alone are told better: no chance by the photos, but one of two people."""
    compared = compare([run("one", [1] * 40), run("two", [1, 0] * 20)])
    assert not compared.pairs[0].is_chance
    assert compared.verdict.endswith("with other people it could be the other way round.")
    clear = compare([run("one", [1] * 40), run("two", [0] * 40)])
    assert clear.verdict == "one is right more often than two, and the difference is hardly chance."
