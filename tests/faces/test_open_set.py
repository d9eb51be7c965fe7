"""People are left out to set the threshold; what it does is measured on test photos, each once."""

from typing import Any

import numpy as np
import pytest

from errors import UsageError
from faces.open_set import SHARES, OpenedPart, leave_out, measure_unknown, not_known, rounds
from faces.photos import PhotoArray
from faces.transfer import TransferClassifier
from nn import checkpoint

PEOPLE = ("Ada", "Bo", "Cy", "Di", "Ed", "Flo")
Parts = tuple[OpenedPart, OpenedPart, OpenedPart]


def part(each: int, seed: int, names: tuple[str, ...] = PEOPLE) -> OpenedPart:
    """A person is a direction in 20 numbers; a photo and its mirror image lie around it."""
    centres = np.random.default_rng(1).gamma(1.0, 3.0, (len(names), 20))
    generator = np.random.default_rng(seed)
    photos = np.repeat(centres, each, 0)[:, None] + generator.normal(0, 0.7, (each * len(names), 2, 20))
    return OpenedPart(PhotoArray(photos.clip(0).astype(np.float32)), [name for name in names for _ in range(each)])


def parts_of(names: tuple[str, ...] = PEOPLE) -> Parts:
    return part(15, 2, names), part(5, 3, names), part(6, 4, names)


def head(**parameters: Any) -> TransferClassifier:
    return TransferClassifier(weights="random", **{"epochs": 20, "batch_size": 16, "weight_decay": 0.1, **parameters})


def fitted(parts: Parts) -> TransferClassifier:
    watched = (parts[1].photos, parts[1].names) if parts[1].names else None
    return head().fit(parts[0].photos, parts[0].names, watched)


@pytest.fixture(scope="module")
def measured() -> tuple[TransferClassifier, dict[str, Any]]:
    parts = parts_of()
    classifier = fitted(parts)
    return classifier, measure_unknown(classifier, *parts, 0.05)


def test_each_photo_is_scored_once_by_a_network_that_does_not_know_the_person() -> None:
    parts, done = parts_of(), list[int]()
    strangers = leave_out(head(epochs=1), *parts, [{"Ada", "Bo"}, {"Cy"}], lambda: done.append(1))
    assert sorted(strangers.before.people) == sorted(name for name in parts[0].names + parts[1].names if name <= "Cy")
    assert sorted(strangers.test.people) == sorted(name for name in parts[2].names if name <= "Cy")
    assert len(strangers.before.scores) == 3 * 20
    assert len(done) == 2


def test_known_and_strangers_are_test_photos_alone(measured: tuple[TransferClassifier, dict[str, Any]]) -> None:
    _, found = measured
    for who in ("known", "strangers"):
        assert (found[who]["n"], found[who]["people"]) == (36, 6)
        low, high = found[who]["interval"]
        assert 0 <= low <= found[who]["accepted"] / 36 <= high <= 1
    assert found["known"]["accepted"] > found["strangers"]["accepted"]
    assert found["auc"] > 0.8
    assert (found["rule"], found["not_known"], found["share"]) == ("strangers", None, 0.05)


def test_the_threshold_lets_the_asked_share_of_strangers_pass() -> None:
    parts = parts_of()
    classifier = fitted(parts)
    before = leave_out(classifier, *parts, rounds(parts[0], 12)).before
    for share in (0.01, 0.05, 0.2):
        measure_unknown(classifier, *parts, share)
        assert (before.scores >= np.float32(classifier.threshold_ or 0)).sum() == int(share * 120)


def test_a_checkpoint_keeps_the_thresholds_of_other_shares(measured: tuple[TransferClassifier, dict[str, Any]]) -> None:
    classifier, found = measured
    loaded = TransferClassifier.from_checkpoint(*checkpoint.load(classifier.to_bytes()))
    assert loaded.thresholds_ == classifier.thresholds_
    assert loaded.threshold_ == found["threshold"] == loaded.threshold_for(0.05)
    thresholds = [loaded.threshold_for(share) for share in SHARES if share >= 0.01]
    assert thresholds == sorted(thresholds, reverse=True)
    assert loaded.threshold_for(0.055) == loaded.threshold_for(0.05)
    with pytest.raises(UsageError, match=r"strangers 0\.005: .* expected 0\.009 or more"):  # of 120: one is 0.0083
        loaded.threshold_for(0.005)


def test_where_nobody_was_left_out_no_share_has_a_threshold() -> None:
    with pytest.raises(UsageError, match="expected --threshold T: nobody was left out"):
        fitted(parts_of()).threshold_for(0.05)


@pytest.mark.parametrize(
    ("names", "share", "without", "reason"),
    [
        (PEOPLE[:4], 0.05, None, "it takes 5 people to leave some of them out, and there are 4"),
        (PEOPLE[:2], 0.05, None, "it takes 5 people to leave some of them out, and there are 2"),
        (PEOPLE, 0.001, None, "0.001 of the 120 photos of people left out is less than one photo"),
        (PEOPLE, 0.008, None, "0.008 of the 120 photos of people left out is less than one photo"),
        (PEOPLE, 0.05, 1, "there are no validation photos"),
        (PEOPLE, 0.05, 2, "there are no test photos"),
    ],
)
def test_what_cannot_be_known_is_said_and_leaves_the_threshold_of_the_validation_photos(
    names: tuple[str, ...], share: float, without: int | None, reason: str
) -> None:
    parts = list(parts_of(names))
    if without is not None:
        parts[without] = parts[without].of(set())
    train, validation, test = parts
    classifier = fitted((train, validation, test))
    before = classifier.threshold_
    found = measure_unknown(classifier, train, validation, test, share)
    assert found["not_known"] == reason
    assert classifier.threshold_ == found["threshold"] == before
    assert found["rule"] == ("none" if without == 1 else "validation")
    assert not {"strangers", "auc", "curve"} & found.keys()
    assert ("known" in found) == (without is None)


def test_people_left_out_without_test_photos_cannot_be_measured() -> None:
    train, validation, test = parts_of()
    assert not_known(train, validation, test, [{"Ada"}], 0.1) is None
    reason = "there are no test photos of the people left out"
    assert not_known(train, validation, test.of({"Bo"}), [{"Ada"}], 0.1) == reason


@pytest.mark.parametrize("people", [3, 12, 100])
@pytest.mark.parametrize("most", [3, 12])
def test_many_people_are_left_out_several_at_a_time(people: int, most: int) -> None:
    names = [f"p{number:03}" for number in range(people)]
    left_out = rounds(OpenedPart(PhotoArray(np.empty(0)), names), most)
    assert len(left_out) == min(people, most)
    assert sorted(name for group in left_out for name in group) == names


@pytest.mark.parametrize(("photos", "trained"), [(20_000, 12), (30_000, 8), (300_000, 3)])
def test_with_many_photos_fewer_rounds_are_trained(photos: int, trained: int) -> None:
    names = [f"p{number % 100:03}" for number in range(photos)]
    left_out = rounds(OpenedPart(PhotoArray(np.empty(0)), names), 12)
    assert len(left_out) == trained
    assert {len(group) for group in left_out} <= {8, 9}
