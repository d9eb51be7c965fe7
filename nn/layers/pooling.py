"""What the poolings share: their windows, their checks, and the sum over each window with its adjoint.

Images are laid channels last before they are pooled, and come out so: there torch's primitives are vectorised over
the channels, several times as fast as over pixels, copy included. The convolutions' outputs lie so already.
"""

import torch
from torch import Tensor, ops

from errors import LayerError
from nn.kernels.windows import Pair, Windows
from nn.layers.operation import Operation


class Pooling(Operation):
    """A number for each window of each map: (N, C, H, W) -> (N, C, H', W') with the sizes of `Windows.output`.

    `kernel`, `stride` and `padding` are one number, or (vertical, horizontal). The stride is the kernel's unless
    given; a smaller one lets the windows overlap. The padding is at most half the kernel, so that every window sees
    the image.
    """

    def __init__(self, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        self.windows = Windows.of(type(self).__name__, kernel, kernel if stride is None else stride, padding)
        if any(2 * p > k for p, k in zip(self.windows.padding, self.windows.kernel, strict=True)):
            raise LayerError(f"{self}: padding must be at most half the kernel, got {self.windows.padding}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.windows.kernel}, {self.windows.stride})"

    def _laid(self, x: Tensor) -> Tensor:
        """Return x channels last, if the windows fit into it."""
        if x.ndim != 4:
            raise LayerError(f"{self}: x has the shape {tuple(x.shape)}, expected (N, C, H, W)")
        self.windows.output(self, *x.shape[2:])
        return x.contiguous(memory_format=torch.channels_last)


def window_sums(x: Tensor, windows: Windows) -> Tensor:
    """Return y[n, c, i, j] = sum over the window (i, j) of x[n, c], zero in the border: (N, C, H', W')."""
    # torch has it as a mean with the divisor 1
    sums: Tensor = ops.aten.avg_pool2d(x, windows.kernel, windows.stride, windows.padding, False, True, 1)
    return sums


def spread(dy: Tensor, x_shape: torch.Size, windows: Windows) -> Tensor:
    """Return the adjoint of `window_sums`: at each pixel, the sum of dy over the windows that it lies in."""
    like = torch.empty(x_shape, dtype=dy.dtype, device=dy.device, memory_format=torch.channels_last)  # a shape, unread
    dy = dy.contiguous(memory_format=torch.channels_last)
    dx: Tensor = ops.aten.avg_pool2d_backward(dy, like, windows.kernel, windows.stride, windows.padding, False, True, 1)
    return dx
