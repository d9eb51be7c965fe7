"""A convolution's response carried back to the image: transpose(T) y, a picture a filter.

T is the doubly blocked Toeplitz matrix with y = T x; its transpose adds each response, times the filter, where the
filter's window lay (Zeiler & Fergus, Visualizing and understanding convolutional networks, 2014, without pooling).
"""

import torch
from torch import Tensor

from nn.kernels.toeplitz import toeplitz


def deconvolved(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Return, for images x (N, 1, H, W) and filters w (F, 1, k, k), b (F,), what each filter sees: (N, F, H, W)."""
    n, _, height, width = x.shape
    pictures = []
    for kernel, bias in zip(w, b, strict=True):
        matrix = toeplitz(kernel[None], height, width)  # (H' * W', H * W)
        response = x.flatten(1) @ matrix.T + bias  # (N, H' * W')
        pictures.append((response @ matrix).view(n, height, width))
    return torch.stack(pictures, 1)
