"""Loss and accuracy of a network on data, every sample counted once however it is cut into batches."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nn.batches import Batches, TensorBatches
from nn.layers.base import Layer
from nn.losses.base import Loss

Metric = Callable[[Tensor, Tensor], Tensor]
"""(y, target) -> a tensor without axes: the *sum* of the samples' scores, so that batches add up to an exact mean."""


class Scores(NamedTuple):
    """Means over the samples; `accuracy` is None without a metric."""

    loss: float
    accuracy: float | None


class ScoreSums:
    """Sums losses and metrics over batches. It waits for their numbers only at the end, to let a GPU run ahead."""

    def __init__(self, metric: Metric | None) -> None:
        self.metric = metric
        self._losses: list[Tensor] = []
        self._counts: list[Tensor] = []
        self._scores: list[Tensor] = []
        self.samples = 0

    def add(self, total: Tensor, count: Tensor | float, y: Tensor, target: Tensor) -> None:
        """Take one batch: its summed loss, what to divide the sum by for the mean, its outputs and targets."""
        self._losses.append(total)
        self._counts.append(torch.as_tensor(count))
        self.samples += len(y)
        if self.metric is not None:
            self._scores.append(self.metric(y, target))

    def means(self) -> Scores:
        """Return the means over all batches so far."""
        loss = _sum(self._losses) / _sum(self._counts)
        return Scores(loss, None if self.metric is None else _sum(self._scores) / self.samples)


def correct(y: Tensor, target: Tensor) -> Tensor:
    """Count the samples whose largest output is their class; `target` is class indices (N,) or rows of y's shape."""
    classes = target if target.ndim == 1 else target.argmax(1)
    return (y.argmax(1) == classes).sum()


def evaluate(
    network: Layer, loss: Loss, x: Tensor, target: Tensor, batch_size: int = 256, metric: Metric | None = correct
) -> Scores:
    """Return the mean loss of the samples - whatever the loss's reduction - and their mean score."""
    return evaluate_batches(network, loss, TensorBatches(x, target), batch_size, metric)


def evaluate_batches(network: Layer, loss: Loss, source: Batches, batch_size: int, metric: Metric | None) -> Scores:
    """Do as `evaluate` does, for any source of batches."""
    sums = ScoreSums(metric)
    for x, target in source.batches(batch_size, None):
        y = network.forward(x)
        sums.add(*loss.total(y, target), y, target)
    return sums.means()


def _sum(numbers: list[Tensor]) -> float:
    return float(torch.stack(numbers).double().sum())
