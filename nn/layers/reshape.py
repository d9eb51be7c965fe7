"""From rows to images, or any other shape of the same size."""

import math

import torch
from torch import Tensor

from errors import LayerError
from nn.layers.operation import Operation


class Reshape(Operation):
    """y = x with each sample given `shape`: Reshape(1, 28, 28) turns (N, 784) into (N, 1, 28, 28)."""

    def __init__(self, *shape: int) -> None:
        self.shape = shape

    def __repr__(self) -> str:
        return f"Reshape({', '.join(map(str, self.shape))})"

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, torch.Size]:
        size = math.prod(self.shape)
        if x.shape[1:].numel() != size:
            raise LayerError(f"{self}: x has the shape {tuple(x.shape)}, expected {size} numbers a sample")
        y = x.reshape(len(x), *self.shape)  # (N, *shape)
        return y, x.shape

    def _backward(self, dy: Tensor, x_shape: torch.Size) -> Tensor:
        return dy.reshape(x_shape)
