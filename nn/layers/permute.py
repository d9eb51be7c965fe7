"""A fixed reordering of the features: of pixels, for a column of a multi-column network."""

import torch
from torch import Tensor

from errors import LayerError
from nn.buffer import Buffer
from nn.checks import same_device, sample_size
from nn.layers.operation import Operation


class Permute(Operation):
    """y_i = x_permutation(i), over the flattened features of each sample; y has x's shape: (N, C, H, W), any other.

    dx_permutation(i) = dy_i: the inverse permutation, without building it. The permutation (features,) is saved with
    the parameters, which are of no use with another.
    """

    def __init__(self, permutation: Tensor) -> None:
        numbers = torch.arange(permutation.numel(), device=permutation.device)
        if permutation.ndim != 1 or permutation.is_floating_point() or not torch.equal(permutation.sort()[0], numbers):
            raise LayerError(
                f"Permute: expected each of 0 ... features - 1 once, as torch.randperm gives them, got {permutation}"
            )
        self.permutation = Buffer(permutation)

    def __repr__(self) -> str:
        return f"Permute({len(self.permutation.value)})"

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, torch.Size]:
        permutation = self.permutation.value
        sample_size(self, x, len(permutation))
        same_device(self, "x", x, "the permutation", permutation)
        y = x.flatten(1).index_select(1, permutation).view(x.shape)
        return y, x.shape

    def _backward(self, dy: Tensor, x_shape: torch.Size) -> Tensor:
        dx = dy.new_empty(len(dy), len(self.permutation.value))
        return dx.index_copy_(1, self.permutation.value, dy.flatten(1)).view(x_shape)
