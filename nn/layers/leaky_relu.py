"""The leaky rectified linear unit."""

from torch import Tensor

from nn.checks import fraction
from nn.layers.operation import Operation


class LeakyReLU(Operation):
    """y = max(x, leak * x), element by element, `leak` in [0, 1); dx = dy where x > 0, else leak * dy."""

    def __init__(self, leak: float = 0.01) -> None:
        self.leak = leak
        fraction(self, "leak", leak)

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        y = x.maximum(self.leak * x)
        return y, y

    def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
        return y.sign().clamp_(min=self.leak).mul_(dy)  # 1 where y > 0, leak elsewhere
