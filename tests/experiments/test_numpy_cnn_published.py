"""The published layers: what each computes, in NumPy's plainest words, and in what it differs from the right one."""

import math

import numpy as np
import torch
from torch import Generator, Tensor

from experiments.numpy_cnn import AS_PUBLISHED, EXPERIMENT
from experiments.numpy_cnn_published import PublishedReLU, PublishedSigmoid, PublishedTanh, ScrambledConv2d
from experiments.recipe import Recipe
from nn.layers import Conv2d, GradientMeter, Layer, Linear, Operation, Sigmoid, Tanh


def numbers(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed))


def gradients(layer: Layer, x: Tensor, dy: Tensor) -> dict[str, Tensor]:
    layer.forward(x, training=True)
    layer.backward_parameters(dy)
    found = {name: parameter.grad for name, parameter in layer.parameters().items()}
    return {name: gradient for name, gradient in found.items() if gradient is not None}


def scrambled(filters: int, kernel: int, side: int) -> ScrambledConv2d:
    return ScrambledConv2d(1, filters, kernel, side=side, generator=Generator().manual_seed(0))


def test_the_deltas_of_the_filters_are_read_as_deltas_of_the_places() -> None:
    layer, x, dy = scrambled(3, 2, 4), numbers(1, 1, 4, 4), numbers(1, 3, 3, 3, seed=2)
    found = gradients(layer, x, dy)
    image, flat = x[0, 0].numpy(), dy.numpy().ravel()
    dw, dplace = np.zeros((3, 2, 2)), np.zeros(9)
    for place in range(9):
        row, column = divmod(place, 3)
        for f in range(3):
            wrong = flat[place * 3 + f]  # right: dy[0, f, row, column]
            dw[f] += wrong * image[row : row + 2, column : column + 2]
            dplace[place] += wrong
    np.testing.assert_allclose(found["weight"][:, 0], dw, rtol=1e-5)
    np.testing.assert_allclose(found["place"].flatten(), dplace, rtol=1e-5)
    assert "bias" not in found  # it keeps its start


def test_with_one_place_the_weights_gradient_is_right_and_the_biases_is_not() -> None:
    x, dy = numbers(1, 1, 5, 5), numbers(1, 2, 1, 1, seed=2)
    found = gradients(scrambled(2, 5, 5), x, dy)
    right = gradients(Conv2d(1, 2, 5, generator=Generator().manual_seed(0)), x, dy)
    torch.testing.assert_close(found["weight"], right["weight"])
    torch.testing.assert_close(found["place"].flatten(), right["bias"].sum()[None])


def test_forwards_the_scrambled_convolution_is_a_convolution_with_a_bias_for_each_place() -> None:
    layer, x = scrambled(3, 2, 4), numbers(2, 1, 4, 4)
    plain = Conv2d(1, 3, 2, generator=Generator().manual_seed(0))
    torch.testing.assert_close(layer.forward(x), plain.forward(x))
    layer.place.value.copy_(numbers(3, 3))
    torch.testing.assert_close(layer.forward(x), plain.forward(x) + numbers(3, 3))


def test_a_batch_of_images_has_the_sum_of_their_gradients() -> None:
    x, dy = numbers(4, 1, 4, 4), numbers(4, 3, 3, 3, seed=2)
    together = gradients(scrambled(3, 2, 4), x, dy)
    one_by_one = [gradients(scrambled(3, 2, 4), x[i : i + 1], dy[i : i + 1]) for i in range(4)]
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, sum(one[name] for one in one_by_one))


def derivative(layer: Operation, x: float) -> tuple[float, float]:
    y = layer.forward(torch.tensor([[x]], dtype=torch.float64), training=True)
    return float(y), float(layer.backward(torch.ones_like(y)))


def test_a_published_relu_has_a_leak_only_in_its_derivative() -> None:
    assert derivative(PublishedReLU(0.05), 2.0) == (2.0, 1.0)
    y, dx = derivative(PublishedReLU(0.05), -2.0)
    assert (y, round(dx, 9)) == (0.0, 0.05)


def test_a_published_tanh_subtracts_from_its_slope() -> None:
    y, dx = derivative(PublishedTanh(0.5), 3.0)
    assert math.isclose(y, math.tanh(1.5))
    assert math.isclose(dx, 0.5 - y * y)
    assert dx < 0  # the tanh rises there
    assert all(
        math.isclose(*pair) for pair in zip(derivative(PublishedTanh(1), 0.7), derivative(Tanh(), 0.7), strict=True)
    )


def test_a_published_sigmoid_takes_the_slope_of_the_layer_before() -> None:
    y, dx = derivative(PublishedSigmoid(0.05, 0.7), 1.5)
    assert math.isclose(y, derivative(Sigmoid(0.05), 1.5)[0])
    assert math.isclose(dx, 0.7 * y * (1 - y))


def network(task: str) -> Layer:
    recipe = EXPERIMENT.task(task)
    assert isinstance(recipe, Recipe)
    return recipe.network(Generator().manual_seed(0))


def test_both_kinds_of_a_training_start_from_the_same_numbers_of_the_authors_deviations() -> None:
    for task, deviations in (
        ("part 3, A, tanh", (1 / 22, 7744**-0.5)),
        ("part 3, B, tanh", (1 / 22, 7744**-0.5, 128**-0.5)),
        ("part 2, tanh, alpha .01", (1.0, 2**-0.5)),
    ):
        right, published = (network(task + how).parameters() for how in ("", AS_PUBLISHED))
        assert published.keys() - right.keys() == {"0.place"}
        for name, parameter in right.items():
            assert torch.equal(parameter.value, published[name].value)
        weights = [parameter.value for parameter in right.values() if parameter.value.ndim > 1]
        for weight, expected in zip(weights, deviations, strict=True):
            assert abs(float(weight.std()) / expected - 1) < 4 / math.sqrt(weight.numel())
        biases = [parameter.value for parameter in right.values() if parameter.value.ndim == 1]
        assert all(bool(bias.any()) for bias in biases)


def test_the_slopes_of_network_b_are_taken_from_the_layer_before() -> None:
    layers = network("part 3, B, sigmoid" + AS_PUBLISHED).children().values()
    sigmoids = [layer for layer in layers if isinstance(layer, PublishedSigmoid)]
    assert [(layer.slope, layer.slope_before) for layer in sigmoids] == [(0.7, 0.7), (0.7, 0.7), (0.05, 0.7)]
    assert [type(layer) for layer in layers if isinstance(layer, Conv2d | Linear | GradientMeter)] == [
        ScrambledConv2d,
        GradientMeter,
        Linear,
        Linear,
    ]
