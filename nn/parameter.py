"""A tensor that training changes, and its gradient.

Layers own parameters and add to their gradients; an optimiser reads the gradients, changes the values and clears.
Nothing else belongs here: what a parameter starts from is in `initialisers`, how it moves in `optimisers/`.
"""

import torch
from torch import Tensor


class Parameter:
    """`value`, and `grad` = dL/dvalue: None, or a tensor of the value's shape, dtype and device.

    The contract of the gradient: `backward` *adds* to one that is there and creates one that is not, so that several
    backward passes before a step sum up. `Optimiser.zero()` is the one place that clears it, to None.

    A cleared gradient's memory is kept, and the next one may be written into it: asking the system for megabytes in
    every step costs more than filling them (1024-300-6, batch 64: 3.0 ms a step instead of 1.4). To keep a gradient
    beyond `zero()`, clone it.
    """

    __slots__ = ("_spare", "grad", "value")

    def __init__(self, value: Tensor) -> None:
        self.value = value.detach()
        self.grad: Tensor | None = None
        self._spare: Tensor | None = None

    def accumulate(self, gradient: Tensor) -> None:
        """Add `gradient`, a tensor of the value's shape that nobody else holds: it may become `grad` itself."""
        if self.grad is None:
            self.grad = gradient
        else:
            self.grad.add_(gradient)

    def clear(self) -> None:
        """Set `grad` to None and put its memory aside."""
        self.grad, self._spare = None, self.grad

    def spare(self) -> Tensor | None:
        """Hand out the memory put aside, once, if there is some: the `out` of the operation that makes a gradient."""
        spare, self._spare = self._spare, None
        return spare

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> None:
        """Move the value; the gradient, which belonged to the old one, is dropped."""
        self.value = self.value.to(device=device, dtype=dtype)
        self.grad = self._spare = None
