"""The three products of a convolution layer.

With windows that start at (s i - p), s the stride and p the padding, and x zero outside the image:

    y[n, o, i, j]  = b[o] + sum over c, k, l of  w[o, c, k, l] x[n, c, s i + k - p, s j + l - p]
    dx             = the adjoint: the sum of each dy[n, o, i, j] w[o], added where its window lies
    dw[o, c, k, l] = sum over n, i, j of  dy[n, o, i, j] x[n, c, s i + k - p, s j + l - p]

(Dumoulin & Visin, A guide to convolution arithmetic, 2016. Strictly it is a cross-correlation: the kernel is not
flipped.) `toeplitz` writes the same as a matrix.

Torch's convolution primitives compute the sums. They are fastest in channels-last memory layout; with a weight in that
layout the outputs have it too. For a few windows, as with one image per step, calling them takes longer than the sums:
then the windows are copied into the rows of a matrix, for one matrix product.
"""

import torch
from torch import Tensor, ops

from nn.kernels.windows import Pair, Windows
from nn.tracing import is_traced

FEW = 1024  # windows, up to which a matrix product of copied windows is faster on a CPU


def channels_last(tensor: Tensor) -> Tensor:
    """Return a copy of (N, C, H, W) in channels-last memory layout."""
    return torch.empty_like(tensor, memory_format=torch.channels_last).copy_(tensor)


def correlate(x: Tensor, w: Tensor, b: Tensor | None, windows: Windows) -> Tensor:
    """Return y (N, outputs, H', W') for x (N, channels, H, W), w (outputs, channels, kernel), b (outputs,)."""
    if not _few(x, windows):
        return torch.conv2d(x, w, b, windows.stride, windows.padding)
    rows, (height, width) = window_rows(x, windows)
    wt = w.flatten(1).T  # (channels * kernel, outputs)
    y = rows @ wt if b is None else torch.addmm(b, rows, wt)  # (N * H' * W', outputs)
    return y.view(len(x), height, width, -1).permute(0, 3, 1, 2)  # (N, outputs, H', W')


def adjoint(dy: Tensor, w: Tensor, size: Pair, windows: Windows) -> Tensor:
    """Return dx (N, channels, *size) for dy (N, outputs, H', W')."""
    (kh, kw), (sh, sw), (ph, pw) = windows
    height, width = dy.shape[2:]
    untouched = (size[0] + 2 * ph - kh - sh * (height - 1), size[1] + 2 * pw - kw - sw * (width - 1))
    return torch.conv_transpose2d(dy, w, None, windows.stride, windows.padding, untouched)


def weight_gradient(dy: Tensor, x: Tensor, w: Tensor, windows: Windows) -> Tensor:
    """Return dw, of w's shape."""
    if _few(x, windows):
        rows, _ = window_rows(x, windows)
        return (dy.permute(1, 0, 2, 3).flatten(1) @ rows).view(w.shape)  # (outputs, N H' W') @ (N H' W', kernel)
    only_dw = [False, True, False]
    dw: Tensor = ops.aten.convolution_backward(
        dy, x, w, None, windows.stride, windows.padding, (1, 1), False, (0, 0), 1, only_dw
    )[1]
    return dw


def _few(x: Tensor, windows: Windows) -> bool:
    height, width = windows.output("convolution", *x.shape[2:])
    return x.is_cpu and not is_traced() and len(x) * height * width <= FEW  # a trace is for any batch


def window_rows(x: Tensor, windows: Windows) -> tuple[Tensor, Pair]:
    """Return the windows as rows (N * H' * W', channels * kernel), and (H', W')."""
    (kh, kw), (sh, sw), (ph, pw) = windows
    if ph or pw:
        x = torch.constant_pad_nd(x, (pw, pw, ph, ph))
    seen = x.unfold(2, kh, sh).unfold(3, kw, sw)  # (N, channels, H', W', kh, kw), a view
    height, width = seen.shape[2:4]
    return seen.permute(0, 2, 3, 1, 4, 5).reshape(len(x) * height * width, -1), (height, width)
