"""Loss and accuracy of a network on data. Every sample counts once, whatever the batch size."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nn.layers import Layer
from nn.losses import Loss
from nn.parallel import ALONE, Ranks
from nn.training.batches import Data, as_batches

Metric = Callable[[Tensor, Tensor], Tensor]
"""(y, target) -> the *sum* of the samples' scores, a scalar tensor: sums over batches give an exact mean."""


class Scores(NamedTuple):
    """Means over the samples; `accuracy` is None without a metric."""

    loss: float
    accuracy: float | None


class ScoreSums:
    """Sums losses and metrics over batches. It reads the numbers only at the end, so that a GPU need not wait.

    The sums are three tensors made once. Small tensors kept of every batch would break up the memory that large ones
    leave free: two trainings on MNIST in one process took 5.3 GB that way, and take 1.1 GB this way.
    """

    def __init__(self, metric: Metric | None) -> None:
        self.metric = metric
        self._sums: tuple[Tensor, ...] = ()  # losses, counts, scores: float64, without axes
        self.samples = 0

    def add(self, total: Tensor, count: Tensor | float, y: Tensor, target: Tensor) -> None:
        """Add one batch: its summed loss, the count that turns sums into means, its outputs and targets."""
        self.add_numbers(total, count, y, target)
        self.samples += len(y)

    def add_numbers(self, total: Tensor, count: Tensor | float, y: Tensor, target: Tensor) -> None:
        """Do what `add` computes on the device; the caller counts the samples."""
        self._sums = self._sums or tuple(torch.zeros((), dtype=torch.float64, device=y.device) for _ in range(3))
        score = 0.0 if self.metric is None else self.metric(y, target)
        for sum_, number in zip(self._sums, (total, count, score), strict=True):
            sum_.add_(number)

    def clear(self) -> None:
        """Begin anew, with the same tensors."""
        self.samples = 0
        for sum_ in self._sums:
            sum_.zero_()

    def means(self, ranks: Ranks = ALONE) -> Scores:
        """Return the means over all batches so far, and over all ranks."""
        own = map(float, self._sums or (0, 0, 0))
        loss, count, score, samples = ranks.sum((*own, float(self.samples)))
        return Scores(loss / count, None if self.metric is None else score / samples)


def correct(y: Tensor, target: Tensor) -> Tensor:
    """Count the samples whose largest output is their class; `target` is class indices (N,) or rows of y's shape."""
    classes = target if target.ndim == 1 else target.argmax(1)
    return (y.argmax(1) == classes).sum()


def evaluate(
    network: Layer,
    loss: Loss,
    data: Data,
    batch_size: int = 256,
    metric: Metric | None = correct,
    ranks: Ranks = ALONE,
) -> Scores:
    """Return the mean loss of the samples, whatever the loss's reduction, and their mean score.

    With several ranks each computes its part of every batch, and all return the same.
    """
    sums = ScoreSums(metric)
    for x, target in as_batches(data).batches(batch_size, None):
        x, target = ranks.shard(x), ranks.shard(target)
        if len(x):
            y = network.forward(x)
            sums.add(*loss.total(y, target), y, target)
    return sums.means(ranks)
