"""Adam with decoupled weight decay (Loshchilov & Hutter, 2019)."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from nn.kernels import Rate
from nn.optimisers.adam import Adam
from nn.optimisers.base import Memory
from nn.parameter import Parameter


class AdamW(Adam):
    """Adam, but the decay acts on p and not on the gradient, so it is not divided by sqrt(v):

    p <- p - lr * weight_decay * p
    p <- p - lr * m_hat / (sqrt(v_hat) + eps)        as Adam, with g as it came
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        decay_biases: bool = False,
    ) -> None:
        super().__init__(parameters, betas=betas, eps=eps, weight_decay=weight_decay, decay_biases=decay_biases)

    def _rates(self, lr: float) -> tuple[float, ...]:
        return *super()._rates(lr), 1 - lr * self.weight_decay

    def _update(
        self, p: Tensor, g: Tensor, memory: Memory, scratch: Tensor, rates: Sequence[Rate], decay: float
    ) -> None:
        rate, eps, kept = rates
        if decay:
            p.mul_(kept)
        self._move(p, g, memory, scratch, rate, eps)
