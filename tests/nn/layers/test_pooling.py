"""Poolings beyond the contract: both layouts, ties, borders, and L2 pooling where the root has no slope."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from errors import LayerError
from nn.layers import AvgPool2d, L2Pool2d, MaxPool2d
from nn.layers.pooling import Pooling


def root_of_squares(x: Tensor, kernel: Any, stride: Any = None, padding: Any = 0) -> Tensor:
    return functional.avg_pool2d(x**2, kernel, stride, padding, divisor_override=1) ** 0.5


ORACLES: dict[type[Pooling], Callable[..., Tensor]] = {
    MaxPool2d: functional.max_pool2d,
    AvgPool2d: functional.avg_pool2d,
    L2Pool2d: root_of_squares,
}
PLACES = [(2,), (3, 2), (3, 1, 1), ((2, 3), (1, 2)), (2, 3), (1,)]
LAYOUTS = [torch.contiguous_format, torch.channels_last]
every_pooling = pytest.mark.parametrize("pooling", ORACLES)


def images(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(0), dtype=dtype)


def through(layer: Pooling, x: Tensor, dy: Tensor | None = None) -> tuple[Tensor, Tensor]:
    y = layer.forward(x, training=True)
    return y, layer.backward(torch.ones_like(y) if dy is None else dy)


@every_pooling
@pytest.mark.parametrize("places", PLACES, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 17])
def test_any_windows_on_any_layout_are_those_of_autograd(
    pooling: type[Pooling], places: tuple[int, ...], layout: torch.memory_format, channels: int
) -> None:
    x = images(3, channels, 9, 6).contiguous(memory_format=layout).requires_grad_()
    y = ORACLES[pooling](x, *places)
    dy = images(*y.shape).contiguous(memory_format=layout)
    (dx,) = torch.autograd.grad(y, x, dy)
    for found, right in zip(through(pooling(*places), x, dy), (y.detach(), dx), strict=True):
        torch.testing.assert_close(found, right, rtol=1e-12, atol=1e-12)


def test_each_pooling_by_hand() -> None:
    x = torch.tensor([[[[3.0, 0.0, 1.0], [0.0, -4.0, 2.0]]]])
    y, dx = through(MaxPool2d(2, 1), x)
    assert y.tolist() == [[[[3.0, 2.0]]]]
    assert dx.tolist() == [[[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]]
    y, dx = through(AvgPool2d(2, 1), x)
    assert y.tolist() == [[[[-0.25, -0.25]]]]
    assert dx.tolist() == [[[[0.25, 0.5, 0.25], [0.25, 0.5, 0.25]]]]
    y, dx = through(L2Pool2d(2), x)
    assert y.tolist() == [[[[5.0]]]]
    torch.testing.assert_close(dx, torch.tensor([[[[0.6, 0.0, 0.0], [0.0, -0.8, 0.0]]]]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_equal_pixels_the_first_gets_the_gradient(layout: torch.memory_format) -> None:
    x = torch.zeros(2, 9, 4, 6).contiguous(memory_format=layout)
    y, dx = through(MaxPool2d(2), x)
    expected = torch.zeros(4, 6)
    expected[::2, ::2] = 1
    assert torch.equal(dx, expected.expand_as(dx))
    assert dx.sum() == y.numel()


def test_where_windows_overlap_their_gradients_add_up() -> None:
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1
    _, dx = through(MaxPool2d(3, 1), x)
    assert dx[0, 0, 2, 2] == 9
    assert dx.sum() == 9


def test_the_border_is_never_the_largest() -> None:
    x = -torch.ones(1, 2, 3, 3)
    y, dx = through(MaxPool2d(3, 2, 1), x)
    assert torch.equal(y, -torch.ones(1, 2, 2, 2))
    assert dx.sum() == y.numel()


@every_pooling
def test_outputs_and_gradients_lie_channels_last(pooling: type[Pooling]) -> None:
    for tensor in through(pooling(2), images(2, 3, 6, 4)):
        assert tensor.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_l2_pooling_of_zeros_does_not_divide_by_zero(dtype: torch.dtype) -> None:
    x = torch.zeros(1, 1, 4, 4, dtype=dtype)
    x[0, 0, 3, 3] = -2
    y, dx = through(L2Pool2d(2), x)
    assert y.tolist() == [[[[0, 0], [0, 2]]]]
    assert torch.equal(dx, x.sign())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_l2_pooling_of_tiny_numbers_stays_finite(dtype: torch.dtype) -> None:
    """From 1 down past the smallest number there is, in steps of 2: squares that are exact, inexact, and vanish."""
    smallest = torch.finfo(dtype).smallest_normal
    x = (0.9 * 2.0 ** -torch.arange(1100, dtype=torch.float64)).to(dtype)[:, None, None, None].expand(-1, 1, 1, 2)
    for sign in (1, -1):
        y, dx = through(L2Pool2d((1, 2)), sign * x)
        exact = x.square()[:, :, :, :1] > smallest
        right = torch.full_like(dx, sign * 0.5**0.5)
        torch.testing.assert_close(dx[exact.expand_as(dx)], right[exact.expand_as(dx)])
        assert bool(y.isfinite().all())
        assert bool((dx.abs() <= 1.25).all())
        assert bool((dx[(y == 0).expand_as(dx)] == 0).all())
    assert bool((y == 0).any())


@every_pooling
def test_windows_that_cannot_be_laid_are_refused(pooling: type[Pooling]) -> None:
    name = pooling.__name__
    with pytest.raises(LayerError, match=rf"{name}.*: a window of 5 x 5 does not fit into an image of 4 x 7"):
        pooling(5).forward(images(1, 2, 4, 7))
    with pytest.raises(LayerError, match=rf"{name}.*: padding must be at most half the kernel, got \(2, 2\)"):
        pooling(3, 2, 2)
    with pytest.raises(LayerError, match=rf"{name}: stride must be at least 1, got 0"):
        pooling(2, 0)
    with pytest.raises(LayerError, match=rf"{name}.*: x has the shape \(4, 7\), expected \(N, C, H, W\)"):
        pooling(2).forward(images(4, 7))
