"""The numbers a parameter starts from: functions of (shape, generator, dtype, device).

A shape is (outputs, inputs) of a linear layer or (outputs, channels, height, width) of a convolution: the
fan-in m is the product of all axes but the first, the fan-out the first times the kernel's area. Numbers are
drawn on the generator's device and moved, so that one seed gives one network wherever it is trained. A new
initialiser is a new function here.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from errors import LayerError

Initialiser = Callable[[Sequence[int], Generator, torch.dtype, torch.device | str], Tensor]


def zeros(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """All zeros: for biases."""
    return torch.zeros(*shape, dtype=dtype, device=device)


def uniform(low: float = 0.0, high: float = 1.0) -> Initialiser:
    """U(low, high)."""

    def draw(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
        return _empty(shape, generator, dtype).uniform_(low, high, generator=generator).to(device)

    return draw


def normal(s: float = 1.0) -> Initialiser:
    """N(0, s): mean 0, deviation s."""

    def draw(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
        return _empty(shape, generator, dtype).normal_(0.0, s, generator=generator).to(device)

    return draw


def fan_in(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """N(0, 1/m): the variance 1/m, for which a linear unit keeps that of its inputs (LeCun et al., 1998)."""
    inputs, _ = _fans(shape)
    return normal(math.sqrt(1 / inputs))(shape, generator, dtype, device)


def uniform_fan_in(
    shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str
) -> Tensor:
    """U(-a, a), a = 1/sqrt(m): a third of `fan_in`'s variance. Torch has always started its layers so."""
    inputs, _ = _fans(shape)
    a = math.sqrt(1 / inputs)
    return uniform(-a, a)(shape, generator, dtype, device)


def he(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """N(0, 2/m): twice the variance, for ReLU drops half of it (He et al., 2015)."""
    inputs, _ = _fans(shape)
    return normal(math.sqrt(2 / inputs))(shape, generator, dtype, device)


def glorot(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
    """U(-a, a), a = sqrt(6 / (fan-in + fan-out)): between what forward and backward want (Glorot, Bengio, 2010)."""
    inputs, outputs = _fans(shape)
    a = math.sqrt(6 / (inputs + outputs))
    return uniform(-a, a)(shape, generator, dtype, device)


def _empty(shape: Sequence[int], generator: Generator, dtype: torch.dtype) -> Tensor:
    return torch.empty(*shape, dtype=dtype, device=generator.device)


def _fans(shape: Sequence[int]) -> tuple[int, int]:
    """Return fan-in and fan-out."""
    if len(shape) < 2:
        raise LayerError(
            f"a parameter of the shape {tuple(shape)} has no fan-in: use zeros, normal(s) or uniform(low, high)"
        )
    return math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
