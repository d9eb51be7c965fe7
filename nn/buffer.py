"""A tensor that a layer is made of and no optimiser moves: the running mean of a batch normalisation, a permutation.

The layer that owns it may write into it. It is saved, loaded and moved with the parameters; `parameter` is for what
training moves against a gradient.
"""

import torch
from torch import Tensor


class Buffer:
    """`value`, of any dtype."""

    __slots__ = ("value",)

    def __init__(self, value: Tensor) -> None:
        self.value = value.detach()

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> None:
        """Move the value; `dtype` is for floating numbers, an index stays an index."""
        self.value = self.value.to(device=device, dtype=dtype if self.value.is_floating_point() else None)
