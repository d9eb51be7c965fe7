"""The sum of the ranks' gradients, between `backward` and the optimiser's step.

Each rank has the gradient of its part of a batch. The weighted sum is the gradient of the whole batch, so every rank
makes the same step.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from nn.losses import Loss
from nn.parallel.ranks import Ranks
from nn.parameter import Parameter


class SharedGradients:
    """The gradients of all parameters in one flat buffer, so that a step needs one message and not one per tensor.

    A part r of a batch has the loss L_r = (sum of its samples' losses) / d_r and the gradient g_r, where d_r is what
    the loss divides by: the number of samples, or the sum of their weights. The whole batch has

        L = sum_r d_r L_r / sum_r d_r        g = sum_r d_r g_r / sum_r d_r

    and with a loss that is a sum, L = sum_r L_r and g = sum_r g_r. The buffer is (d g, d L, d), one after another.
    """

    def __init__(self, parameters: Mapping[str, Parameter], ranks: Ranks) -> None:
        self.ranks = ranks
        self._parameters = list(parameters.values())
        self._buffer: Tensor | None = None

    def all_reduce(self, loss: Loss, value: Tensor) -> Tensor:
        """Replace the part's gradients by the whole batch's; `value` is the part's loss, a scalar tensor.

        Return the loss of the whole batch if it is a mean; a sum is returned unchanged.
        """
        if self.ranks.size == 1:
            return value
        whole = self._all_reduce(value, loss.divisor, mean=loss.reduction == "mean")
        return whole if loss.reduction == "mean" else value

    def all_reduce_nothing(self, loss: Loss) -> None:
        """Take part in `all_reduce` without a sample of this batch."""
        self._all_reduce(0.0, 0.0, mean=loss.reduction == "mean")

    def _all_reduce(self, value: Tensor | float, divisor: Tensor | float, *, mean: bool) -> Tensor:
        buffer, gradients = self._flat()
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            if parameter.grad is None:
                gradient.zero_()
            else:
                torch.mul(parameter.grad, divisor, out=gradient)
        buffer[-2], buffer[-1] = value * divisor, divisor
        self.ranks.all_reduce(buffer)
        if mean:
            buffer[:-1].div_(buffer[-1].clone())
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient.to(parameter.value.dtype)
        return buffer[-2].clone()

    def _flat(self) -> tuple[Tensor, list[Tensor]]:
        """Return the buffer and each parameter's view of it. At least float32: bfloat16 cannot count to 300."""
        values = [parameter.value for parameter in self._parameters]
        sizes = [value.numel() for value in values]
        if self._buffer is None:
            dtype = torch.promote_types(values[0].dtype, torch.float32)
            self._buffer = values[0].new_zeros(sum(sizes) + 2, dtype=dtype)
        pieces = torch.split(self._buffer[:-2], sizes)
        return self._buffer, [piece.view(value.shape) for piece, value in zip(pieces, values, strict=True)]


def broadcast(tensors: Iterable[Tensor], ranks: Ranks) -> None:
    """Replace each tensor by rank 0's."""
    for tensor in tensors:
        ranks.broadcast(tensor)


def average(tensors: Iterable[Tensor], weight: float, ranks: Ranks) -> None:
    """Replace each tensor by the weighted mean over the ranks. Integers, as in a permutation, are left alone."""
    if ranks.size == 1:
        return
    share = weight / ranks.sum([weight])[0]
    for tensor in tensors:
        if tensor.is_floating_point():
            tensor.mul_(share)
            ranks.all_reduce(tensor)
