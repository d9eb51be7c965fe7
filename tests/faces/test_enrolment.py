"""A person more, a person less, without a training: the head on made-up features of a few numbers, and a run."""

from typing import Any

import numpy as np
import pytest
import torch

from errors import UsageError
from faces.hidden import HiddenClassifier
from faces.photos import PhotoArray
from faces.transfer import TransferClassifier
from nn import checkpoint

NAMES = ("Ada", "Cy", "Dee", "Bo", "Eve")  # in the order of their directions


def features(names: tuple[str, ...], each: int, seed: int) -> tuple[PhotoArray, list[str]]:
    """A person is a direction in 20 numbers; a photo and its mirror image lie around it."""
    centres = np.random.default_rng(1).gamma(1.0, 3.0, (len(NAMES), 20))[[NAMES.index(name) for name in names]]
    noise = np.random.default_rng(seed).normal(0, 0.7, (each * len(names), 2, 20))
    photos = np.repeat(centres, each, 0)[:, None] + noise
    return PhotoArray(photos.clip(0).astype(np.float32)), [name for name in names for _ in range(each)]


def of(name: str, photos: int, seed: int = 9) -> PhotoArray:
    return features((name,), photos, seed)[0]


def fitted(*names: str, each: int = 8, **parameters: Any) -> TransferClassifier:
    photos = features(names or NAMES[:3], each, seed=2)
    return TransferClassifier(weights="random", **{"head": "lda", **parameters}).fit(*photos, photos)


def test_a_person_who_was_enrolled_is_recognised_and_the_others_still_are() -> None:
    classifier = fitted().enroll("Bo", of("Bo", 5))
    assert classifier.classes_.tolist() == ["Ada", "Bo", "Cy", "Dee"]
    assert classifier.score(*features(NAMES[:4], 6, seed=3)) > 0.9


def test_one_photo_is_enough() -> None:
    classifier = fitted().enroll("Bo", of("Bo", 1))
    assert set(classifier.predict(of("Bo", 6, seed=4))) == {"Bo"}
    assert classifier.known_scores(of("Bo", 6, seed=4)).min() > classifier.known_scores(of("Eve", 6)).max()


def test_enrolling_is_computing_the_head_of_all_vectors_at_once_with_the_centre_of_before() -> None:
    """All photos in one training, with the centre of the first set: the same head, however they came."""
    before = fitted()
    together = fitted(*NAMES[:4])
    together.centre = before.centre
    photos, names = features(NAMES[:3], 8, seed=2)
    more, of_bo = of("Bo", 8), ["Bo"] * 8
    together._keep_neighbours(
        PhotoArray(np.concatenate([photos[:], more[:]])), together._targets(np.array(names + of_bo))
    )
    enrolled = before.enroll("Bo", more)
    for name, weights in together.network.state().items():
        assert torch.equal(weights, enrolled.network.state()[name]), name
    assert torch.equal(together.neighbours, enrolled.neighbours)


@pytest.mark.parametrize("name", ["Bo", "Aaron", "Zoe"])
@pytest.mark.parametrize("loaded", [False, True])
def test_removing_who_was_enrolled_gives_the_classifier_of_before_bit_for_bit(name: str, loaded: bool) -> None:
    classifier = fitted()
    before = classifier.to_bytes()
    classifier.enroll(name, of("Bo", 3))
    assert classifier.to_bytes() != before
    if loaded:
        classifier = TransferClassifier.from_checkpoint(*checkpoint.load(classifier.to_bytes()))
    assert classifier.remove(name).to_bytes() == before


def test_nothing_of_a_person_is_left_in_the_checkpoint_but_their_part_in_the_mean() -> None:
    classifier = fitted(*NAMES[:4])
    theirs = {row.numpy().tobytes() for row in classifier.neighbours[classifier.neighbour_classes == 1].half()}
    tensors, metadata = checkpoint.load(classifier.remove("Bo").to_bytes())
    assert metadata["classes"] == ["Ada", "Cy", "Dee"]
    assert len(theirs) == 8
    assert not theirs & {row.numpy().tobytes() for row in tensors["neighbours"]}
    others = fitted()
    assert not torch.equal(tensors["centre"], others.centre), "it stays the mean of all training photos, as documented"


def test_a_spelling_of_a_known_name_adds_photos_to_the_person() -> None:
    classifier = fitted("Ada", "Cy")
    classifier.enroll("  ADA ", of("Ada", 2)).enroll("Zoe\u0308 Li", of("Bo", 2)).enroll("zo\u00eb  li", of("Bo", 1))
    assert classifier.classes_.tolist() == ["Ada", "Cy", "Zoë Li"]
    assert classifier.neighbour_classes.bincount().tolist() == [10, 8, 3]
    assert classifier.remove("ZOË LI").classes_.tolist() == ["Ada", "Cy"]


def test_the_scores_of_others_do_not_depend_on_how_few_photos_a_new_person_has() -> None:
    """The threshold was set with five photos to compare with."""
    classifier = fitted()
    photos = of("Ada", 6, seed=4)

    def similar(classifier: TransferClassifier) -> Any:
        return classifier.known_scores(photos) - classifier.predict_proba(photos).max(1)

    classifier.temperature_ = 1.0  # the score has the probability before it
    before = similar(classifier)
    np.testing.assert_allclose(similar(classifier.enroll("Bo", of("Bo", 1))), before, atol=1e-6)


def test_threshold_and_temperature_stay_those_of_the_training() -> None:
    classifier = fitted()
    before = classifier.threshold_, classifier.temperature_, classifier.thresholds_
    classifier.enroll("Bo", of("Bo", 4)).remove("Cy")
    assert (classifier.threshold_, classifier.temperature_, classifier.thresholds_) == before
    assert before[0] is not None


def test_two_people_must_stay_and_who_is_not_there_cannot_go() -> None:
    classifier = fitted("Ada", "Cy")
    with pytest.raises(UsageError, match="without 'Cy' one person would be left: expected two"):
        classifier.remove("cy")
    with pytest.raises(UsageError, match="'Bo' is none of the people Ada, Cy"):
        classifier.remove("Bo")
    assert classifier.classes_.tolist() == ["Ada", "Cy"]


@pytest.mark.parametrize("name", ["", " \t"])
def test_an_empty_name_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="enroll needs a name and at least one image"):
        fitted().enroll(name, of("Bo", 1))


def test_no_images_enroll_nobody() -> None:
    with pytest.raises(UsageError, match="got 'Bo' and 0 images"):
        fitted().enroll("Bo", of("Bo", 1).take(slice(0)))


@pytest.mark.parametrize("parameters", [{"head": "softmax"}, {"head": "auto", "hidden": 4}])
def test_a_head_that_was_trained_cannot_be_changed(parameters: dict[str, Any]) -> None:
    classifier = fitted(epochs=1, **parameters)
    for change in (lambda: classifier.enroll("Bo", of("Bo", 1)), lambda: classifier.remove("Ada")):
        with pytest.raises(UsageError, match="train again with head lda"):
            change()


def test_the_hidden_network_has_no_such_thing() -> None:
    assert not hasattr(HiddenClassifier, "enroll")
    assert not hasattr(HiddenClassifier, "remove")
