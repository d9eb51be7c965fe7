"""Loss and accuracy of a network on data, every sample counted once however it is cut into batches."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from nn.batches import Batches, TensorBatches
from nn.layers.base import Layer
from nn.losses.base import Loss
from nn.ranks import ALONE, Ranks

Metric = Callable[[Tensor, Tensor], Tensor]
"""(y, target) -> a tensor without axes: the *sum* of the samples' scores, so that batches add up to an exact mean."""


class Scores(NamedTuple):
    """Means over the samples; `accuracy` is None without a metric."""

    loss: float
    accuracy: float | None


class ScoreSums:
    """Sums losses and metrics over batches. It waits for their numbers only at the end, to let a GPU run ahead.

    The sums stand in one tensor from the first batch on. A few bytes kept of every batch would lie scattered between
    the batches' large tensors, whose memory could then not be given out again in one piece: an epoch over MNIST was
    seen to grow from 1 to 5 GB so.
    """

    def __init__(self, metric: Metric | None) -> None:
        self.metric = metric
        self._sums: Tensor | None = None  # (3,) float64: losses, counts, scores
        self.samples = 0

    def add(self, total: Tensor, count: Tensor | float, y: Tensor, target: Tensor) -> None:
        """Take one batch: its summed loss, what to divide the sum by for the mean, its outputs and targets."""
        if self._sums is None:
            self._sums = torch.zeros(3, dtype=torch.float64, device=y.device)
        score = 0.0 if self.metric is None else self.metric(y, target)
        for i, number in enumerate((total, count, score)):
            self._sums[i] += number
        self.samples += len(y)

    def means(self, ranks: Ranks = ALONE) -> Scores:
        """Return the means over all batches so far, of all ranks."""
        own = (0.0, 0.0, 0.0) if self._sums is None else self._sums.tolist()
        loss, count, score, samples = ranks.totals((*own, float(self.samples)))
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
