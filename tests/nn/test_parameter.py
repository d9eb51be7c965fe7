"""A parameter and its gradient: added to by backward, cleared by the optimiser alone."""

from typing import Any

import pytest
import torch
from torch import Generator

from errors import LayerError, RunError
from nn.kernels import RankOneGradient
from nn.layers import Linear, Sequential, Tanh
from nn.losses import MSE
from nn.optimisers import SGD
from nn.parameter import Parameter


def network() -> Sequential:
    generator = Generator().manual_seed(0)
    return Sequential(Linear(3, 4, generator=generator), Tanh(), Linear(4, 2, generator=generator)).to(
        dtype=torch.float64
    )


def test_a_gradient_is_made_then_added_to() -> None:
    parameter = Parameter(torch.zeros(2))
    assert parameter.grad is None
    parameter.accumulate(torch.tensor([1.0, 2.0]))
    parameter.accumulate(torch.tensor([1.0, 2.0]))
    assert parameter.grad is not None
    assert parameter.grad.tolist() == [2.0, 4.0]


def outer() -> tuple[RankOneGradient, torch.Tensor]:
    """Return the weight gradient of one sample, and the same multiplied out."""
    generator = Generator().manual_seed(1)
    dy, x = (torch.randn(1, n, generator=generator, dtype=torch.float64) for n in (3, 5))
    return RankOneGradient(dy, x), dy.T @ x


def test_a_gradient_kept_as_two_factors_is_the_same_gradient() -> None:
    gradient, expected = outer()
    parameter = Parameter(torch.zeros(3, 5, dtype=torch.float64))
    assert gradient.shape == parameter.value.shape
    parameter.accumulate(gradient)
    assert parameter.has_grad
    torch.testing.assert_close(parameter.grad, expected)
    parameter.accumulate(gradient)
    torch.testing.assert_close(parameter.grad, 2 * expected)


def test_a_step_is_the_same_from_the_factors_as_from_the_product() -> None:
    gradient, expected = outer()
    factors, product = (Parameter(torch.ones(3, 5, dtype=torch.float64)) for _ in range(2))
    factors.accumulate(gradient)
    product.accumulate(expected)
    for parameter in (factors, product):
        parameter.descend(0.1)
    torch.testing.assert_close(factors.value, product.value)


def test_one_sample_learns_as_two_equal_halves_of_it_do() -> None:
    x, one, two = torch.ones(1, 3, dtype=torch.float64), network(), network()
    for layer, batch in ((one, x), (two, x.repeat(2, 1))):
        loss, optimiser = MSE(), SGD(layer.parameters())
        for _ in range(3):
            loss.forward(layer.forward(batch, training=True), torch.zeros(len(batch), 2, dtype=torch.float64))
            layer.backward(loss.backward())
            optimiser.step(0.1)
            optimiser.zero()
    for name, parameter in one.parameters().items():
        torch.testing.assert_close(parameter.value, two.parameters()[name].value)


def test_a_cleared_gradient_leaves_its_memory_to_the_next() -> None:
    layer = network()
    optimiser, weight = SGD(layer.parameters()), layer.parameters()["0.weight"]
    addresses, gradients = [], []
    for _ in range(3):
        layer.backward(torch.ones_like(layer.forward(torch.ones(2, 3, dtype=torch.float64), training=True)))
        assert weight.grad is not None
        addresses.append(weight.grad.data_ptr())
        gradients.append(weight.grad.clone())
        optimiser.zero()
        assert weight.grad is None
    assert len(set(addresses)) == 1
    assert torch.equal(gradients[0], gradients[2])


def test_memory_put_aside_is_handed_out_once() -> None:
    parameter = Parameter(torch.zeros(2))
    assert parameter.spare() is None
    gradient = torch.ones(2)
    parameter.accumulate(gradient)
    parameter.clear()
    assert parameter.spare() is gradient
    assert parameter.spare() is None


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (torch.ones(2), r"grad has the shape \(2,\), expected \(2, 2\)"),
        (torch.ones(2, 2, dtype=torch.float64), r"grad is torch\.float64, value torch\.float32; convert one"),
        (torch.ones(2, 2, device="meta"), "grad is on meta, value on cpu; move one"),
        ([[1.0, 1.0], [1.0, 1.0]], "grad is of the type list, expected a tensor"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused(gradient: Any, message: str) -> None:
    parameter = Parameter(torch.zeros(2, 2))
    with pytest.raises(LayerError, match=rf"^Parameter\(\(2, 2\), float32\): {message}"):
        parameter.grad = gradient
    assert parameter.grad is None


def test_a_value_never_requires_grad() -> None:
    assert not Parameter(torch.zeros(2, requires_grad=True)).value.requires_grad


def test_two_half_batches_are_one_batch() -> None:
    whole, halves = network(), network()
    x, target = torch.randn(8, 3, dtype=torch.float64), torch.randn(8, 2, dtype=torch.float64)
    for part, rows in ((whole, [slice(0, 8)]), (halves, [slice(0, 3), slice(3, 8)])):
        loss = MSE(reduction="sum")
        for chosen in rows:
            loss.forward(part.forward(x[chosen], training=True), target[chosen])
            part.backward_parameters(loss.backward())
        SGD(part.parameters()).step(0.1)
    for name, value in whole.state().items():
        torch.testing.assert_close(halves.state()[name], value, rtol=1e-12, atol=1e-12)


def test_moving_changes_the_dtype_and_drops_the_gradients() -> None:
    layer = network()
    layer.backward(torch.ones_like(layer.forward(torch.ones(1, 3, dtype=torch.float64), training=True)))
    assert layer.to(dtype=torch.float32) is layer
    assert {p.value.dtype for p in layer.parameters().values()} == {torch.float32}
    assert {p.grad for p in layer.parameters().values()} == {None}


def test_a_saved_state_comes_back_in_place() -> None:
    a, b = network(), network()
    b.parameters()["0.weight"].value.fill_(7)
    kept = b.parameters()["0.weight"].value
    b.load(a.state())
    assert torch.equal(kept, a.state()["0.weight"])


def test_a_state_of_another_network_is_refused_and_changes_nothing() -> None:
    layer = network()
    before = {name: value.clone() for name, value in layer.state().items()}
    wrong_shape = layer.state() | {"2.bias": torch.zeros(5)}
    with pytest.raises(RunError, match=r"do not fit this network: 2\.bias has the shape \(5,\), expected \(2,\)"):
        layer.load({name: value + 1 for name, value in wrong_shape.items()})
    with pytest.raises(RunError, match=r"9\.bias is not known here"):
        layer.load(layer.state() | {"9.bias": torch.zeros(2)})
    with pytest.raises(RunError, match=r"0\.weight is missing"):
        layer.load({name: value for name, value in layer.state().items() if name != "0.weight"})
    assert all(torch.equal(value, before[name]) for name, value in layer.state().items())
