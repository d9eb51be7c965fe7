"""Average pooling."""

import math

import torch
from torch import Tensor

from nn.layers.pooling import Pooling, spread, window_sums


class AvgPool2d(Pooling):
    """y = the mean of x over each window, with its a pixels: y = 1/a sum of x, where the border counts as zeros.

    dx = 1/a sum of dy over the windows that the pixel lies in.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, torch.Size]:
        y = window_sums(self._channels_last(x), self.windows).div_(math.prod(self.windows.kernel))
        return y, x.shape

    def _backward(self, dy: Tensor, x_shape: torch.Size) -> Tensor:
        return spread(dy / math.prod(self.windows.kernel), x_shape, self.windows)
