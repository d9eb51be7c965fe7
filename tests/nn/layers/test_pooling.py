"""Poolings beyond the contract: both layouts, ties, borders, and L2 pooling where the root has no slope."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor
from torch.nn import functional

from errors import LayerError
from nn.kernels import Windows
from nn.kernels.toeplitz import toeplitz
from nn.layers import AvgPool2d, L2Pool2d, MaxPool2d
from nn.layers.pooling import Pooling, needs_border, spread, spread_with_border


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


@st.composite
def windows_on_images(draw: st.DrawFn) -> tuple[Windows, torch.Size]:
    """Any kernel, stride and padding that a pooling takes, and the shape of images that they fit into."""
    kernel, stride = ((draw(st.integers(1, 5)), draw(st.integers(1, 5))) for _ in range(2))
    padding = (draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2)))
    height, width = (draw(st.integers(max(1, k - 2 * p), 9)) for k, p in zip(kernel, padding, strict=True))
    return Windows(kernel, stride, padding), torch.Size(
        (draw(st.integers(1, 3)), draw(st.integers(1, 5)), height, width)
    )


def spread_by_matrix(dy: Tensor, x_shape: torch.Size, windows: Windows) -> Tensor:
    """Transpose(T) dy, where T sums over the windows."""
    ones = torch.ones(1, 1, *windows.kernel, dtype=dy.dtype)
    matrix = toeplitz(ones, x_shape[2], x_shape[3], windows.stride, windows.padding)
    return (dy.flatten(2) @ matrix).view(x_shape)


@given(windows_on_images())
def test_on_every_device_dx_is_the_transposed_matrix_of_the_sums(case: tuple[Windows, torch.Size]) -> None:
    windows, shape = case
    dy = images(*shape[:2], *windows.output("pooling", *shape[2:]))
    right = spread_by_matrix(dy, shape, windows)
    for way in (spread, spread_with_border):
        dx = way(dy, shape, windows)
        torch.testing.assert_close(dx, right, rtol=1e-12, atol=1e-12)
        assert dx.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("device", "padding", "needed"),
    [("cuda", (1, 0), True), ("cuda:1", (0, 2), True), ("cuda", (0, 0), False), ("cpu", (1, 1), False)],
)
def test_only_cuda_and_padding_take_the_way_over_the_border(
    device: str, padding: tuple[int, int], needed: bool
) -> None:
    assert needs_border(torch.device(device), Windows((5, 5), (2, 2), padding)) == needed


@every_pooling
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("places", PLACES, ids=str)
@pytest.mark.parametrize("channels", [1, 17])
def test_a_gpu_pools_negative_images_of_any_layout_as_a_processor_does(
    pooling: type[Pooling], places: tuple[int, ...], channels: int
) -> None:
    x = -images(3, channels, 9, 6).abs()
    y, dx = through(pooling(*places), x)
    for layout in LAYOUTS:
        found = through(pooling(*places), x.cuda().contiguous(memory_format=layout))
        for there, here in zip(found, (y, dx), strict=True):
            torch.testing.assert_close(there.cpu(), here, rtol=1e-12, atol=1e-12)
