"""CSC411, part 7: all gradients of a network of N layers of K units, by backpropagation and one derivative at a time.

The report counts O(N K^3) operations for the first and O(K^N) for the second. Here both are timed.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Generator, Tensor

from experiments.experiment import Budget, Budgeted, Measurement, Study
from experiments.sources import Sources
from nn.initialisers import fan_in
from nn.layers import Linear, Sequential, Sigmoid

INPUTS = 2  # however many units: with K inputs, one derivative at a time would cost K^(N + 1)
LAYERS = (2, 3, 4)
FEW_UNITS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
MANY_UNITS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
MILLISECONDS = Budgeted(150, 3000)  # a size that took longer is the last
DEEPEST = max(LAYERS)
DEPTHS, UNITS = (2, 3, 4, 5, 6, 7, 8), 4  # of the comparison over N
BATCH, ONE = "backpropagation, K samples", "backpropagation, one sample"
OVER_N, VECTORISED_OVER_N, FACTOR = "one at a time", "backpropagation", "a further layer"
LAST = 4  # sizes that decide an exponent


def one_at_a_time(layers: int) -> str:
    """Return the name of the curve over K."""
    return f"one at a time, N = {layers}"


def network_of(layers: int, units: int, generator: Generator) -> Sequential:
    """INPUTS numbers -> `layers` layers of `units` sigmoid units."""
    widths = [INPUTS, *[units] * layers]
    return Sequential(
        *(
            layer
            for inputs, outputs in pairwise(widths)
            for layer in (Linear(inputs, outputs, generator=generator, initialiser=fan_in), Sigmoid())
        )
    )


@dataclass(frozen=True)
class OneAtATime:
    """A network of sigmoid layers after its forward pass on one sample, as plain numbers. Biases are left out.

    `w[n][k][j]` leads from unit j of layer n to unit k of layer n + 1, whose activation is `a[n + 1][k]`; layer 0 is
    the input, and `dy` the derivative of the cost by the activations of the last layer.
    """

    w: Sequence[Sequence[Sequence[float]]]
    a: Sequence[Sequence[float]]
    dy: Sequence[float]

    @classmethod
    def of(cls, network: Sequential, x: Tensor, dy: Tensor) -> "OneAtATime":
        """Go forward with x (1, INPUTS); dy is (1, K)."""
        w, a = [], [x[0].tolist()]
        for layer in network.layers:
            x = layer.forward(x)
            if isinstance(layer, Linear):
                w.append(layer.weight.value.tolist())
            else:
                a.append(x[0].tolist())
        return cls(w, a, dy[0].tolist())

    def gradients(self) -> list[list[list[float]]]:
        """Return dC/dw, shaped as w: a derivative after the other, each by itself."""
        return [
            [[self.along_paths(n + 1, k) * self.a[n][j] for j in range(len(row))] for k, row in enumerate(w)]
            for n, w in enumerate(self.w)
        ]

    def along_paths(self, n: int, k: int) -> float:
        """Return dC/dz of unit k of layer n: a sum over all paths from it to an output, without storing any."""
        slope = self.a[n][k] * (1 - self.a[n][k])
        if n == len(self.w):
            return self.dy[k] * slope
        return slope * sum(self.along_paths(n + 1, m) * row[k] for m, row in enumerate(self.w[n]))


def backpropagation_seconds(layers: int, units: int, samples: int) -> float:
    """Return the seconds of the gradients of all weights by `backward`, on a batch of so many samples."""
    generator = Generator().manual_seed(0)
    network = network_of(layers, units, generator)
    x, dy = torch.rand(samples, INPUTS, generator=generator), torch.rand(samples, units, generator=generator)

    def forward() -> None:
        for parameter in network.parameters().values():
            parameter.clear()
        network.forward(x, training=True)

    return _fastest(lambda: network.backward_parameters(dy), before=forward)


def one_at_a_time_seconds(layers: int, units: int) -> float:
    """Return the seconds of the same, one derivative at a time, for one sample."""
    generator = Generator().manual_seed(0)
    network = network_of(layers, units, generator)
    unrolled = OneAtATime.of(network, torch.rand(1, INPUTS, generator=generator), torch.ones(1, units))
    return _fastest(unrolled.gradients)


def _fastest(work: Callable[[], object], before: Callable[[], None] = lambda: None, enough: float = 0.06) -> float:
    """Return the least of several times, in seconds of the processor, which depend little on other programs."""
    times: list[float] = []
    while len(times) < 3 or sum(times) < enough:
        before()
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def _curve(sizes: Sequence[int], seconds: Callable[[int], float], limit: float) -> tuple[list[float], list[float]]:
    """Return the sizes up to the first that takes longer than `limit`, and their seconds."""
    measured: list[float] = []
    for size in sizes:
        measured.append(seconds(size))
        if measured[-1] > limit:
            break
    return [float(size) for size in sizes[: len(measured)]], measured


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return p of the power law seconds ~ size^p, fitted to the largest sizes, where lower powers are negligible."""
    return float(np.polyfit(np.log(sizes[-LAST:]), np.log(seconds[-LAST:]), 1)[0])


def _measure(sources: Sources, seed: int, budget: Budget) -> Measurement:
    started, limit = time.perf_counter(), MILLISECONDS.of(budget) / 1000
    curves = {
        **{one_at_a_time(n): _curve(FEW_UNITS, partial(one_at_a_time_seconds, n), limit) for n in LAYERS},
        BATCH: _curve(MANY_UNITS, lambda k: backpropagation_seconds(DEEPEST, k, samples=k), limit),
        ONE: _curve(MANY_UNITS, lambda k: backpropagation_seconds(DEEPEST, k, samples=1), limit),
        OVER_N: _curve(DEPTHS, lambda n: one_at_a_time_seconds(n, UNITS), limit),
        VECTORISED_OVER_N: _curve(DEPTHS, lambda n: backpropagation_seconds(n, UNITS, samples=1), limit),
    }
    measures = {name: exponent(*curve) for name, curve in curves.items()}
    depths, seconds = curves[OVER_N]
    measures[FACTOR] = math.exp(np.polyfit(depths[-LAST:], np.log(seconds[-LAST:]), 1)[0])
    series = {
        f"{name}: {axis}": column for name, curve in curves.items() for axis, column in zip("xy", curve, strict=True)
    }
    return Measurement(measures, series, seconds=time.perf_counter() - started)


EFFICIENCY = Study(name="efficiency", measure=_measure)
