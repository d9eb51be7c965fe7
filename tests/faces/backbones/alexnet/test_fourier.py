"""The convolution by Fourier transform against the direct one, in float64."""

import pytest
import torch
import torch.nn.functional as F

from faces.backbones.alexnet.fourier import FourierConvolution

CASES = [(1, 1, 1), (4, 3, 3), (5, 3, 5), (13, 3, 4), (13, 4, 3), (27, 5, 2), (9, 7, 2)]


@pytest.mark.parametrize(("side", "kernel", "photos"), [(s, k + 1 - k % 2, n) for s, k, n in CASES])
def test_it_is_the_convolution(side: int, kernel: int, photos: int) -> None:
    generator = torch.Generator().manual_seed(side)
    x = torch.randn(photos, 6, side, side, generator=generator)
    weight = torch.randn(10, 6, kernel, kernel, generator=generator)
    expected = F.conv2d(x.double(), weight.double(), padding=kernel // 2)
    y = FourierConvolution(weight, side)(x)
    assert y.shape == expected.shape
    torch.testing.assert_close(y.double(), expected, rtol=0, atol=2e-6 * float(expected.abs().max()))


def test_it_rounds_no_more_than_the_direct_convolution() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, 192, 13, 13, generator=generator)
    weight = torch.randn(64, 192, 3, 3, generator=generator)
    expected = F.conv2d(x.double(), weight.double(), padding=1)
    ours = (FourierConvolution(weight, 13)(x) - expected).abs().max()
    direct = (F.conv2d(x, weight, padding=1) - expected).abs().max()
    assert ours <= 2 * direct


def test_photos_at_a_time_keep_the_blocks_small() -> None:
    weight = torch.zeros(192, 64, 5, 5)
    convolution = FourierConvolution(weight, 27)
    products = 3 * 29 * 15 * 192 * 4  # bytes a photo
    assert convolution.at_a_time * products <= 1 << 25 < (convolution.at_a_time + 1) * products
