"""L2 pooling: Lp pooling (Sermanet, Chintala & LeCun, 2012) with p = 2."""

from torch import Tensor

from nn.layers.pooling import Pooling, spread, window_sums


class L2Pool2d(Pooling):
    """y = sqrt(sum of x^2 over each window), and dy/dx = x / y for the x in it:

        dx = x times the sum of dy / y over the windows that the pixel lies in

    where a window with y = 0 adds nothing: there the root has no slope, and 0 is the one that is the same in every
    direction. A window of tiny numbers counts as one of zeros when their squares vanish, below 3e-23 in float32
    (2e-162 in float64). So y is 0 or at least the root of the smallest square, and dy / y stays a number.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = self._laid(x)
        y = window_sums(x.square(), self.windows).sqrt_()
        return y, (x, y)

    def _backward(self, dy: Tensor, kept: tuple[Tensor, Tensor]) -> Tensor:
        x, y = kept
        slope = (dy / y).masked_fill_(y == 0, 0)
        return spread(slope, x.shape, self.windows).mul_(x)
