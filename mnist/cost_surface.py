"""The cost of softmax regression over two of its weights, and the paths that gradient descent takes on it.

Two weights change two of the ten logits. The others are computed once, so that a point of the surface takes two
exponentials per image. `report.figures.contour` draws it.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from errors import LayerError
from nn.layers import Layer
from nn.optimisers import SGD
from nn.parameter import Parameter

BATCH = 10_000  # images whose logits are computed at a time


class Weight(NamedTuple):
    """A weight of softmax regression: the pixel and the digit that it connects."""

    pixel: int
    digit: int


class CostSurface:
    """C(u, v), the cross-entropy summed over images, where u and v are added to the current values of two weights.

    With the logits o at these values, the labels t, the two weights' digits i and j and their pixels' ink x and z:

        C = sum_n  log(e^r + e^(o_i + u x) + e^(o_j + v z))  -  (o_t + u x [t = i] + v z [t = j])
        dC/du = sum_n x (p_i - [t = i])         dC/dv = sum_n z (p_j - [t = j])

    where e^r is the sum over the other digits, and p the softmax. All in float64: near its minimum the
    changes of the cost are too small for float32. Raises LayerError when both weights belong to one digit.
    """

    def __init__(self, network: Layer, x: Tensor, labels: Tensor, first: Weight, second: Weight) -> None:
        if first.digit == second.digit:
            raise LayerError(f"CostSurface: {first} and {second} change the same logit, expected two digits")
        logits = torch.cat([network.forward(images) for images in torch.split(x, BATCH)]).double()  # (N, 10)
        others = [digit for digit in range(logits.shape[1]) if digit not in (first.digit, second.digit)]
        pixels = x.flatten(1)
        self._rest = logits[:, others].logsumexp(1)
        self._logits = logits[:, first.digit], logits[:, second.digit]
        self._ink = pixels[:, first.pixel].double(), pixels[:, second.pixel].double()
        hit_x, hit_z = (
            (ink * (labels == weight.digit)).sum() for ink, weight in zip(self._ink, (first, second), strict=True)
        )
        self._slope = torch.stack((hit_x, hit_z))  # of the second term, over u and over v
        self._true = logits.gather(1, labels[:, None]).sum()

    def costs(self, u: Tensor, v: Tensor) -> Tensor:
        """Return C at every pair of u (U,) and v (V,): (V, U). Memory: U numbers per image."""
        (o_i, o_j), (x, z) = self._logits, self._ink
        below = torch.logaddexp(self._rest, o_i + u[:, None] * x)  # (U, N)
        sums = [torch.logaddexp(below, o_j + value * z).sum(1) for value in v]
        return torch.stack(sums) - self._true - u * self._slope[0] - v[:, None] * self._slope[1]

    def gradient(self, at: Tensor) -> Tensor:
        """Return (dC/du, dC/dv) at (u, v)."""
        (o_i, o_j), (x, z) = self._logits, self._ink
        y_i, y_j = o_i + at[0] * x, o_j + at[1] * z
        whole = torch.logaddexp(torch.logaddexp(self._rest, y_i), y_j)
        return torch.stack((x @ (y_i - whole).exp(), z @ (y_j - whole).exp())) - self._slope


def descend(surface: CostSurface, start: tuple[float, float], *, lr: float, momentum: float, steps: int) -> Tensor:
    """Return the path of gradient descent on the two weights only: (steps + 1, 2), the start first."""
    point = Parameter(torch.tensor(start, dtype=torch.float64))
    optimiser = SGD({"point": point}, momentum=momentum)
    path = [point.value.clone()]
    for _ in range(steps):
        point.accumulate(surface.gradient(point.value))
        optimiser.step(lr)
        optimiser.zero()
        path.append(point.value.clone())
    return torch.stack(path)
