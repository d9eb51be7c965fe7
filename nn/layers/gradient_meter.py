"""A layer that changes nothing and measures the gradient."""

from torch import Tensor

from nn.layers.operation import Operation


class GradientMeter(Operation):
    """y = x, dx = dy; adds up ||dy||^2. Above a convolution this is the sum of the squared deltas of its outputs."""

    def __init__(self) -> None:
        self._total = 0.0

    def take(self) -> float:
        """Return the sum since the last call."""
        total, self._total = self._total, 0.0
        return total

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, None]:
        return x, None

    def _backward(self, dy: Tensor, kept: None) -> Tensor:
        self._total += float(dy.square().sum())
        return dy
