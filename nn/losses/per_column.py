"""The loss of a network of columns, each with outputs of its own."""

from typing import Any

import torch
from torch import Tensor

from errors import LayerError
from nn.losses.base import Loss


class PerColumn(Loss):
    """A sample's loss is the mean of `loss` over the k columns, whose outputs y (N, k * outputs) has side by side.

    So each column learns as if it were alone. Columns are wrong about different samples, so the mean of their
    probabilities is better than any of them (Ciresan et al., 2012). Targets and reduction are those of `loss`.
    """

    def __init__(self, loss: Loss, columns: int) -> None:
        super().__init__(reduction=loss.reduction)
        self.loss, self.columns = loss, columns

    @property
    def title(self) -> str:
        """That of `loss`."""
        return self.loss.title

    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int, tuple[Any, torch.Size]]:
        if y.ndim != 2 or y.shape[1] % self.columns:
            raise LayerError(f"{self}: y has the shape {tuple(y.shape)}, expected (N, {self.columns} * outputs)")
        answers = y.reshape(len(y) * self.columns, -1)  # (N * k, outputs): the columns of a sample one after another
        total, count, kept = self.loss._forward(answers, target.repeat_interleave(self.columns, 0))
        samples = count // self.columns if isinstance(count, int) else count / self.columns
        return total / self.columns, samples, (kept, y.shape)

    def _backward(self, kept: tuple[Any, torch.Size]) -> Tensor:
        inner, shape = kept
        return self.loss._backward(inner).div_(self.columns).view(shape)
