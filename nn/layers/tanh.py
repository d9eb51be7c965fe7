"""The hyperbolic tangent."""

from torch import Tensor

from nn.layers.operation import Operation


class Tanh(Operation):
    """y = tanh(slope * x), element by element; dx = slope * (1 - y^2) dy."""

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = slope

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        y = (self.slope * x).tanh_()
        return y, y

    def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
        return dy.addcmul(y * y, dy, value=-1).mul_(self.slope)  # dy - y^2 dy
