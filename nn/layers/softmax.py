"""The softmax, as a layer. A classifier trains faster and more exactly with `losses.CrossEntropy` on the logits."""

from torch import Tensor

from nn.layers.operation import Operation


class Softmax(Operation):
    """y_i = exp(beta x_i) / sum_j exp(beta x_j) over axis 1, the classes; `beta` is the inverse temperature.

    The largest x is subtracted first, so that exp cannot overflow; y stays the same. The Jacobian of a sample is
    dy_i/dx_j = beta y_i (delta_ij - y_j), so with g = dL/dy:

        dL/dx_j = beta y_j (g_j - sum_i g_i y_i)
    """

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = beta

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        z = self.beta * x
        e = (z - z.amax(1, keepdim=True)).exp_()
        y = e / e.sum(1, keepdim=True)
        return y, y

    def _backward(self, dy: Tensor, y: Tensor) -> Tensor:
        g = dy - (dy * y).sum(1, keepdim=True)
        return g.mul_(y).mul_(self.beta)
