"""CNN in NumPy, 2019: one convolution, squared error, one sample per step: activations, rates, order, filters.

Every training is run twice: right, and as published, with the layers of `numpy_cnn_published`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator

from data.mnist.files import SIDE
from experiments.experiment import Budgeted, Experiment, ReportedRow
from experiments.numpy_cnn_figures import figures
from experiments.numpy_cnn_published import PublishedReLU, PublishedSigmoid, PublishedTanh, ScrambledConv2d
from experiments.recipe import Parts, Recipe
from experiments.sources import Sources
from experiments.start import started
from mnist.deconvolution import deconvolved
from mnist.digits import Digits, standardised_one_by_one
from mnist.networks import Activation, one_convolution
from nn.layers import Conv2d, Layer, LeakyReLU, Linear, Sequential, Sigmoid, Tanh
from nn.losses import SquaredError
from nn.optimisers import SGD
from nn.schedules import Constant
from nn.training import TrainingSettings

AS_PUBLISHED = ", as published"


class Units(NamedTuple):
    """The activations of a network's layers, right and as the author's code computes them."""

    right: Sequence[Activation]
    published: Sequence[Activation]


def _relu(leak: float = 0.01) -> Units:
    return Units([partial(LeakyReLU, leak)] * 3, [partial(PublishedReLU, leak)] * 3)


def _tanh(slope: float) -> Units:
    return Units([partial(Tanh, slope)] * 3, [partial(PublishedTanh, slope)] * 3)


def _sigmoid(*slopes: float) -> Units:
    """Two slopes are those of network A, whose backward pass takes the right ones; three those of B."""
    before = slopes if len(slopes) == 2 else (slopes[0], *slopes[:-1])
    published = [partial(PublishedSigmoid, slope, other) for slope, other in zip(slopes, before, strict=True)]
    return Units([partial(Sigmoid, slope) for slope in slopes], published)


TRAINING = TrainingSettings(epochs=200, batch_size=1)
FILTERS_AT = (1, 10, 50)


def _parts(train: Digits, test: Digits, classes: Sequence[int]) -> Parts:
    pairs = [
        (standardised_one_by_one(part).x, torch.eye(len(classes))[part.numbered(classes).labels])
        for part in (train, test)
    ]
    return Parts(pairs[0], pairs[1], pairs[1])


def _ones_and_threes(sources: Sources, generator: Generator) -> Parts:
    """The first 50 ones and the first 50 threes of the training and of the test digits."""
    train, test = sources.digits()
    return _parts(train.of_classes((1, 3), 50), test.of_classes((1, 3), 50), (1, 3))


def _first_of_each(each: int) -> Callable[[Sources, Generator], Parts]:
    """The first `each` of every class of the training and of the test digits."""

    def data(sources: Sources, generator: Generator) -> Parts:
        train, test = sources.digits()
        return _parts(train.of_classes(range(10), each), test.of_classes(range(10), each), range(10))

    return data


def _confusion(network: Layer, parts: Parts) -> NDArray[np.float32]:
    """Counts of the test digits, (true, predicted)."""
    x, target = parts.test
    counts = torch.zeros(10, 10)
    counts.index_put_((target.argmax(1), network.forward(x).argmax(1)), torch.tensor(1.0), accumulate=True)
    return counts.numpy()


def _deconvolution(network: Layer, parts: Parts) -> NDArray[np.float32]:
    """The first test image of each class, then what each filter sees of it: (10, 1 + filters, 28, 28)."""
    x, target = parts.test
    first = x[[int((target.argmax(1) == digit).nonzero()[0]) for digit in range(10)]]
    parameters = network.parameters()
    seen = deconvolved(first, parameters["0.weight"].value, parameters["0.bias"].value)
    return torch.cat((first, seen), 1).numpy()


def _network(
    generator: Generator, *, maps: int, kernel: int, classes: int, hidden: int | None, units: Units, published: bool
) -> Sequential:
    """The network with the start of the author's code, N(0, s), biases too: s = 1 / sqrt(inputs) for a dense layer, but
    for the convolution 1 / sqrt(places of its window), which is 1 for a kernel as large as the image."""
    places = (SIDE - kernel + 1) ** 2
    network = one_convolution(
        generator,
        maps=maps,
        kernel=kernel,
        classes=classes,
        hidden=hidden,
        activations=(units.published if published else units.right)[: 2 if hidden is None else 3],
        convolution=partial(ScrambledConv2d, side=SIDE) if published else Conv2d,
    )

    def deviation(layer: Conv2d | Linear) -> float:
        return 1 / math.sqrt(layer.inputs if isinstance(layer, Linear) else places)

    return started(network, deviation, generator)


def _twice(network: Callable[..., Sequential], **settings: Any) -> list[Recipe]:
    """Return the training as published, and the right one."""
    right = Recipe(network=partial(network, published=False), loss=SquaredError, optimiser=SGD, **settings)
    return [replace(right, name=right.name + AS_PUBLISHED, network=partial(network, published=True)), right]


def _part2(name: str, units: Units, lr: float, *, shuffle: bool = True) -> list[Recipe]:
    return _twice(
        partial(_network, maps=2, kernel=28, classes=2, hidden=None, units=units),
        name=f"part 2, {name}",
        data=_ones_and_threes,
        schedule=Constant(lr),
        epochs=Budgeted(50, 200),
        training=replace(TRAINING, shuffle=shuffle),
        seeds=Budgeted(1, 5),
        filters="0.weight",
        filters_at=FILTERS_AT,
    )


def _part3(name: str, units: Units, lr: float = 0.001, *, shuffle: bool = True) -> list[Recipe]:
    hidden = {"A": None, "B": 128}[name[0]]
    return _twice(
        partial(_network, maps=16, kernel=7, classes=10, hidden=hidden, units=units),
        name=f"part 3, {name}",
        data=_first_of_each(100),
        schedule=Constant(lr),
        epochs=Budgeted(8, 200),
        training=replace(TRAINING, shuffle=shuffle),
        filters="0.weight",
    )


def _full(name: str, units: Units) -> list[Recipe]:
    return [
        replace(
            recipe,
            name=recipe.name.replace("part 3", "all"),
            data=_first_of_each(500),
            epochs=Budgeted(1, 250),
            looks={"confusion": _confusion, "deconvolution": _deconvolution},
        )
        for recipe in _part3(name, units)
    ]


TASKS = tuple(
    chain(
        _full("B, tanh", _tanh(0.5)),
        _full("B, sigmoid", _sigmoid(0.7, 0.7, 0.05)),
        _full("A, tanh", _tanh(0.5)),
        _full("A, sigmoid", _sigmoid(0.7, 0.7)),
        _part3("B, ReLU, alpha .001", _relu()),
        _part3("B, tanh", _tanh(0.5)),
        _part3("B, sigmoid", _sigmoid(0.7, 0.7, 0.05)),
        _part3("B, ReLU, alpha .0005", _relu(), 0.0005),
        _part3("B, ReLU, alpha .005", _relu(), 0.005),
        _part3("B, ReLU, fixed order", _relu(), shuffle=False),
        _part3("A, ReLU, alpha .001", _relu()),
        _part3("A, tanh", _tanh(0.5)),
        _part3("A, sigmoid", _sigmoid(0.7, 0.7)),
        _part3("A, sigmoid, slopes .7 and .05", _sigmoid(0.7, 0.05)),
        _part3("A, ReLU, alpha .005", _relu(), 0.005),
        _part3("A, ReLU, fixed order", _relu(), shuffle=False),
        _part2("tanh, alpha .01", _tanh(1), 0.01),
        _part2("sigmoid, alpha .01", _sigmoid(1, 1), 0.01),
        *(_part2(f"ReLU, alpha {lr:g}", _relu(), lr) for lr in (0.1, 0.01, 0.001)),
        *(_part2(f"ReLU, alpha {lr:g}, fixed order", _relu(), lr, shuffle=False) for lr in (0.1, 0.01, 0.001)),
        *(
            _part2(f"ReLU, alpha {lr:g}, leak {leak:g}", _relu(leak), lr)
            for lr in (0.01, 0.001)
            for leak in (0.05, 0.1)
        ),
    )
)


Curve = tuple[str, str, tuple[float, float, float, float] | None]
"""A line of the report's tables: title, task, training and test error, training and test accuracy."""

LINES: tuple[Curve, ...] = (
    ("part 2, ReLU, alpha .01", "part 2, ReLU, alpha 0.01", (1.13e-6, 0.086, 100, 89)),
    ("part 2, tanh, alpha .01", "part 2, tanh, alpha .01", (6.98e-3, 0.157, 100, 79)),
    ("part 2, sigmoid, alpha .01", "part 2, sigmoid, alpha .01", (7.68e-3, 0.148, 100, 78)),
    ("part 2, ReLU, shuffled, alpha .1", "part 2, ReLU, alpha 0.1", (1.84e-3, 0.169, 100, 76)),
    ("part 2, ReLU, shuffled, alpha .01", "part 2, ReLU, alpha 0.01", (3.46e-6, 0.195, 100, 74)),
    ("part 2, ReLU, shuffled, alpha .001", "part 2, ReLU, alpha 0.001", (2.86e-2, 0.084, 97, 92)),
    ("part 2, ReLU, fixed order, alpha .1", "part 2, ReLU, alpha 0.1, fixed order", (2.22e-3, 0.414, 100, 75)),
    ("part 2, ReLU, fixed order, alpha .01", "part 2, ReLU, alpha 0.01, fixed order", (4.96e-7, 0.090, 100, 89)),
    ("part 2, ReLU, fixed order, alpha .001", "part 2, ReLU, alpha 0.001, fixed order", (3.30e-3, 0.0928, 100, 86)),
    ("part 2, ReLU, alpha .01, leak .01", "part 2, ReLU, alpha 0.01", (1.11e-2, 0.164, 100, 74)),
    ("part 2, ReLU, alpha .01, leak .05", "part 2, ReLU, alpha 0.01, leak 0.05", (9.45e-6, 0.152, 100, 77)),
    ("part 2, ReLU, alpha .01, leak .1", "part 2, ReLU, alpha 0.01, leak 0.1", (1.43e-4, 0.098, 100, 89)),
    ("part 2, ReLU, alpha .001, leak .01", "part 2, ReLU, alpha 0.001", (2.46e-2, 0.158, 100, 79)),
    ("part 2, ReLU, alpha .001, leak .05", "part 2, ReLU, alpha 0.001, leak 0.05", (2.08e-2, 0.2029, 97, 74)),
    ("part 2, ReLU, alpha .001, leak .1", "part 2, ReLU, alpha 0.001, leak 0.1", (3.59e-4, 0.166, 100, 74)),
    ("part 3, A, tanh", "part 3, A, tanh", (0.075, 0.178, 99.5, 91.0)),
    ("part 3, B, tanh", "part 3, B, tanh", (0.0615, 0.129, 98.5, 91.4)),
    ("part 3, A, ReLU", "part 3, A, ReLU, alpha .001", (3.29e-3, 8.15e-2, 99.5, 92.9)),
    ("part 3, B, ReLU", "part 3, B, ReLU, alpha .001", (4.67e-3, 8.51e-3, 99.1, 91.5)),
    ("part 3, A, sigmoid, slopes .7 and .7", "part 3, A, sigmoid", (0.169, 0.178, 86.3, 85.0)),
    ("part 3, A, sigmoid, slopes .7 and .05", "part 3, A, sigmoid, slopes .7 and .05", (0.169, 0.178, 86.3, 85.0)),
    ("part 3, B, sigmoid", "part 3, B, sigmoid", (0.449, 0.449, 24.6, 25.1)),
    ("part 3, B, ReLU, alpha .0005", "part 3, B, ReLU, alpha .0005", (4.87e-3, 7.71e-2, 99.1, 93.7)),
    ("part 3, B, ReLU, alpha .001", "part 3, B, ReLU, alpha .001", (3.73e-3, 8.54e-2, 99.3, 92.2)),
    ("part 3, B, ReLU, alpha .005", "part 3, B, ReLU, alpha .005", (1.16e-4, 6.80e-2, 100, 93.9)),
    ("part 3, A, ReLU, alpha .005 (the report's overflowed)", "part 3, A, ReLU, alpha .005", None),
    ("part 3, A, ReLU, random order", "part 3, A, ReLU, alpha .001", (6.28e-3, 8.57e-2, 98.8, 93.2)),
    ("part 3, A, ReLU, fixed order", "part 3, A, ReLU, fixed order", (4.76e-3, 8.29e-2, 99.2, 92.7)),
    ("part 3, B, ReLU, random order", "part 3, B, ReLU, alpha .001", (4.26e-3, 7.87e-2, 99.4, 93.5)),
    ("part 3, B, ReLU, fixed order", "part 3, B, ReLU, fixed order", (1.78e-3, 7.54e-2, 99.7, 92.7)),
    ("all, A, sigmoid", "all, A, sigmoid", (8.24e-2, 9.73e-2, 92.4, 90.3)),
    ("all, B, sigmoid", "all, B, sigmoid", (0.495, 0.499, 40.5, 40.5)),
    ("all, A, tanh", "all, A, tanh", (6.57e-2, 0.141, 99.6, 94.7)),
    ("all, B, tanh", "all, B, tanh", (2.26e-2, 6.80e-2, 99.6, 94.8)),
)
MEASURES = (
    ("training error", "train_loss", ""),
    ("test error", "test_loss", ""),
    ("training accuracy", "train_accuracy", "%"),
    ("test accuracy", "test_accuracy", "%"),
)

TWICE = {"as published": AS_PUBLISHED, "right": ""}
"""How a training is computed, and what its task is called for it."""
BRIEF = (
    *(line[0] for line in LINES[:3]),
    *(line[0] for line in LINES if line[0].startswith(("part 3", "all")) and " order" not in line[0]),
)

ROWS = (
    *(
        ReportedRow(
            title=f"{title}, {how}" if what == "test accuracy" else f"{title}, {how}: {what}",
            task=task + suffix,
            measure=measure,
            reported=None if reports is None else reports[number],
            unit=unit,
            brief=what == "test accuracy" and title in BRIEF,
        )
        for number, (what, measure, unit) in reversed(list(enumerate(MEASURES)))
        for title, task, reports in LINES
        for how, suffix in TWICE.items()
    ),
    ReportedRow(
        title="all, A, tanh, as published: an epoch of 5,000 + 5,000",
        task="all, A, tanh" + AS_PUBLISHED,
        measure="seconds_an_epoch",
        reported=72,
        unit="s",
    ),
)

EXPERIMENT = Experiment(
    name="numpy-cnn",
    title="CNN in NumPy (2019): one convolution, squared error, one sample per step",
    tasks=TASKS,
    rows=ROWS,
    figures=figures,
    found=(
        "The author's code (published as lguerdan/numpy-CNN) reads the deltas of the convolution, which lie filter by "
        "filter, as if they lay place by place. So every filter of 7 x 7 is moved by other filters' deltas and hardly "
        'learns: the network classifies what sixteen nearly random filters see. Rows "as published" are computed so, '
        'with that code\'s activations and biases; "right" is the gradient of the same network from the same start.',
        "The start decides, more than the gradient: the code draws a 7 x 7 kernel from N(0, 1/22), not from N(0, 1/7) "
        "as the report's text has it, and part 2's kernels from N(0, 1), where activations saturate.",
    ),
    choices=(
        "A row without another word is test accuracy. Errors are 1/2 sum (d - y)^2, the mean over the images; what the "
        "report calls MSE may not be halved and summed so.",
        "As published, beside the convolution: a ReLU has no leak forwards, only in its derivative; tanh' is slope - "
        "y^2; network B's dense layers take the sigmoid slope of the layer before in backward; biases of the "
        "convolution move once for each place, the same for all filters. `experiments/numpy_cnn_published.py` has the "
        "equations.",
        "Weights and biases start as in that code, in both kinds of rows: N(0, s), s = 1 / sqrt(inputs) for a dense "
        "layer, and 1 / sqrt(places) for the convolution, 1/22 for 7 x 7 and 1 for 28 x 28.",
        "Part 2 has 100 training and 100 test images: the first 50 of each of the two classes. Which images the author "
        "had, there and in the other parts, is not known.",
        "The full run's subset is not stated: the first 500 of each class for training and for test.",
        "A ReLU's leak is .01 where none is named.",
        "Part 3's caption has the sigmoid slopes .7 and .05 for network A; with .7 and .7, the full run's, it comes "
        "out as reported. Both are run.",
        "The same training stands in several tables with different results (ReLU, alpha .01, leak .01 in part 2: 89, "
        "74, 74): here it is run once for each seed, and stands beside each of them.",
    ),
)
