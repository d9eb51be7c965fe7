"""What a parameter starts from: the right spread, one seed one network, any dtype."""

import math

import pytest
import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.initialisers import Initialiser, fan_in, glorot, he, normal, uniform, uniform_fan_in, zeros

SHAPE = (200, 30, 4, 5)  # a convolution: fan-in 30 * 4 * 5 = 600, fan-out 200 * 4 * 5 = 4000


def draw(initialiser: Initialiser, shape: tuple[int, ...] = SHAPE, dtype: torch.dtype = torch.float64) -> Tensor:
    return initialiser(shape, Generator().manual_seed(0), dtype, "cpu")


@pytest.mark.parametrize(
    ("initialiser", "deviation"),
    [
        (normal(0.3), 0.3),
        (uniform(-1, 1), 2 / math.sqrt(12)),
        (fan_in, math.sqrt(1 / 600)),
        (uniform_fan_in, math.sqrt(1 / 3 / 600)),
        (he, math.sqrt(2 / 600)),
        (glorot, math.sqrt(2 / 4600)),
    ],
    ids=["normal", "uniform", "fan_in", "uniform_fan_in", "he", "glorot"],
)
def test_mean_and_deviation(initialiser: Initialiser, deviation: float) -> None:
    numbers = draw(initialiser)
    assert numbers.shape == SHAPE
    assert float(numbers.std()) == pytest.approx(deviation, rel=0.01)
    assert float(numbers.mean()) == pytest.approx(0, abs=0.02 * deviation)


def test_uniform_keeps_its_bounds() -> None:
    numbers = draw(uniform(2, 3))
    assert float(numbers.min()) >= 2
    assert float(numbers.max()) < 3
    bound = math.sqrt(6 / 4600)
    assert float(draw(glorot).abs().max()) <= bound


def test_zeros_are_zeros() -> None:
    assert not draw(zeros).any()


@pytest.mark.parametrize("initialiser", [zeros, normal(), uniform(), fan_in, uniform_fan_in, he, glorot])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_a_seed_decides_all_numbers_in_any_dtype(initialiser: Initialiser, dtype: torch.dtype) -> None:
    first, second = draw(initialiser, (4, 3), dtype), draw(initialiser, (4, 3), dtype)
    assert first.dtype == dtype
    assert torch.equal(first, second)


@pytest.mark.parametrize("initialiser", [fan_in, uniform_fan_in, he, glorot])
def test_a_vector_has_no_fan_in(initialiser: Initialiser) -> None:
    with pytest.raises(LayerError, match=r"shape \(3,\) has no fan-in: use zeros"):
        draw(initialiser, (3,))
