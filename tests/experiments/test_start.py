"""The start of a report's own code: each layer's weights and biases from N(0, s) with the layer's own s."""

import math

import torch
from torch import Generator

from experiments import cs559
from experiments.recipe import Recipe
from experiments.start import started
from nn.layers import Linear, ReLU, Sequential


def test_every_layer_has_a_deviation_of_its_own_for_weights_and_biases() -> None:
    generator = Generator().manual_seed(0)
    layers = [Linear(100, 200, generator=generator), ReLU(), Linear(200, 300, generator=generator)]
    network = started(Sequential(*layers), lambda layer: 1.0 / layer.outputs, generator)
    for name, deviation in (("0.weight", 1 / 200), ("0.bias", 1 / 200), ("2.weight", 1 / 300), ("2.bias", 1 / 300)):
        value = network.parameters()[name].value
        assert abs(float(value.std()) / deviation - 1) < 4 / math.sqrt(value.numel())


def test_one_seed_gives_one_start() -> None:
    recipe = cs559.EXPERIMENT.task("cnn")
    assert isinstance(recipe, Recipe)
    first, again, other = (recipe.network(Generator().manual_seed(seed)).state() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_cs559_starts_as_its_authors_code_does() -> None:
    for task, deviations in (
        ("fc", {"1": 1 / (784 + 256), "3": 1 / (256 + 10)}),
        ("cnn", {"0": math.sqrt(2 / 784), "2": math.sqrt(2 / (16 * 30 * 30)), "5": 1 / (25_088 + 10)}),
    ):
        recipe = cs559.EXPERIMENT.task(task)
        assert isinstance(recipe, Recipe)
        parameters = recipe.network(Generator().manual_seed(0)).parameters()
        assert len(parameters) == 2 * len(deviations)
        for name, parameter in parameters.items():
            off = float(parameter.value.square().mean().sqrt()) / deviations[name.split(".")[0]] - 1
            assert abs(off) < 4 / math.sqrt(2 * parameter.value.numel())
