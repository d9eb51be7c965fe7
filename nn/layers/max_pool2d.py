"""Max pooling."""

import torch
from torch import Tensor, ops

from nn.layers.pooling import Pooling


class MaxPool2d(Pooling):
    """y = the largest x of each window, without the border.

    `at` is the position in its map of each window's largest pixel, of equal ones the first, row by row:

        y[n, c, i, j] = x[n, c, at[n, c, i, j]]        dx[n, c, q] = sum of dy[n, c, i, j] over i, j with at = q

    So dx is one addition at an index for each number of dy; where windows overlap, a pixel's dx is a sum. Masks
    instead of indices need a pass over y for every pixel of the kernel, and take several times as long even for 2 x 2.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = self._channels_last(x)
        y, at = ops.aten.max_pool2d_with_indices(x, *self.windows)  # at = row * W + column, (N, C, H', W')
        return y, (at, x)

    def _backward(self, dy: Tensor, kept: tuple[Tensor, Tensor]) -> Tensor:
        at, x = kept  # the primitive needs x's shape, and on some devices its values
        dy = dy.contiguous(memory_format=torch.channels_last)
        dx: Tensor = ops.aten.max_pool2d_with_indices_backward(dy, x, *self.windows, (1, 1), False, at)
        return dx
