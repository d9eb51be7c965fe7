"""A recipe end to end on small files: what it measures, what it keeps, and that a seed is a run."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn import functional

from experiments.experiment import Budgeted, Measurement
from experiments.lab1 import RECIPES
from experiments.recipe import Parts, Recipe
from experiments.sources import Sources
from mnist.digits import split_off, standardised_one_by_one
from mnist.networks import one_convolution
from nn.layers import Layer, Tanh
from nn.losses import SquaredError
from nn.optimisers import SGD
from nn.schedules import Constant
from nn.training import TrainingSettings


def parts(sources: Sources, generator: Generator) -> Parts:
    """Half of the training digits, at random, and the test digits; rows of 0 and 1 as targets."""
    train, test = sources.digits()
    pairs = [
        (standardised_one_by_one(digits).x, torch.eye(10)[digits.labels])
        for digits in (split_off(train, len(train) // 2, generator)[0], test)
    ]
    return Parts(pairs[0], pairs[1], pairs[1])


RECIPE = Recipe(
    name="two filters",
    data=parts,
    network=partial(one_convolution, maps=2, kernel=7, activations=(partial(Tanh, 0.5), Tanh), classes=10),
    loss=SquaredError,
    optimiser=SGD,
    schedule=Constant(0.01),
    epochs=Budgeted(4, 6),
    training=TrainingSettings(epochs=1, batch_size=1),
    filters="0.weight",
    filters_at=(1, 3),
)


def run(recipe: Recipe, folder: Path, seed: int = 0) -> Measurement:
    return recipe.run(Sources(mnist=folder), seed, "quick")


def same(one: Measurement, other: Measurement) -> bool:
    """Whether all but the time is the same."""
    measures = [{k: v for k, v in outcome.measures.items() if "seconds" not in k} for outcome in (one, other)]
    return (
        measures[0] == measures[1]
        and one.series == other.series
        and all(np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items())
    )


def test_a_run_measures_what_the_rows_and_figures_read(small_mnist: Path) -> None:
    outcome = run(RECIPE, small_mnist)
    assert outcome.series["epoch"] == [1, 2, 3, 4]
    assert all(len(column) == 4 for column in outcome.series.values())
    assert outcome.series["train_loss"][-1] < outcome.series["train_loss"][0]
    assert outcome.measures["epochs"] == 4
    assert outcome.measures["parameters"] == 2 * 50 + 2 * 22 * 22 * 10 + 10
    assert outcome.measures["test_loss"] == outcome.series["validation_loss"][-1]
    assert outcome.measures["test_accuracy"] == pytest.approx(100 * outcome.series["validation_accuracy"][-1])
    assert outcome.measures["test_accuracy"] > 50  # the classes are patterns under noise
    assert outcome.measures["train_accuracy"] + outcome.measures["train_error"] == pytest.approx(100)
    assert 0 < outcome.measures["seconds_an_epoch"] < outcome.seconds


def test_a_seed_is_a_run(small_mnist: Path) -> None:
    first = run(RECIPE, small_mnist)
    assert same(first, run(RECIPE, small_mnist))
    assert not same(first, run(RECIPE, small_mnist, seed=1))


def test_the_budget_chooses_the_epochs(small_mnist: Path) -> None:
    short = replace(RECIPE, training=TrainingSettings(epochs=1, batch_size=50))
    assert [short.run(Sources(mnist=small_mnist), 0, budget).measures["epochs"] for budget in ("quick", "full")] == [
        4,
        6,
    ]


def test_filters_are_kept_at_the_start_at_the_epochs_asked_for_and_at_the_end(small_mnist: Path) -> None:
    arrays = run(RECIPE, small_mnist).arrays
    assert set(arrays) == {"filters", "filters, epoch 0", "filters, epoch 1", "filters, epoch 3"}
    assert all(kept.shape == (2, 1, 7, 7) for kept in arrays.values())
    for epochs in (1, 3):  # as a run that ends there
        shorter = replace(RECIPE, epochs=Budgeted(epochs, epochs), filters_at=())
        found = run(shorter, small_mnist).arrays
        assert set(found) == {"filters"}
        np.testing.assert_array_equal(arrays[f"filters, epoch {epochs}"], found["filters"])
    assert not np.array_equal(arrays["filters, epoch 3"], arrays["filters"])


def test_deltas_of_the_convolution_are_those_of_autograd_mean_over_the_samples(small_mnist: Path) -> None:
    still = replace(RECIPE, schedule=Constant(0.0), epochs=Budgeted(2, 2))  # the weights stay what they are
    measured = run(still, small_mnist).series["conv_deltas"]
    generator = Generator().manual_seed(0)
    x, target = parts(Sources(mnist=small_mnist), generator).train
    p = {name: parameter.value for name, parameter in RECIPE.network(generator).parameters().items()}
    response = functional.conv2d(x, p["0.weight"], p["0.bias"]).requires_grad_()
    hidden = torch.tanh(0.5 * response).flatten(1)
    y = torch.tanh(functional.linear(hidden, p["4.weight"], p["4.bias"]))
    (deltas,) = torch.autograd.grad((y - target).square().sum() / 2, response)
    expected = float(deltas.square().sum()) / len(x)
    assert measured == pytest.approx([expected, expected], rel=1e-4)


def test_fewer_samples_are_the_first_ones_and_a_cap_on_epochs_holds(small_mnist: Path) -> None:
    def first(sources: Sources, generator: Generator) -> Parts:
        found = parts(sources, generator)
        return replace(found, train=(found.train[0][:30], found.train[1][:30]))

    capped = run(replace(RECIPE, samples=Budgeted(30, 100), most_epochs=2), small_mnist)
    assert capped.series["epoch"] == [1, 2]
    assert same(capped, run(replace(RECIPE, data=first, epochs=Budgeted(2, 2)), small_mnist))


def test_a_gpu_may_have_larger_batches(small_mnist: Path) -> None:
    recipe = replace(RECIPE, batch_size_on_cuda=50)
    assert (recipe.batch_size("cpu"), recipe.batch_size("cuda")) == (1, 50)
    assert (RECIPE.batch_size("cpu"), RECIPE.batch_size("cuda")) == (1, 1)
    assert same(run(recipe, small_mnist), run(RECIPE, small_mnist))
    assert {(variant.batch_size("cpu"), variant.batch_size("cuda")) for variant in RECIPES} == {(8, 32)}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_measures_the_same_up_to_rounding(small_mnist: Path) -> None:
    here = run(RECIPE, small_mnist)
    there = RECIPE.run(Sources(mnist=small_mnist, device="cuda"), 0, "quick")
    assert there.series["train_loss"] == pytest.approx(here.series["train_loss"], rel=1e-3)
    assert there.measures["test_accuracy"] == pytest.approx(here.measures["test_accuracy"], abs=5)
    np.testing.assert_array_equal(there.arrays["filters, epoch 0"], here.arrays["filters, epoch 0"])
    np.testing.assert_allclose(there.arrays["filters"], here.arrays["filters"], atol=1e-3)


def test_looks_see_the_trained_network_and_its_data(small_mnist: Path) -> None:
    def outputs(network: Layer, parts: Parts) -> NDArray[np.float32]:
        return network.forward(parts.test[0]).numpy()

    outcome = run(replace(RECIPE, looks={"outputs": outputs}), small_mnist)
    x: Tensor = torch.from_numpy(outcome.arrays["outputs"])
    target = parts(Sources(mnist=small_mnist), Generator().manual_seed(0)).test[1]
    assert 100 * float((x.argmax(1) == target.argmax(1)).float().mean()) == pytest.approx(
        outcome.measures["test_accuracy"]
    )
