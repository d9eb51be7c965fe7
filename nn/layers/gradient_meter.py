"""A layer that changes nothing and measures the gradient that passes through it."""

from torch import Tensor

from nn.layers.operation import Operation


class GradientMeter(Operation):
    """y = x, dx = dy; sums ||dy||^2 over all that comes by.

    Behind a convolution it measures the summed squared deltas of its outputs, which tell how much reaches it through
    the layers above.
    """

    def __init__(self) -> None:
        self._total = 0.0

    def __repr__(self) -> str:
        return "GradientMeter()"

    def take(self) -> float:
        """Return the sum since it was taken last."""
        total, self._total = self._total, 0.0
        return total

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, None]:
        return x, None

    def _backward(self, dy: Tensor, kept: None) -> Tensor:
        self._total += float(dy.square().sum())
        return dy
