"""The response of a convolution, mapped back to the image: transpose(T) y, one picture per filter.

T is the doubly blocked Toeplitz matrix with y = T x; its transpose adds each response, multiplied by the filter, at the
position of the filter's window (Zeiler & Fergus, Visualizing and understanding convolutional networks, 2014, without
pooling).
"""

import torch
from torch import Tensor

from nn.kernels.toeplitz import toeplitz


def deconvolved(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Return transpose(T) (T x + b) for images x (N, 1, H, W) and filters w (F, 1, k, k), b (F,): (N, F, H, W)."""
    n, _, height, width = x.shape
    pictures = []
    for kernel, bias in zip(w, b, strict=True):
        matrix = toeplitz(kernel[None], height, width)  # (H' * W', H * W)
        response = x.flatten(1) @ matrix.T + bias  # (N, H' * W')
        pictures.append((response @ matrix).view(n, height, width))
    return torch.stack(pictures, 1)
