"""Another shape for each sample: from rows to images, for example."""

import math

import torch
from torch import Tensor

from nn.checks import sample_size
from nn.layers.operation import Operation


class Reshape(Operation):
    """y = x with each sample given `shape`: Reshape(1, 28, 28) turns (N, 784) into (N, 1, 28, 28)."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, torch.Size]:
        sample_size(self, x, math.prod(self.shape))
        y = x.reshape(len(x), *self.shape)  # (N, *shape)
        return y, x.shape

    def _backward(self, dy: Tensor, x_shape: torch.Size) -> Tensor:
        return dy.reshape(x_shape)
