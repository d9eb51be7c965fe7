"""Dropout (Srivastava et al., 2014), in the inverted form."""

import torch
from torch import Generator, Tensor

from nn.checks import fraction
from nn.layers.operation import Operation


class Dropout(Operation):
    """y = x * mask in training, where mask is 0 with probability p and 1 / (1 - p) otherwise; dx = dy * mask.

    In evaluation y = x, which has the same mean.

    The mask is drawn in float32 on the generator's device, so one seed drops the same units in every dtype.
    """

    def __init__(self, p: float = 0.5, *, generator: Generator) -> None:
        self.p = p
        self.generator = generator
        fraction(self, "p", p)

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor | None]:
        if not training:
            return x, None
        drawn = torch.rand(x.shape, generator=self.generator, device=self.generator.device)
        mask = (drawn >= self.p).to(x).div_(1 - self.p)
        return x * mask, mask

    def _backward(self, dy: Tensor, mask: Tensor) -> Tensor:
        return dy * mask
