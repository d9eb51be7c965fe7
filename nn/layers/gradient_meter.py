"""A layer that changes nothing and measures the gradient."""

import torch
from torch import Tensor

from nn.layers.operation import Operation


class GradientMeter(Operation):
    """y = x, dx = dy; adds up ||dy||^2. Above a convolution this is the sum of the squared deltas of its outputs.

    The sum stays where dy is, in one tensor, until it is taken: a GPU need not wait in every step.
    """

    def __init__(self) -> None:
        self._total = torch.zeros((), dtype=torch.float64)

    def take(self) -> float:
        """Return the sum since the last call."""
        total = float(self._total)
        self._total.zero_()
        return total

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, None]:
        return x, None

    def _backward(self, dy: Tensor, kept: None) -> Tensor:
        if self._total.device != dy.device:
            self._total = self._total.to(dy.device)
        self._total.add_(dy.square().sum())
        return dy
