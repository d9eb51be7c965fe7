"""A tensor that training changes, and its gradient.

Layers add to the gradients of their parameters; an optimiser reads the gradients, changes the values and clears the
gradients.
"""

import torch
from torch import Tensor

from nn.checks import is_tensor, same_shape, same_type
from nn.described import form
from nn.kernels import RankOneGradient, Rate, scaled


class Parameter:
    """`value`, and `grad` = dL/dvalue: None, or a tensor of the value's shape, dtype and device.

    `backward` *adds* to an existing gradient and creates a missing one, so that several backward passes before a step
    add up. Only `Optimiser.zero()` clears it, to None.

    The memory of a cleared gradient is kept, and the next one may be written into it: allocating megabytes in every
    step costs more than filling them (1024-300-6, batch 64: 3.0 ms a step instead of 1.4). To keep a gradient after
    `zero()`, clone it.
    """

    __slots__ = ("_grad", "_spare", "value")

    def __init__(self, value: Tensor) -> None:
        self.value = value.detach()
        self._grad: Tensor | RankOneGradient | None = None
        self._spare: Tensor | None = None

    def __repr__(self) -> str:
        return f"Parameter({form(self.value)})"

    @property
    def grad(self) -> Tensor | None:
        """The gradient as a tensor; a RankOneGradient is multiplied out."""
        if isinstance(self._grad, RankOneGradient):
            self._grad = self._grad.multiplied(out=self.spare())
        return self._grad

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        if gradient is not None:
            is_tensor(self, "grad", gradient)
            same_shape(self, "grad", gradient.shape, self.value.shape)
            same_type(self, "grad", gradient, "value", self.value, "parameter")
        self._grad = gradient

    @property
    def has_grad(self) -> bool:
        """Whether there is a gradient."""
        return self._grad is not None

    def accumulate(self, gradient: Tensor | RankOneGradient) -> None:
        """Add `gradient`, of the value's shape. It may become `grad` itself, so the caller must not use it again."""
        if self.grad is None:
            self._grad = gradient
        else:
            self.grad.add_(gradient.multiplied() if isinstance(gradient, RankOneGradient) else gradient)

    def descend(self, lr: Rate) -> None:
        """Do value -= lr * grad; a RankOneGradient is not multiplied out for it."""
        if isinstance(self._grad, RankOneGradient):
            self._grad.subtract_from(self.value, lr)
        elif self._grad is not None:
            gradient, alpha = scaled(self._grad, lr)
            self.value.sub_(gradient, alpha=alpha)

    def clear(self) -> None:
        """Set `grad` to None, and keep its memory for `spare`."""
        if isinstance(self._grad, Tensor):
            self._spare = self._grad
        self._grad = None

    def spare(self) -> Tensor | None:
        """Return the memory of a cleared gradient, if there is some, once: the `out` of the next gradient's product."""
        spare, self._spare = self._spare, None
        return spare

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> None:
        """Move the value, and drop the gradient."""
        self.value = self.value.to(device=device, dtype=dtype)
        self._grad = self._spare = None
