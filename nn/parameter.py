"""A tensor that training changes, and its gradient.

Layers own parameters and add to their gradients; an optimiser reads the gradients, changes the values and clears.
Nothing else belongs here: what a parameter starts from is in `initialisers`, how it moves in `optimisers/`.
"""

import torch
from torch import Tensor

from nn.kernels.products import RankOneGradient


class Parameter:
    """`value`, and `grad` = dL/dvalue: None, or a tensor of the value's shape, dtype and device.

    The contract of the gradient: `backward` *adds* to one that is there and creates one that is not, so that several
    backward passes before a step sum up. `Optimiser.zero()` is the one place that clears it, to None.

    A cleared gradient's memory is kept, and the next one may be written into it: asking the system for megabytes in
    every step costs more than filling them (1024-300-6, batch 64: 3.0 ms a step instead of 1.4). To keep a gradient
    beyond `zero()`, clone it.
    """

    __slots__ = ("_grad", "_spare", "value")

    def __init__(self, value: Tensor) -> None:
        self.value = value.detach()
        self._grad: Tensor | RankOneGradient | None = None
        self._spare: Tensor | None = None

    @property
    def grad(self) -> Tensor | None:
        """The gradient as a tensor; one kept as two factors is multiplied out now."""
        if isinstance(self._grad, RankOneGradient):
            self._grad = self._grad.multiplied(out=self.spare())
        return self._grad

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        self._grad = gradient

    @property
    def has_grad(self) -> bool:
        """Whether there is a gradient."""
        return self._grad is not None

    def accumulate(self, gradient: Tensor | RankOneGradient) -> None:
        """Add `gradient`, of the value's shape, that nobody else holds: it may become `grad` itself."""
        if self.grad is None:
            self._grad = gradient
        else:
            self.grad.add_(gradient.multiplied() if isinstance(gradient, RankOneGradient) else gradient)

    def descend(self, lr: float) -> None:
        """Do value -= lr * grad; a gradient kept as two factors is not multiplied out for it."""
        if isinstance(self._grad, RankOneGradient):
            self._grad.subtract_from(self.value, lr)
        elif self._grad is not None:
            self.value.sub_(self._grad, alpha=lr)

    def clear(self) -> None:
        """Set `grad` to None and put its memory aside."""
        if isinstance(self._grad, Tensor):
            self._spare = self._grad
        self._grad = None

    def spare(self) -> Tensor | None:
        """Hand out the memory put aside, once, if there is some: the `out` of the operation that makes a gradient."""
        spare, self._spare = self._spare, None
        return spare

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> None:
        """Move the value; the gradient, which belonged to the old one, is dropped."""
        self.value = self.value.to(device=device, dtype=dtype)
        self._grad = self._spare = None
