"""A classifier of digits as an estimator: fit, predict, predict_proba, score, save and load."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from errors import RunError
from mnist.classifier import DigitClassifier, moved
from mnist.digits import Digits, load_digits
from mnist.networks import NETWORKS
from mnist.settings import MODELS
from nn import checkpoint

QUICK: dict[str, Any] = {"epochs": 15, "batch_size": 20, "lr": 0.05, "device": "cpu"}


@pytest.fixture(scope="module")
def digits(mnist_files: Path) -> tuple[Digits, Digits]:
    return load_digits(mnist_files)


@pytest.fixture(scope="module")
def fitted(digits: tuple[Digits, Digits]) -> DigitClassifier:
    return DigitClassifier(**QUICK).fit(*digits[0].pair)


@pytest.fixture(scope="module")
def trained(digits: tuple[Digits, Digits]) -> Callable[[str], DigitClassifier]:
    """trained(model): a network after two steps, trained once for all tests."""

    @cache
    def fit(model: str) -> DigitClassifier:
        return DigitClassifier(model=model, epochs=1, batch_size=15).fit(*digits[0].at(torch.arange(30)).pair)

    return fit


def test_every_network_has_settings() -> None:
    assert MODELS.keys() == NETWORKS.keys()


def test_it_learns_and_has_the_interface_of_scikit_learn(
    fitted: DigitClassifier, digits: tuple[Digits, Digits]
) -> None:
    test = digits[1]
    probabilities = fitted.predict_proba(test.x)
    assert probabilities.shape == (50, 10)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert (fitted.predict(test.x) == probabilities.argmax(1)).all()
    assert fitted.score(*test.pair) > 0.9


def test_same_seed_same_weights_and_another_seed_others(fitted: DigitClassifier, digits: tuple[Digits, Digits]) -> None:
    assert DigitClassifier(**QUICK).fit(*digits[0].pair).to_bytes() == fitted.to_bytes()
    assert DigitClassifier(**QUICK, seed=1).fit(*digits[0].pair).to_bytes() != fitted.to_bytes()


def test_validation_digits_are_measured_and_change_nothing(
    fitted: DigitClassifier, digits: tuple[Digits, Digits]
) -> None:
    watched = DigitClassifier(**QUICK).fit(*digits[0].pair, digits[1].pair)
    assert watched.to_bytes() == fitted.to_bytes()
    assert watched.history.column("validation_accuracy")[-1] == pytest.approx(fitted.score(*digits[1].pair))


def test_a_prediction_does_not_depend_on_other_images(
    trained: Callable[[str], DigitClassifier], digits: tuple[Digits, Digits]
) -> None:
    best, x = trained("best"), digits[1].x[:10]
    alone, among_others = best.predict_proba(x[7:8]), best.predict_proba(x)[7:8]
    np.testing.assert_allclose(alone, among_others, rtol=1e-5)


def test_probabilities_are_the_mean_of_the_columns_on_the_digit_and_on_it_moved(
    trained: Callable[[str], DigitClassifier], digits: tuple[Digits, Digits]
) -> None:
    best, x = trained("best"), digits[1].x[:10]
    assert MODELS["best"].moved
    columns = []
    for view in moved(x):
        logits = best.network.forward((view - best.mean) / best.deviation)
        columns += [part.softmax(1) for part in logits.chunk(MODELS["best"].columns, 1)]
    assert len(columns) == 3 * 4
    assert_close(torch.from_numpy(best.predict_proba(x)), sum(columns) / len(columns))


def test_a_moved_image_is_a_pixel_lower_and_higher_and_the_row_at_the_border_is_repeated() -> None:
    x = torch.rand(2, 1, 4, 3, generator=torch.Generator().manual_seed(0))
    same, lower, higher = moved(x)
    assert torch.equal(same, x)
    assert torch.equal(lower, x[:, :, [0, 0, 1, 2]])
    assert torch.equal(higher, x[:, :, [1, 2, 3, 3]])


@pytest.mark.parametrize("model", [name for name, settings in MODELS.items() if not settings.moved])
def test_the_other_networks_look_once(
    model: str, trained: Callable[[str], DigitClassifier], digits: tuple[Digits, Digits]
) -> None:
    network, x = trained(model), digits[1].x[:10]
    logits = network.network.forward((x - network.mean) / network.deviation)
    assert torch.equal(torch.from_numpy(network.predict_proba(x)), logits.softmax(1))


@pytest.mark.parametrize("model", NETWORKS)
def test_a_saved_network_predicts_as_before(
    model: str, trained: Callable[[str], DigitClassifier], digits: tuple[Digits, Digits]
) -> None:
    classifier, test = trained(model), digits[1]
    saved = classifier.to_bytes({"guard": "g"})
    loaded = DigitClassifier.from_checkpoint(*checkpoint.load(saved))
    assert (loaded.model, loaded.settings, loaded.seed) == (classifier.model, classifier.settings, classifier.seed)
    assert (loaded.predict_proba(test.x[:5]) == classifier.predict_proba(test.x[:5])).all()
    assert loaded.to_bytes({"guard": "g"}) == saved


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("model", NETWORKS)
def test_a_network_trained_on_a_gpu_answers_the_same_on_the_processor(
    model: str, digits: tuple[Digits, Digits]
) -> None:
    few, x = digits[0].at(torch.arange(30)), digits[1].x[:20]
    there = DigitClassifier(model=model, epochs=1, batch_size=15, device="cuda").fit(*few.pair, digits[1].pair)
    assert {value.device.type for value in there.network.state().values()} == {"cuda"}
    here = DigitClassifier.from_checkpoint(*checkpoint.load(there.to_bytes()), device="cpu")
    np.testing.assert_allclose(here.predict_proba(x), there.predict_proba(x), atol=1e-5)
    assert_close(here.first_weights, there.first_weights)
    again = DigitClassifier(model=model, epochs=1, batch_size=15, device="cuda").fit(*few.pair)
    assert again.to_bytes() == there.to_bytes()
    if not there.network.generators():
        on_the_processor = DigitClassifier(model=model, epochs=1, batch_size=15, device="cpu").fit(*few.pair)
        np.testing.assert_allclose(on_the_processor.predict_proba(x), there.predict_proba(x), atol=1e-4)


@pytest.mark.parametrize(
    ("model", "shape"),
    [("softmax", (10, 28, 28)), ("fc", (256, 28, 28)), ("cnn", (16, 3, 3)), ("best", (4 * 16, 5, 5))],
)
def test_the_first_weights_are_pictures(
    model: str, shape: tuple[int, ...], trained: Callable[[str], DigitClassifier]
) -> None:
    classifier = trained(model)
    assert tuple(classifier.first_weights.shape) == shape
    assert len(classifier.unit_classes()) == (256 if model == "fc" else 0)


def test_the_class_of_a_unit_is_the_digit_it_raises_most_above_the_mean(
    fitted: DigitClassifier, digits: tuple[Digits, Digits]
) -> None:
    weights = fitted.network.parameters()["3.weight"].value.numpy()
    assert [int(unit_class.name) for unit_class in fitted.unit_classes()] == weights.argmax(0).tolist()
    np.testing.assert_allclose(
        [unit_class.strength for unit_class in fitted.unit_classes()], weights.max(0) - weights.mean(0), rtol=1e-4
    )
    x = digits[1].x
    expected = ((x - fitted.mean) / fitted.deviation).flatten(1) @ fitted.first_weights.flatten(1).T
    bias = fitted.network.parameters()["1.bias"].value
    assert_close(fitted.responses(x), expected + bias)


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"model": "hidden"}, "the checkpoint holds the model 'hidden', expected one of softmax, fc, cnn, best"),
        ({"model": "fc"}, "the checkpoint is incomplete: KeyError('settings')"),
        ({}, "the checkpoint is incomplete"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(metadata: dict[str, object], says: str) -> None:
    with pytest.raises(RunError) as caught:
        DigitClassifier.from_checkpoint({}, metadata)
    assert says in str(caught.value)


def test_a_checkpoint_of_other_layers_is_refused_before_its_weights_are_looked_at() -> None:
    metadata = {
        "model": "best",
        "seed": 0,
        "settings": {},
        "image": {"mean": 0.0, "deviation": 1.0},
        "layers": ["Columns", "Dropout"],
    }
    with pytest.raises(
        RunError, match=r"trained with the layers Columns, Dropout, this program makes it of .*train again"
    ):
        DigitClassifier.from_checkpoint({"0.0.11.weight": torch.zeros(1)}, metadata)
