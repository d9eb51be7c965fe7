"""Stochastic gradient descent."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from errors import LayerError
from nn.checks import fraction
from nn.kernels import Rate, scaled
from nn.optimisers.base import Memory, Optimiser
from nn.parameter import Parameter


class SGD(Optimiser):
    """Gradient descent, with momentum (Polyak) or Nesterov's: the rule for a parameter p with the gradient g is

        g <- g + weight_decay * p
        v <- momentum * v + g
        p <- p - lr * v                          or, nesterov,   p - lr * (g + momentum * v)

    Without momentum p <- p - lr * g.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_biases: bool = False,
    ) -> None:
        memory = ("velocity",) if momentum else ()
        super().__init__(parameters, memory=memory, weight_decay=weight_decay, decay_biases=decay_biases)
        self.momentum, self.nesterov = momentum, nesterov
        fraction(self, "momentum", momentum)
        if nesterov and not momentum:
            raise LayerError(f"{self}: nesterov needs a momentum above 0, got {momentum}")

    def _advance(self, name: str, parameter: Parameter, rates: Sequence[Rate], decay: float) -> None:
        if self.momentum or decay:
            super()._advance(name, parameter, rates, decay)
        else:
            parameter.descend(rates[0])

    def _update(
        self, p: Tensor, g: Tensor, memory: Memory, scratch: Tensor, rates: Sequence[Rate], decay: float
    ) -> None:
        if decay:
            g = torch.add(g, p, alpha=decay, out=scratch)
        if self.momentum:
            v = memory["velocity"].mul_(self.momentum).add_(g)
            g = torch.add(g, v, alpha=self.momentum, out=scratch) if self.nesterov else v
        g, alpha = scaled(g, rates[0])
        p.sub_(g, alpha=alpha)
