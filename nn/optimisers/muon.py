"""Muon: momentum, made orthogonal (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon)."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nn.checks import fraction
from nn.kernels import Rate, scaled
from nn.optimisers.adamw import AdamW
from nn.optimisers.base import Memory
from nn.parameter import Parameter

SIZE = 0.2  # of a step's numbers, root mean square, at a rate of 1: about that of Adam's
QUINTIC = 3.4445, -4.7750, 2.0315  # a, b, c of `orthogonal`
ITERATIONS = 5


class Muon(AdamW):
    """Steps equally far in all directions of a weight matrix, where a gradient is large in few and small in most.

    A weight (outputs, ...) is a matrix W of `outputs` rows. The rule for it, with the gradient G, is

        M <- momentum * M + (1 - momentum) * G
        W <- W - lr * weight_decay * W
        W <- W - lr * 0.2 * sqrt(max(rows, columns)) * orthogonal(momentum * M + (1 - momentum) * G)

    An orthogonal matrix has numbers of about 1 / sqrt(max(rows, columns)), so that those of a step have about the size
    that Adam's have, and lr and weight_decay are as for AdamW (Liu et al., 2025, arXiv:2502.16982). Biases, and all
    that has fewer than two axes, move as AdamW moves them.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        *,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
        decay_biases: bool = False,
    ) -> None:
        super().__init__(parameters, betas=betas, eps=eps, weight_decay=weight_decay, decay_biases=decay_biases)
        self.momentum = momentum
        fraction(self, "momentum", momentum)
        for name, parameter in parameters.items():
            if parameter.value.ndim > 1:
                del self._memory[name]["v"]

    def _rates(self, lr: float) -> tuple[float, ...]:
        return *super()._rates(lr), lr

    def _update(
        self, p: Tensor, g: Tensor, memory: Memory, scratch: Tensor, rates: Sequence[Rate], decay: float
    ) -> None:
        *adams, kept, lr = rates
        if p.ndim < 2:
            super()._update(p, g, memory, scratch, (*adams, kept), decay)
            return
        if decay:
            p.mul_(kept)
        m = memory["m"].lerp_(g, 1 - self.momentum)
        step = orthogonal(torch.lerp(g, m, self.momentum, out=scratch).flatten(1))
        step, alpha = scaled(step, lr)
        p.sub_(step.view_as(p), alpha=alpha * SIZE * math.sqrt(max(step.shape)))


def orthogonal(matrix: Tensor) -> Tensor:
    """Return about U V' of the matrix U S V': its singular values, if not far below the largest, become 0.7 to 1.2.

    Each iteration takes every singular value s to a s + b s^3 + c s^5. With these a, b and c small ones grow fastest,
    but none settles at 1, which the source found not to matter.
    """
    a, b, c = QUINTIC
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x: Tensor = wide / wide.norm().clamp_min(1e-30)  # no singular value is above the norm, which may be 0
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x if wide is matrix else x.T
