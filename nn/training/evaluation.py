"""Loss and accuracy of a network on data, every sample counted once however it is cut into batches."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nn.layers.base import Layer
from nn.losses.base import Loss
from nn.parallel.ranks import ALONE, Ranks
from nn.training.batches import Batches, TensorBatches

Metric = Callable[[Tensor, Tensor], Tensor]
"""(y, target) -> a tensor without axes: the *sum* of the samples' scores, so that batches add up to an exact mean."""


class Scores(NamedTuple):
    """Means over the samples; `accuracy` is None without a metric."""

    loss: float
    accuracy: float | None


class ScoreSums:
    """Sums losses and metrics over batches. It waits for their numbers only at the end, to let a GPU run ahead.

    The sums are the same three tensors from the first batch on. A few bytes kept of every batch would lie scattered
    between the batches' large tensors, whose memory could then not be given out again in one piece: two trainings on
    MNIST in one process were seen to take 5.3 GB so, and 1.1 GB now.
    """

    def __init__(self, metric: Metric | None) -> None:
        self.metric = metric
        self._sums: tuple[Tensor, ...] = ()  # losses, counts, scores: float64, without axes
        self.samples = 0

    def add(self, total: Tensor, count: Tensor | float, y: Tensor, target: Tensor) -> None:
        """Take one batch: its summed loss, what to divide the sum by for the mean, its outputs and targets."""
        self._sums = self._sums or tuple(torch.zeros((), dtype=torch.float64, device=y.device) for _ in range(3))
        score = 0.0 if self.metric is None else self.metric(y, target)
        for sum_, number in zip(self._sums, (total, count, score), strict=True):
            sum_.add_(number)
        self.samples += len(y)

    def means(self, ranks: Ranks = ALONE) -> Scores:
        """Return the means over all batches so far, of all ranks."""
        own = map(float, self._sums or (0, 0, 0))
        loss, count, score, samples = ranks.sum((*own, float(self.samples)))
        return Scores(loss / count, None if self.metric is None else score / samples)


def correct(y: Tensor, target: Tensor) -> Tensor:
    """Count the samples whose largest output is their class; `target` is class indices (N,) or rows of y's shape."""
    classes = target if target.ndim == 1 else target.argmax(1)
    return (y.argmax(1) == classes).sum()


def evaluate(
    network: Layer, loss: Loss, x: Tensor, target: Tensor, batch_size: int = 256, metric: Metric | None = correct
) -> Scores:
    """Return the mean loss of the samples - whatever the loss's reduction - and their mean score."""
    return evaluate_batches(network, loss, TensorBatches(x, target), batch_size, metric)


def evaluate_batches(
    network: Layer, loss: Loss, source: Batches, batch_size: int, metric: Metric | None, ranks: Ranks = ALONE
) -> Scores:
    """Do as `evaluate` does, for any source of batches; of each batch a rank computes its part."""
    sums = ScoreSums(metric)
    for x, target in source.batches(batch_size, None):
        x, target = ranks.part(x), ranks.part(target)
        if len(x):
            y = network.forward(x)
            sums.add(*loss.total(y, target), y, target)
    return sums.means(ranks)
