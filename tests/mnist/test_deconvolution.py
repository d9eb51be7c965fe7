"""Deconvolution: the response carried back by the transposed Toeplitz matrix, and torch's own words for the same."""

import pytest
import torch
from torch import Generator, Tensor
from torch.nn import functional

from mnist.deconvolution import deconvolved


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("n", "filters", "kernel", "height", "width"), [(3, 4, 7, 28, 28), (1, 2, 3, 9, 6), (2, 1, 5, 5, 8)]
)
def test_it_is_the_convolution_and_then_its_adjoint(n: int, filters: int, kernel: int, height: int, width: int) -> None:
    x, w, b = noise(n, 1, height, width), noise(filters, 1, kernel, kernel, seed=1), noise(filters, seed=2)
    pictures = deconvolved(x, w, b)
    assert pictures.shape == (n, filters, height, width)
    for index in range(filters):
        response = functional.conv2d(x, w[index, None], b[index, None])
        expected = functional.conv_transpose2d(response, w[index, None])
        torch.testing.assert_close(pictures[:, index, None], expected)


def test_without_bias_it_weighs_an_image_by_the_energy_of_its_response() -> None:
    x, w = noise(1, 1, 12, 10), noise(3, 1, 4, 4, seed=1)
    energy = functional.conv2d(x, w).square().sum((0, 2, 3))  # <x, T'T x> = ||T x||^2
    torch.testing.assert_close((x * deconvolved(x, w, torch.zeros(3, dtype=w.dtype))).sum((0, 2, 3)), energy)


def test_a_kernel_of_one_pixel_gives_the_image_back_where_its_window_went() -> None:
    x, w = noise(2, 1, 8, 9), torch.zeros(1, 1, 3, 3, dtype=torch.float64)
    w[0, 0, 1, 1] = 1
    picture = deconvolved(x, w, torch.zeros(1, dtype=torch.float64))
    torch.testing.assert_close(picture[:, :, 1:-1, 1:-1], x[:, :, 1:-1, 1:-1])
    assert picture.sum().item() == pytest.approx(x[:, :, 1:-1, 1:-1].sum().item())
