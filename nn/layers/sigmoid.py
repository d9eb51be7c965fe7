"""The logistic function."""

from torch import Tensor

from nn.layers.operation import Operation


class Sigmoid(Operation):
    """y = 1 / (1 + exp(-slope * x)), element by element; dx = slope * y (1 - y) dy."""

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = slope

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        y = (self.slope * x).sigmoid_()
        return y, y

    def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
        return y.addcmul(y, y, value=-1).mul_(dy).mul_(self.slope)  # y - y^2
