"""The contract of every loss: one number from a batch, and its gradient.

A new loss is a new file beside this one, with two equations for the *sum* over the batch, and a row in
`tests/nn/losses/test_losses.py`.
"""

import re
from abc import ABC, abstractmethod
from typing import Any, Literal

from torch import Tensor

from errors import LayerError
from nn.checks import Form, floating, is_tensor, one_of, same_device, same_shape, same_type
from nn.described import described

Reduction = Literal["mean", "sum"]


class Loss(ABC):
    """L(y, target) over a batch: the mean of the samples' losses, or with `reduction="sum"` their sum.

    y is (N, outputs), floating. A target is class indices (N,), int64, or - if the loss compares numbers - a
    floating tensor of y's shape. `forward` keeps what `backward` reads, for one backward; `total` keeps nothing.
    """

    def __init__(self, *, reduction: Reduction = "mean") -> None:
        self.reduction = reduction
        self.divisor: Tensor | int = 1  # of the last `forward`: by what the sum was divided, 1 for a sum
        self._kept: tuple[Form, Any, Tensor | int] | None = None  # of y; what `_forward` returned; the divisor
        one_of(self, "reduction", reduction, ("mean", "sum"))

    def __repr__(self) -> str:
        return described(self)

    def __call__(self, y: Tensor, target: Tensor) -> Tensor:
        """Return the loss: short for `forward`."""
        return self.forward(y, target)

    @property
    def title(self) -> str:
        """The name in words, as the axis of a figure has it: `squared error`."""
        words = re.findall("[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", type(self).__name__)
        return " ".join(word if word.isupper() else word.lower() for word in words)

    @abstractmethod
    def _forward(self, y: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int, Any]:
        """Return the sum over the batch, the count that turns it into the mean, and what `_backward` reads."""

    @abstractmethod
    def _backward(self, kept: Any) -> Tensor:
        """Return the gradient of the sum with respect to y, a new tensor."""

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        """Return the loss, a scalar tensor."""
        total, count, kept = self._checked(y, target)
        self.divisor = count if self.reduction == "mean" else 1
        self._kept = (Form.of(y), kept, self.divisor)
        return total / self.divisor

    def backward(self) -> Tensor:
        """Return dL/dy, of y's shape, for the last `forward`."""
        if self._kept is None:
            raise LayerError(f"{self}: each backward() needs a forward(y, target) of its own before it")
        (y, kept, divisor), self._kept = self._kept, None
        dy = self._backward(kept)
        same_shape(self, "dy", dy.shape, y.shape)
        same_type(self, "dy", dy, "y", y, "target")
        return dy.div_(divisor)

    def total(self, y: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int]:
        """Return the sum over the batch and the count to divide it by; their sums over batches give an exact mean."""
        total, count, _ = self._checked(y, target)
        return total, count

    def _checked(self, y: Tensor, target: Tensor) -> tuple[Tensor, Tensor | int, Any]:
        """Return `_forward` of a y of floating numbers and a target on its device."""
        floating(self, "y", y)
        is_tensor(self, "target", target)
        same_device(self, "target", target, "y", y, "y")
        return self._forward(y.detach(), target)


def as_numbers(owner: Loss, target: Tensor, y: Tensor) -> Tensor:
    """Return a target of y's shape: a floating one as it is, class indices as rows of 0 and 1."""
    if target.is_floating_point():
        same_shape(owner, "target", target.shape, y.shape)
        return target.to(y.dtype)
    return one_hot(owner, target, y)


def one_hot(owner: Loss, target: Tensor, y: Tensor) -> Tensor:
    """Return class indices (N,) as rows of y's shape (N, classes) with a 1 at the class and 0 elsewhere."""
    if y.ndim != 2 or target.is_floating_point() or target.shape != y.shape[:1]:
        raise LayerError(
            f"{owner}: y has the shape {tuple(y.shape)}, target {tuple(target.shape)} of {target.dtype}; "
            "expected y (N, classes) and class indices (N,) of int64"
        )
    rows = y.new_zeros(y.shape)
    try:
        return rows.scatter_(1, target.long()[:, None], 1.0)
    except RuntimeError as error:
        low, high = int(target.min()), int(target.max())
        raise LayerError(f"{owner}: target holds classes {low} to {high}, expected 0 to {y.shape[1] - 1}") from error
