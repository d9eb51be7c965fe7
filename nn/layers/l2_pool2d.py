"""L2 pooling: Lp pooling (Sermanet, Chintala & LeCun, 2012) with p = 2."""

from torch import Tensor

from nn.layers.pooling import Pooling, spread, window_sums


class L2Pool2d(Pooling):
    """y = sqrt(sum of x^2 over each window), and dy/dx = x / y for the x in it:

        dx = x times the sum of dy / y over the windows that the pixel lies in

    where a window with y = 0 adds nothing: the root has no derivative there, and 0 is taken. A window of numbers
    below 3e-23 in float32 (2e-162 in float64) counts as one of zeros, because their squares are rounded to 0. So y is
    0 or at least the root of the smallest positive number, and dy / y is finite.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = self._channels_last(x)
        y = window_sums(x.square(), self.windows).sqrt_()
        return y, (x, y)

    def _backward(self, dy: Tensor, kept: tuple[Tensor, Tensor]) -> Tensor:
        x, y = kept
        slope = (dy / y).masked_fill_(y == 0, 0)
        return spread(slope, x.shape, self.windows).mul_(x)
