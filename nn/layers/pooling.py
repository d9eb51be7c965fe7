"""What the poolings share: windows, checks, and the sum over each window with its adjoint.

Images are copied to channels-last layout before they are pooled. In that layout torch's primitives are vectorised over
the channels, several times as fast as over pixels, the copy included. Outputs of convolutions have it already.
"""

import torch
from torch import Tensor, ops

from errors import LayerError
from nn.checks import images
from nn.described import in_a_line
from nn.kernels import Pair, Windows
from nn.layers.operation import Operation


class Pooling(Operation):
    """One number for each window of each map: (N, C, H, W) -> (N, C, H', W') with the sizes of `Windows.output`.

    `kernel`, `stride` and `padding` are one number, or (vertical, horizontal). The stride is the kernel's unless
    given; with a smaller one the windows overlap. The padding is at most half the kernel, so that every window has
    pixels of the image.
    """

    def __init__(self, kernel: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        self.windows = Windows.of(type(self).__name__, kernel, kernel if stride is None else stride, padding)
        if any(2 * p > k for p, k in zip(self.windows.padding, self.windows.kernel, strict=True)):
            raise LayerError(f"{self}: padding must be at most half the kernel, got {self.windows.padding}")

    def __repr__(self) -> str:
        return in_a_line(type(self).__name__, self.windows.in_words(self.windows.kernel))

    def _channels_last(self, x: Tensor) -> Tensor:
        """Return x in channels-last layout. LayerError unless the windows fit into it."""
        images(self, x)
        self.windows.output(self, *x.shape[2:])
        return x.contiguous(memory_format=torch.channels_last)


def window_sums(x: Tensor, windows: Windows) -> Tensor:
    """Return y[n, c, i, j] = sum over the window (i, j) of x[n, c], zero in the border: (N, C, H', W')."""
    sums: Tensor = ops.aten.avg_pool2d(x, *windows, False, True, 1)  # a mean with the divisor 1
    return sums


def spread(dy: Tensor, x_shape: torch.Size, windows: Windows) -> Tensor:
    """Return the adjoint of `window_sums`: at each pixel, the sum of dy over the windows that it lies in."""
    return (
        spread_with_border(dy, x_shape, windows) if needs_border(dy.device, windows) else _spread(dy, x_shape, windows)
    )


def needs_border(device: torch.device, windows: Windows) -> bool:
    """Whether torch's primitive may be wrong here: on CUDA, for channels-last memory, it maps a pixel to its windows as
    if there were no padding (pytorch issue 188344, mended in July 2026)."""
    return device.type == "cuda" and any(windows.padding)


def spread_with_border(dy: Tensor, x_shape: torch.Size, windows: Windows) -> Tensor:
    """Do as `spread` without the primitive's padding: spread over the image with its border, and cut the border off."""
    n, channels, height, width = x_shape
    down, right = windows.padding
    with_border = torch.Size((n, channels, height + 2 * down, width + 2 * right))
    dx = _spread(dy, with_border, windows._replace(padding=(0, 0)))
    return dx[:, :, down : down + height, right : right + width].contiguous(memory_format=torch.channels_last)


def _spread(dy: Tensor, x_shape: torch.Size, windows: Windows) -> Tensor:
    like = torch.empty(x_shape, dtype=dy.dtype, device=dy.device, memory_format=torch.channels_last)  # only its shape
    dy = dy.contiguous(memory_format=torch.channels_last)
    dx: Tensor = ops.aten.avg_pool2d_backward(dy, like, *windows, False, True, 1)
    return dx
