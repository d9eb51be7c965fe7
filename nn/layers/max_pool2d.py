"""Max pooling."""

import torch
from torch import Tensor, ops

from nn.layers.pooling import Pooling


class MaxPool2d(Pooling):
    """y = the largest x of each window; the border is no candidate.

    Kept is `at`, where in its map each window's largest pixel lies, of equal ones the first, row by row:

        y[n, c, i, j] = x[n, c, at[n, c, i, j]]        dx[n, c, q] = sum of dy[n, c, i, j] over i, j with at = q

    So dx is an addition at an index for each number of dy, and where windows overlap a pixel gathers from several.
    Masks instead of indices take a pass over y for every pixel of the kernel, several times as long already at 2 x 2.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = self._laid(x)
        y, at = ops.aten.max_pool2d_with_indices(x, *self._places())  # at = row * W + column, (N, C, H', W')
        return y, (at, x)

    def _backward(self, dy: Tensor, kept: tuple[Tensor, Tensor]) -> Tensor:
        at, x = kept  # of x the primitive needs the shape; on some devices it looks for the largest again
        dy = dy.contiguous(memory_format=torch.channels_last)
        dx: Tensor = ops.aten.max_pool2d_with_indices_backward(dy, x, *self._places(), (1, 1), False, at)
        return dx

    def _places(self) -> tuple[tuple[int, int], ...]:
        return self.windows.kernel, self.windows.stride, self.windows.padding
