"""A layer given by its equations, and the checks that all such layers share.

The equations take tensors and return tensors. What must be kept between `forward` and `backward` is kept here.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from errors import LayerError
from nn.checks import same_dtype, same_shape
from nn.kernels import RankOneGradient
from nn.layers.base import Layer
from nn.parameter import Parameter


class Operation(Layer):
    """A layer of three equations: `_forward`, `_backward` and, with parameters, `_gradients`.

    A layer gives `kept` a name of its own: `return y, x`, and below `_backward(self, dy, x)`.
    """

    _kept: tuple[torch.Size, torch.Size, torch.dtype, Any] | None = None

    @abstractmethod
    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Any]:
        """Return y, and what the other two equations read, `kept`; it is dropped when not `training`."""

    @abstractmethod
    def _backward(self, dy: Tensor, kept: Any) -> Tensor:
        """Return dx."""

    def _gradients(self, dy: Tensor, kept: Any) -> Mapping[str, Tensor | RankOneGradient]:
        """Return dL/dp by the parameter's name, each a new tensor or written into the parameter's `spare()`."""
        return {}

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Return y."""
        x = x.detach()  # a caller's tensor may require grad
        y, kept = self._forward(x, training)
        self._kept = (x.shape, y.shape, y.dtype, kept) if training else None
        return y

    def backward(self, dy: Tensor) -> Tensor:
        """Add the gradients of the parameters; return dx."""
        x_shape, kept = self._recall(dy)
        dy = dy.detach()
        self._accumulate(dy, kept)
        dx = self._backward(dy, kept)
        same_shape(self, "dx", dx.shape, x_shape)
        return dx

    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of the parameters."""
        _, kept = self._recall(dy)
        self._accumulate(dy.detach(), kept)

    def _recall(self, dy: Tensor) -> tuple[torch.Size, Any]:
        """Return x's shape and `kept`, once, for a dy of the right shape and dtype."""
        if self._kept is None:
            raise LayerError(
                f"{self}: backward(dy of the shape {tuple(dy.shape)}) has no y to belong to: "
                "each backward needs a forward(x, training=True) of its own before it"
            )
        x_shape, y_shape, y_dtype, kept = self._kept
        same_shape(self, "dy", dy.shape, y_shape)
        same_dtype(self, "dy", dy.dtype, "y", y_dtype)
        self._kept = None
        return x_shape, kept

    def _accumulate(self, dy: Tensor, kept: Any) -> None:
        """Add each gradient to its parameter's."""
        for name, gradient in self._gradients(dy, kept).items():
            parameter: Parameter = getattr(self, name)
            same_shape(self, f"the gradient of {name}", gradient.shape, parameter.value.shape)
            parameter.accumulate(gradient)
