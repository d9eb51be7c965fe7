"""Adam (Kingma & Ba, 2015)."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from nn.checks import at_least, fraction
from nn.kernels import Rate, scaled
from nn.optimisers.base import Memory, Optimiser
from nn.parameter import Parameter


class Adam(Optimiser):
    """Steps of about `lr`, whatever the gradient's scale: the rule for a parameter p with the gradient g, in step t, is

        g <- g + weight_decay * p
        m <- beta1 * m + (1 - beta1) * g         v <- beta2 * v + (1 - beta2) * g^2
        p <- p - lr * m_hat / (sqrt(v_hat) + eps)

    where m_hat = m / (1 - beta1^t) and v_hat = v / (1 - beta2^t), t = 1 in the first step, correct for the start of
    m and v at 0.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_biases: bool = False,
    ) -> None:
        super().__init__(parameters, memory=("m", "v"), weight_decay=weight_decay, decay_biases=decay_biases)
        self.betas, self.eps = betas, eps
        fraction(self, "beta1", betas[0])
        fraction(self, "beta2", betas[1])
        at_least(self, "eps", eps, 0)

    def _rates(self, lr: float) -> tuple[float, ...]:
        # Numerator and denominator are multiplied by sqrt(1 - beta2^t), which saves a pass over v.
        beta1, beta2 = self.betas
        root = math.sqrt(1 - beta2**self.steps)
        return lr * root / (1 - beta1**self.steps), self.eps * root

    def _update(
        self, p: Tensor, g: Tensor, memory: Memory, scratch: Tensor, rates: Sequence[Rate], decay: float
    ) -> None:
        if decay:
            g = torch.add(g, p, alpha=decay, out=scratch)
        self._move(p, g, memory, scratch, *rates)

    def _move(self, p: Tensor, g: Tensor, memory: Memory, scratch: Tensor, rate: Rate, eps: Rate) -> None:
        beta1, beta2 = self.betas
        m = memory["m"].lerp_(g, 1 - beta1)
        v = memory["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        below = torch.sqrt(v, out=scratch).add_(eps)
        m, value = scaled(m, rate)
        p.addcdiv_(m, below, value=-value)
