"""The first values of a parameter: functions of (shape, generator, dtype, device).

A shape is (outputs, inputs) of a linear layer or (outputs, channels, height, width) of a convolution. The fan-in m is
the product of all axes but the first, the fan-out the first axis times the kernel's area. Numbers are drawn on the
generator's device and then moved, so that one seed gives the same network on every device. LayerError for a shape
without fan-in, such as a bias's, where one is needed.
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
        values = torch.empty(*shape, dtype=dtype, device=generator.device)
        return values.uniform_(low, high, generator=generator).to(device)

    return draw


def normal(s: float = 1.0) -> Initialiser:
    """N(0, s): mean 0, standard deviation s."""

    def draw(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
        values = torch.empty(*shape, dtype=dtype, device=generator.device)
        return values.normal_(0.0, s, generator=generator).to(device)

    return draw


def _by_fans(initialiser: Callable[[int, int], Initialiser]) -> Initialiser:
    """Return what draws with `initialiser(fan-in, fan-out)` of each shape."""

    def draw(shape: Sequence[int], generator: Generator, dtype: torch.dtype, device: torch.device | str) -> Tensor:
        if len(shape) < 2:
            raise LayerError(
                f"a parameter of the shape {tuple(shape)} has no fan-in: use zeros, normal(s) or uniform(low, high)"
            )
        inputs, outputs = math.prod(shape[1:]), shape[0] * math.prod(shape[2:])
        return initialiser(inputs, outputs)(shape, generator, dtype, device)

    return draw


fan_in = _by_fans(lambda m, _: normal(math.sqrt(1 / m)))
"""N(0, s) with s^2 = 1/m: a linear unit has the variance of its inputs (LeCun et al., 1998)."""

uniform_fan_in = _by_fans(lambda m, _: uniform(-math.sqrt(1 / m), math.sqrt(1 / m)))
"""U(-a, a), a = 1/sqrt(m): a third of `fan_in`'s variance; torch's default."""

he = _by_fans(lambda m, _: normal(math.sqrt(2 / m)))
"""N(0, s) with s^2 = 2/m: twice the variance, because ReLU halves it (He et al., 2015)."""

glorot = _by_fans(lambda m, out: uniform(-math.sqrt(6 / (m + out)), math.sqrt(6 / (m + out))))
"""U(-a, a), a = sqrt(6 / (fan-in + fan-out)): a compromise of forward and backward (Glorot & Bengio, 2010)."""
