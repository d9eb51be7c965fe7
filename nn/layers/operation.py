"""A layer given by its equations: what each file beside this one fills in, and the checks they all share.

The equations are pure - they take tensors and return tensors. What a layer must remember between `forward`
and `backward` is remembered here, once, and so is the contract of `base.py`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from errors import LayerError
from nn.checks import same_shape
from nn.kernels.products import RankOneGradient
from nn.layers.base import Layer


class Operation(Layer):
    """A layer of three equations: `_forward`, `_backward` and, with parameters, `_gradients`.

    A layer gives its `kept` a name and takes it back under it: `return y, x`, and below `_backward(self, dy, x)`.
    """

    _kept: tuple[torch.Size, torch.Size, Any] | None = None

    @abstractmethod
    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Any]:
        """Return y, and what the other two equations read: `kept`, dropped again when not `training`."""

    @abstractmethod
    def _backward(self, dy: Tensor, kept: Any) -> Tensor:
        """Return dx."""

    def _gradients(self, dy: Tensor, kept: Any) -> Mapping[str, Tensor | RankOneGradient]:
        """Return dL/dp by the parameter's own name, each a fresh tensor or the parameter's `spare()`."""
        return {}

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Return y."""
        x = x.detach()  # a caller's tensor may require grad; nothing here records a graph
        y, kept = self._forward(x, training)
        self._kept = (x.shape, y.shape, kept) if training else None
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
        """Give out what `forward` kept, once, for a dy of the right shape."""
        if self._kept is None:
            raise LayerError(
                f"{self}: backward(dy of the shape {tuple(dy.shape)}) has no y to belong to: "
                "each backward needs a forward(x, training=True) of its own before it"
            )
        x_shape, y_shape, kept = self._kept
        same_shape(self, "dy", dy.shape, y_shape)
        self._kept = None
        return x_shape, kept

    def _accumulate(self, dy: Tensor, kept: Any) -> None:
        """Add each gradient to its parameter's."""
        parameters = self.own_parameters()
        for name, gradient in self._gradients(dy, kept).items():
            same_shape(self, f"the gradient of {name}", gradient.shape, parameters[name].value.shape)
            parameters[name].accumulate(gradient)
