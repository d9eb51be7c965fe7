"""Vectors brought to length 1, so that products of them are cosines."""

from torch import Tensor

from nn.layers.operation import Operation

_LEAST = 1e-12  # of a length: the vector 0 stays 0


class UnitLength(Operation):
    """y = x / |x| along axis 1. With g = dL/dy:

        dL/dx = (g - y (y . g)) / |x|

    which is orthogonal to x: a longer x has the same y.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        length = x.norm(dim=1, keepdim=True).clamp_min(_LEAST)
        y = x / length
        return y, (y, length)

    def _backward(self, dy: Tensor, kept: tuple[Tensor, Tensor]) -> Tensor:
        y, length = kept
        return (dy - y * (y * dy).sum(1, keepdim=True)).div_(length)
