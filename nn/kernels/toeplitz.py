"""The convolution as one matrix: for tests and pictures, not for training.

The matrix has outputs * H' * W' * channels * H * W numbers, nearly all 0: 16 kernels of 7 x 7 on a 28 x 28 image are
784 numbers, and a matrix of 6 million, 23 MiB in float32.
"""

import math

import torch
from torch import Tensor

from errors import LayerError
from nn.kernels.windows import Pair, Windows

LARGEST = 256 * 2**20  # bytes


def toeplitz(w: Tensor, height: int, width: int, stride: int | Pair = 1, padding: int | Pair = 0) -> Tensor:
    """Return T with T x.flatten() = the convolution of one image x (channels, height, width) with w, flattened.

    w is (outputs, channels, kernel), T (outputs * H' * W', channels * height * width), of w's dtype. Its row for the
    output pixel (o, i, j) holds the kernel o where its window lies, and zeros:

        T[(o, i, j), (c, h, v)] = w[o, c, h - stride i + padding, v - stride j + padding]

    For stride 1 the entry depends on h - i and v - j only. So T consists, for each o and c, of blocks (i, h) that are
    equal along diagonals, and so are the entries (j, v) of each block: a doubly blocked Toeplitz matrix. Its transpose
    maps the outputs back to the image (deconvolution).

    Raises LayerError for a matrix of more than LARGEST bytes, and for a kernel that does not fit.
    """
    outputs, channels, kh, kw = w.shape
    windows = Windows.of("toeplitz", (kh, kw), stride, padding)
    shape = (outputs, *windows.output("toeplitz", height, width), channels, height, width)
    size = math.prod(shape) * w.element_size()
    if size > LARGEST:
        raise LayerError(
            f"toeplitz: {outputs} kernels on {channels} x {height} x {width} make a matrix of {size / 2**20:,.0f} MiB, "
            f"expected at most {LARGEST // 2**20}: use nn.kernels.convolution, which builds none"
        )
    rows = _offsets(shape[1], height, kh, windows.stride[0], windows.padding[0])
    columns = _offsets(shape[2], width, kw, windows.stride[1], windows.padding[1])
    o, c = torch.arange(outputs), torch.arange(channels)
    bordered = torch.constant_pad_nd(w, (0, 1, 0, 1))  # the last row and column: outside the kernel, zero
    t = bordered[
        o[:, None, None, None, None, None],
        c[None, None, None, :, None, None],
        rows[None, :, None, None, :, None],
        columns[None, None, :, None, None, :],
    ]  # (outputs, H', W', channels, height, width)
    return t.flatten(3).flatten(0, 2)


def _offsets(outputs: int, side: int, kernel: int, stride: int, padding: int) -> Tensor:
    """Return which row of the kernel lies on row h of the image for the output row i, or `kernel` for none: (i, h)."""
    offset = torch.arange(side) - stride * torch.arange(outputs)[:, None] + padding
    return offset.where((offset >= 0) & (offset < kernel), torch.tensor(kernel))
