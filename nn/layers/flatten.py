"""From images (N, C, H, W) to rows (N, C * H * W)."""

import torch
from torch import Tensor

from nn.layers.operation import Operation


class Flatten(Operation):
    """y = x with all axes but the first made one: (N, C, H, W) -> (N, C * H * W)."""

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, torch.Size]:
        y = x.flatten(1)  # (N, C * H * W)
        return y, x.shape

    def _backward(self, dy: Tensor, x_shape: torch.Size) -> Tensor:
        return dy.reshape(x_shape)  # (N, C, H, W)
