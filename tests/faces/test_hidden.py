"""The hidden-layer network as an estimator: fit, predict, predict_proba, score, classes_, save and load."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from data.photos.folder import read_folder
from data.photos.images import load_images
from errors import RunError, UsageError
from faces.hidden import HiddenClassifier
from faces.normaliser import FLOOR, REACH, Normaliser, local_contrast, standardised
from faces.photos import PhotoArray
from nn import checkpoint
from report.hidden_units import chosen_units, most_exciting

SMALL: dict[str, Any] = {"hidden": 12, "epochs": 25, "batch_size": 16, "size": 16}


def hidden(**parameters: Any) -> HiddenClassifier:
    return HiddenClassifier(**{**SMALL, **parameters})


@pytest.fixture(scope="module")
def photos(people: Path) -> PhotoArray:
    folder = read_folder(people)
    return hidden().read(load_images([people / photo.file for photo in folder.photos], 16, "L"))


@pytest.fixture(scope="module")
def names(people: Path) -> list[str]:
    return [photo.name for photo in read_folder(people).photos]


@pytest.fixture(scope="module")
def fitted(photos: PhotoArray, names: list[str]) -> HiddenClassifier:
    return hidden().fit(photos, names)


def test_it_learns_and_speaks_scikit_learn(fitted: HiddenClassifier, photos: PhotoArray, names: list[str]) -> None:
    assert fitted.classes_.tolist() == ["Ada", "Bo", "Cy"]
    probabilities = fitted.predict_proba(photos)
    assert probabilities.shape == (len(photos), 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert (fitted.predict(photos) == fitted.classes_[probabilities.argmax(1)]).all()
    assert fitted.score(photos, names) > 0.9


def test_a_photo_and_its_mirror_image_get_the_same_answer(fitted: HiddenClassifier, photos: PhotoArray) -> None:
    mirrored = PhotoArray(np.ascontiguousarray(photos.numbers[..., ::-1]))
    np.testing.assert_allclose(fitted.predict_proba(photos), fitted.predict_proba(mirrored), atol=1e-6)


def test_exposure_changes_nothing(fitted: HiddenClassifier, photos: PhotoArray) -> None:
    np.testing.assert_allclose(
        fitted.predict_proba(photos), fitted.predict_proba(PhotoArray(photos.numbers + np.float32(0.2))), atol=1e-3
    )


def test_a_shadow_on_half_of_the_face_is_mostly_taken_out() -> None:
    face = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    shadow = torch.linspace(0.4, 1, 32, dtype=torch.float64)
    taken_out = (local_contrast(face * shadow) - local_contrast(face)).abs().mean()
    assert taken_out < 0.25 * (standardised(face * shadow) - standardised(face)).abs().mean()


def test_local_contrast_is_what_its_formula_says_at_every_pixel() -> None:
    image = torch.rand(1, 1, 7, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    x, result = image[0, 0], local_contrast(image)[0, 0]
    for row, column in ((0, 0), (3, 4), (6, 8)):
        near = torch.tensor(
            [[np.exp(-((row - i) ** 2 + (column - j) ** 2) / (2 * REACH**2)) for j in range(9)] for i in range(7)]
        )
        near /= near.sum()
        m = (near * x).sum()
        s = (near * (x - m) ** 2).sum().sqrt()
        assert_close(result[row, column], (x[row, column] - m) / (s + FLOOR))


def test_same_seed_same_bytes_another_seed_others(photos: PhotoArray, names: list[str]) -> None:
    one, same, other = (hidden(epochs=2, seed=s).fit(photos, names).to_bytes() for s in (3, 3, 4))
    assert one == same != other


def test_a_saved_classifier_answers_as_before(fitted: HiddenClassifier, photos: PhotoArray) -> None:
    loaded = HiddenClassifier.from_checkpoint(*checkpoint.load(fitted.to_bytes({"note": "x"})))
    assert loaded.get_params() == fitted.get_params()
    assert (loaded.predict_proba(photos) == fitted.predict_proba(photos)).all()


@pytest.mark.parametrize("missing", ["model", "classes", "settings", "mean", "network.0.weight"])
def test_an_incomplete_checkpoint_is_refused_in_one_line(fitted: HiddenClassifier, missing: str) -> None:
    tensors, metadata = checkpoint.load(fitted.to_bytes())
    tensors.pop(missing, None)
    metadata.pop(missing, None)
    with pytest.raises(RunError) as error:
        HiddenClassifier.from_checkpoint(tensors, metadata)
    assert "\n" not in str(error.value)


def test_another_models_checkpoint_is_refused(fitted: HiddenClassifier) -> None:
    tensors, metadata = checkpoint.load(fitted.to_bytes())
    with pytest.raises(RunError, match="holds the model 'other', expected 'hidden'"):
        HiddenClassifier.from_checkpoint(tensors, {**metadata, "model": "other"})


def test_a_checkpoint_of_an_earlier_version_answers_as_it_did(fitted: HiddenClassifier, photos: PhotoArray) -> None:
    tensors, metadata = checkpoint.load(fitted.to_bytes())
    for name in ("centre", "neighbours", "neighbour_classes"):
        del tensors[name]
    del metadata["temperature"], metadata["unknown"]["thresholds"]
    loaded = HiddenClassifier.from_checkpoint(tensors, metadata)
    assert (loaded.temperature_, loaded.thresholds_, loaded.quantity) == (1.0, {}, "probability of the name")
    assert (loaded.known_scores(photos) == loaded.predict_proba(photos).max(1)).all()


@pytest.mark.parametrize("temperature", [0, -1, "nan", 1e9, None])
def test_a_temperature_that_is_none_is_refused(fitted: HiddenClassifier, temperature: object) -> None:
    tensors, metadata = checkpoint.load(fitted.to_bytes())
    with pytest.raises(RunError, match="the checkpoint is incomplete"):
        HiddenClassifier.from_checkpoint(tensors, {**metadata, "temperature": temperature})


def test_validation_with_a_strangers_name_is_refused(photos: PhotoArray, names: list[str]) -> None:
    with pytest.raises(UsageError, match="'Zed' is none of the classes"):
        hidden().fit(photos, names, (photos.take(slice(1)), ["Zed"]))


def test_the_normaliser_leaves_mean_0_and_deviation_1_a_pixel() -> None:
    images = torch.rand(50, 1, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    inputs = Normaliser.fit(images)(images)
    assert_close(inputs.mean(0), torch.zeros(30, dtype=torch.float64), atol=1e-9, rtol=0)
    assert_close(inputs.std(0), torch.ones(30, dtype=torch.float64))


def test_a_photo_of_one_grey_is_no_division_by_zero() -> None:
    assert standardised(torch.full((2, 1, 4, 4), 0.7)).abs().max() < 1e-3


def test_a_unit_speaks_for_the_person_it_gives_most_above_the_mean(fitted: HiddenClassifier) -> None:
    described = fitted.unit_classes()
    weights = fitted.output_weights.numpy()
    assert [unit_class.unit for unit_class in described] == list(range(12))
    assert [unit_class.name for unit_class in described] == fitted.classes_[weights.argmax(0)].tolist()
    np.testing.assert_allclose(
        [unit_class.strength for unit_class in described], weights.max(0) - weights.mean(0), rtol=1e-4
    )


def test_a_unit_that_does_not_exist_is_refused(fitted: HiddenClassifier) -> None:
    with pytest.raises(UsageError, match="no hidden unit 12: expected 0 to 11"):
        chosen_units(fitted.unit_classes(), [3, 12])


def test_chosen_units_come_once_and_in_the_order_asked_for(fitted: HiddenClassifier) -> None:
    assert [unit_class.unit for unit_class in chosen_units(fitted.unit_classes(), [7, 3, 7])] == [7, 3]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_classifier_trained_on_a_gpu_answers_the_same_on_the_processor() -> None:
    photos, names = PhotoArray(np.random.default_rng(0).random((8, 1, 12, 12)).astype(np.float32)), ["Ada", "Bo"] * 4
    there = HiddenClassifier(hidden=6, epochs=3, size=12, device="cuda").fit(photos, names)
    here = HiddenClassifier.from_checkpoint(*checkpoint.load(there.to_bytes()), device="cpu")
    np.testing.assert_allclose(here.predict_proba(photos), there.predict_proba(photos), atol=1e-5)
    assert there.clone().fit(photos, names).to_bytes() == there.to_bytes()


def test_the_most_exciting_photos_come_first() -> None:
    activations = np.array([[0.1, 5.0], [0.9, 1.0], [0.5, 3.0]], dtype=np.float32)
    assert most_exciting(activations, 2).tolist() == [[1, 2], [0, 2]]


@pytest.mark.parametrize("wrong", [{"hidden": 0}, {"lr": 0.0}, {"lr": float("nan")}, {"dropout": 1.0}, {"zoom": -1.0}])
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        HiddenClassifier(**wrong)  # type: ignore[arg-type]  # integers and floats in one table


def test_what_is_loaded_has_the_augmentation_it_was_saved_with() -> None:
    photos = PhotoArray(np.random.default_rng(0).random((4, 1, 12, 12)).astype(np.float32))
    settings: dict[str, Any] = {"rotation": 1.5, "shift": 0.25, "zoom": 0.0, "dropout": 0.25, "patience": 3, "size": 12}
    saved = HiddenClassifier(hidden=2, epochs=1, **settings).fit(photos, ["Ada", "Ada", "Bo", "Bo"])
    loaded = HiddenClassifier.from_checkpoint(*checkpoint.load(saved.to_bytes()))
    assert {name: loaded.get_params()[name] for name in settings} == settings
    assert loaded.settings() == saved.settings()
    x = saved._opened(photos.numbers)
    one, other = (model._augmented(x, torch.Generator().manual_seed(1)) for model in (saved, loaded))
    assert torch.equal(one, other)
