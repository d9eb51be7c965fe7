"""The networks: the sizes the reports give, what goes in and comes out, and where they start."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Generator

from mnist.networks import NETWORKS as NAMED
from mnist.networks import (
    columns,
    fully_connected,
    one_convolution,
    softmax_regression,
    turned,
    two_convolutions,
)
from mnist.settings import MODELS
from nn.estimator import kinds_of
from nn.initialisers import uniform
from nn.layers import GradientMeter, L2Pool2d, LeakyReLU, Sequential, Tanh

Network = Callable[[Generator], Sequential]


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def network_a(generator: Generator) -> Sequential:
    return one_convolution(generator, maps=16, kernel=7, activations=(Tanh, Tanh), classes=10)


def network_b(generator: Generator) -> Sequential:
    return one_convolution(generator, maps=16, kernel=7, activations=(Tanh, LeakyReLU, Tanh), classes=10, hidden=128)


def two_filters(generator: Generator) -> Sequential:
    """A kernel as large as the image: one number a filter."""
    return one_convolution(generator, maps=2, kernel=28, activations=(Tanh, Tanh), classes=2)


NETWORKS = [
    (softmax_regression, 784 * 10 + 10, 10),
    (fully_connected, 203_530, 10),
    (two_convolutions, 255_690, 10),
    (network_a, 16 * 50 + 16 * 22 * 22 * 10 + 10, 10),
    (network_b, 16 * 50 + 16 * 22 * 22 * 128 + 128 + 128 * 10 + 10, 10),
    (two_filters, 2 * 785 + 2 * 2 + 2, 2),
]


@pytest.mark.parametrize(("make", "parameters", "classes"), NETWORKS)
def test_parameters_and_outputs(make: Network, parameters: int, classes: int) -> None:
    network = make(seeded())
    assert sum(parameter.value.numel() for parameter in network.parameters().values()) == parameters
    assert network.forward(torch.rand(3, 1, 28, 28, generator=seeded())).shape == (3, classes)


@pytest.mark.parametrize("make", [make for make, *_ in NETWORKS if make is not softmax_regression])
def test_a_seed_is_a_network(make: Network) -> None:
    once, again, other = (make(seeded(seed)).state() for seed in (1, 1, 2))
    assert all(torch.equal(once[name], again[name]) for name in once)
    assert not all(torch.equal(once[name], other[name]) for name in once)


def test_a_unit_of_one_convolution_starts_with_the_variance_of_its_inputs() -> None:
    network = network_b(seeded())
    for name, parameter in network.parameters().items():
        if name.endswith("bias"):
            assert not parameter.value.any()
        else:
            inputs = parameter.value[0].numel()
            assert float(parameter.value.var() * inputs) == pytest.approx(1, rel=0.15), name


def test_one_convolution_has_its_activations_in_their_order_and_a_meter_behind_the_convolution() -> None:
    layers = network_b(seeded()).layers
    assert isinstance(layers[1], GradientMeter)
    assert [layer for layer in layers if isinstance(layer, Tanh | LeakyReLU)] == [layers[2], layers[5], layers[7]]
    assert [type(layers[place]) for place in (2, 5, 7)] == [Tanh, LeakyReLU, Tanh]


def test_one_convolution_wants_an_activation_for_each_of_its_layers() -> None:
    with pytest.raises(ValueError, match="shorter"):
        one_convolution(seeded(), maps=2, kernel=7, activations=(Tanh, Tanh), classes=10, hidden=128)


def test_softmax_regression_starts_from_zeros_or_as_asked() -> None:
    assert not any(p.value.any() for p in softmax_regression(seeded()).parameters().values())
    asked = softmax_regression(seeded(), initialiser=uniform(), bias_initialiser=uniform()).parameters()
    assert all(0 <= p.value.min() < p.value.max() <= 1 for p in asked.values())


@pytest.mark.parametrize("views", [1, 2, 5])
def test_there_is_a_column_for_each_view(views: int) -> None:
    network = columns(seeded(), maps=(3, 4, 6), activation=Tanh, pool=lambda: L2Pool2d(2), views=turned(32)[:views])
    column = 3 * 26 + 4 * (3 * 25 + 1) + 6 * (4 * 25 + 1)
    sizes = {name: parameter.value.numel() for name, parameter in network.parameters().items()}
    assert sum(sizes.values()) == views * column + views * 6 * 10 + 10
    assert network.forward(torch.rand(2, 1, 32, 32, generator=seeded())).shape == (2, 10)


def test_dropout_of_columns_stands_where_it_is_asked_for() -> None:
    make = partial(columns, maps=(3, 4, 6), activation=Tanh, pool=lambda: L2Pool2d(2), dropout=0.5)
    for dropouts, map_dropout in ((0, 0.0), (1, 0.0), (2, 0.1)):
        kinds = kinds_of(make(seeded(), dropouts=dropouts, map_dropout=map_dropout))
        assert kinds.count("MapDropout") == (2 if map_dropout else 0)
        assert kinds.count("Dropout") == dropouts


def test_turned_views_are_the_image_in_five_positions() -> None:
    x = torch.rand(2, 1, 6, 6, generator=seeded())
    first, *others = turned(6)
    assert first is None
    positions = (x.transpose(2, 3), x.flip(3), x.flip(2), x.rot90(dims=(2, 3)))
    for view, expected in zip(others, positions, strict=True):
        assert view is not None
        assert torch.equal(view.forward(x).view_as(x), expected)


def test_train_mnist_offers_networks_that_read_28_pixels() -> None:
    for name, make in NAMED.items():
        logits = make(seeded()).forward(torch.rand(2, 1, 28, 28, generator=seeded()))
        assert logits.shape == (2, 10 * MODELS[name].columns)
