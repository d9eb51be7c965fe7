"""The one place where the ranks' gradients become one: between `backward` and the optimiser's step.

Each rank has the gradient of its part of a batch. Added up with the right weights they are the gradient of the whole
batch, and every rank makes the same step.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from nn.losses.base import Loss
from nn.parallel.ranks import Ranks
from nn.parameter import Parameter


class SharedGradients:
    """The gradients of all parameters in one flat buffer, so that a step costs one message and not one a tensor.

    A part r of a batch has the loss L_r = (sum of its samples' losses) / d_r and the gradient g_r, where d_r is what
    the loss divides by: the part's samples, or their weights. The whole batch has

        L = sum_r d_r L_r / sum_r d_r        g = sum_r d_r g_r / sum_r d_r

    and with a loss that is a sum, L = sum_r L_r and g = sum_r g_r. The buffer is (d g, d L, d), one after another; in
    the next step the gradients are written where they stand in it.
    """

    def __init__(self, parameters: Mapping[str, Parameter], ranks: Ranks) -> None:
        self.ranks = ranks
        self._parameters = list(parameters.values())
        self._buffer: Tensor | None = None

    def add(self, loss: Loss, value: Tensor) -> Tensor:
        """Turn the part's gradients into the whole batch's; `value` is its loss. Return the batch's, if it is a mean.

        A sum is returned as it came: the losses of the parts are added up at the end of the epoch.
        """
        if self.ranks.size == 1:
            return value
        whole = self._add(value, loss.divisor, mean=loss.reduction == "mean")
        return whole if loss.reduction == "mean" else value

    def add_none(self, loss: Loss) -> None:
        """Do as the others do, without a sample of this batch."""
        self._add(0.0, 0.0, mean=loss.reduction == "mean")

    def _add(self, value: Tensor | float, divisor: Tensor | float, *, mean: bool) -> Tensor:
        buffer, gradients = self._flat()
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            if parameter.grad is None:
                gradient.zero_()
            else:
                torch.mul(parameter.grad, divisor, out=gradient)
        buffer[-2], buffer[-1] = value * divisor, divisor
        self.ranks.add(buffer)
        if mean:
            buffer[:-1].div_(buffer[-1].clone())
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient.to(parameter.value.dtype)
        return buffer[-2].clone()

    def _flat(self) -> tuple[Tensor, list[Tensor]]:
        """Return the buffer and each parameter's view of it. In float32 at least: a bfloat16 cannot count to 300."""
        values = [parameter.value for parameter in self._parameters]
        sizes = [value.numel() for value in values]
        if self._buffer is None:
            dtype = torch.promote_types(values[0].dtype, torch.float32)
            self._buffer = values[0].new_zeros(sum(sizes) + 2, dtype=dtype)
        pieces = torch.split(self._buffer[:-2], sizes)
        return self._buffer, [piece.view(value.shape) for piece, value in zip(pieces, values, strict=True)]


def broadcast(tensors: Iterable[Tensor], ranks: Ranks) -> None:
    """Give all ranks the first one's numbers."""
    for tensor in tensors:
        ranks.broadcast(tensor)


def take_mean(tensors: Iterable[Tensor], weight: float, ranks: Ranks) -> None:
    """Give all ranks the mean of theirs, weighted. An integer, as in a permutation, is nobody's own and stays."""
    if ranks.size == 1:
        return
    share = weight / ranks.sum([weight])[0]
    for tensor in tensors:
        if tensor.is_floating_point():
            tensor.mul_(share)
            ranks.add(tensor)
