"""A tensor of a layer that no optimiser moves: the running mean of a batch normalisation, a permutation.

The layer may write into it. It is saved, loaded and moved with the parameters.
"""

import torch
from torch import Tensor

from nn.described import form


class Buffer:
    """`value`, of any dtype."""

    __slots__ = ("value",)

    def __init__(self, value: Tensor) -> None:
        self.value = value.detach()

    def __repr__(self) -> str:
        return f"Buffer({form(self.value)})"

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> None:
        """Move the value; `dtype` is for floating numbers, integers keep theirs."""
        self.value = self.value.to(device=device, dtype=dtype if self.value.is_floating_point() else None)
