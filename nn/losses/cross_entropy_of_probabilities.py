"""Cross-entropy on probabilities: for a network that ends in a softmax of its own."""

import torch
from torch import Tensor

from nn.losses.base import Loss, one_hot


class CrossEntropyOfProbabilities(Loss):
    """A sample's loss is -log p_t, where y = p (N, classes) and t is its class; dy = -1 / p_t at t, 0 elsewhere.

    p is kept above the smallest normal number of its dtype, so that p_t = 0 costs 87 in float32, and not infinity.
    """

    title = "cross-entropy"

    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, int, tuple[Tensor, Tensor]]:
        q = one_hot(self, target, y)
        p = y.clamp(min=torch.finfo(y.dtype).tiny)
        return -(q * p.log()).sum(), len(y), (p, q)

    def _backward(self, kept: tuple[Tensor, Tensor]) -> Tensor:
        p, q = kept
        return -q / p
