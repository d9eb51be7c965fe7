"""CSC411, parts 2 to 5: softmax regression on all digits at once, and its gradient beside finite differences."""

import numpy as np
import torch
from torch import Generator

from data.mnist.files import SIDE
from experiments.experiment import Budgeted, Measurement
from experiments.recipe import Parts, Recipe
from experiments.sources import Sources
from mnist.cost_surface import Weight
from mnist.digits import split_off
from mnist.networks import softmax_regression
from nn.initialisers import uniform
from nn.layers import Layer
from nn.losses import CrossEntropy
from nn.optimisers import SGD
from nn.schedules import Constant
from nn.training import TrainingSettings

LR, MOMENTUM = 1e-4, 0.8
ALL = 60_000  # images per batch: an epoch is a step
DIRECTIONS = (Weight(45, 7), Weight(453, 8), Weight(129, 2), Weight(631, 3))
STEP = 1e-4  # of the finite differences
BATCH = 10_000  # images converted to float64 at a time


def _data(sources: Sources, generator: Generator) -> Parts:
    """All training digits; a random half of the test digits for validation."""
    train, test = sources.digits()
    test, validation = split_off(test, len(test) // 2, generator)
    return Parts((train.x, train.labels), (validation.x, validation.labels), (test.x, test.labels))


PLAIN = Recipe(
    name="softmax regression",
    data=_data,
    network=lambda generator: softmax_regression(generator, initialiser=uniform(0, 1)),
    loss=lambda: CrossEntropy(reduction="sum"),
    optimiser=SGD,
    schedule=Constant(LR),
    epochs=Budgeted(250, 1000),
    training=TrainingSettings(
        epochs=1000, batch_size=ALL, patience=1000, monitor="validation_accuracy", evaluation_batch_size=5000
    ),
    seeds=Budgeted(1, 3),
    looks={"weights": lambda network, parts: network.parameters()["1.weight"].value.view(-1, SIDE, SIDE).cpu().numpy()},
)


def finite_differences(network: Layer, parts: Parts) -> Measurement:
    """Compare the gradient of the summed cost with forward and central differences, in float64."""
    precise = softmax_regression(Generator()).to(dtype=torch.float64)
    precise.load(network.state())
    parameter = precise.parameters()["1.weight"]
    weight, at = parameter.value, _cost(precise, parts, gradient=True)
    assert parameter.grad is not None
    slopes = []
    for pixel, digit in DIRECTIONS:
        trained = float(weight[digit, pixel])
        weight[digit, pixel] = trained + STEP
        above = _cost(precise, parts)
        weight[digit, pixel] = trained - STEP
        below = _cost(precise, parts)
        weight[digit, pixel] = trained
        slopes.append((float(parameter.grad[digit, pixel]), (above - at) / STEP, (above - below) / (2 * STEP)))
    gradient, forward, central = np.array(slopes).T  # (directions,) each
    return Measurement(
        {
            "forward_difference": float(np.abs(forward - gradient).max()),
            "central_difference": float(np.abs(central - gradient).max()),
            "relative_difference": float(np.abs(central - gradient).max() / np.abs(gradient).max()),
        }
    )


def _cost(network: Layer, parts: Parts, *, gradient: bool = False) -> float:
    """Return the cost summed over the training images; with `gradient`, leave its gradient in the parameters."""
    loss, total = CrossEntropy(reduction="sum"), 0.0
    for images, labels in zip(*(torch.split(part, BATCH) for part in parts.train), strict=True):
        total += float(loss.forward(network.forward(images.double(), training=gradient), labels))
        if gradient:
            network.backward_parameters(loss.backward())
    return total
