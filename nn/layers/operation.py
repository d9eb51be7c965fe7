"""A layer given by its equations, and the checks that all such layers share.

The equations take tensors and return tensors. What must be kept between `forward` and `backward` is kept here.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor

from errors import LayerError
from nn.checks import Form, floating, same_shape, same_type
from nn.kernels import RankOneGradient
from nn.layers.base import Layer
from nn.parameter import Parameter


class Operation(Layer):
    """A layer of three equations: `_forward`, `_backward` and, with parameters, `_gradients`.

    A layer gives `kept` a name of its own: `return y, x`, and below `_backward(self, dy, x)`.
    """

    _kept: tuple[Form, Form, Any] | None = None  # of x, of y, and what `_forward` returned

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
        floating(self, "x", x)
        x = x.detach()  # a caller's tensor may require grad
        y, kept = self._forward(x, training)
        self._kept = (Form.of(x), Form.of(y), kept) if training else None
        return y

    def backward(self, dy: Tensor) -> Tensor:
        """Add the gradients of the parameters; return dx."""
        x, kept = self._recall(dy)
        dy = dy.detach()
        self._accumulate(dy, kept)
        dx = self._backward(dy, kept)
        same_shape(self, "dx", dx.shape, x.shape)
        same_type(self, "dx", dx, "x", x)
        return dx

    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of the parameters."""
        _, kept = self._recall(dy)
        self._accumulate(dy.detach(), kept)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Self:
        """Move the parameters and buffers; drop the gradients, and what `forward` kept."""
        self._kept = None
        return super().to(device, dtype)

    def _recall(self, dy: Tensor) -> tuple[Form, Any]:
        """Return the form of x and `kept`, once, for a dy of the right shape, dtype and device."""
        floating(self, "dy", dy)
        if self._kept is None:
            raise LayerError(
                f"{self}: backward(dy of the shape {tuple(dy.shape)}) has no y to belong to: "
                "each backward needs a forward(x, training=True) of its own before it"
            )
        x, y, kept = self._kept
        same_shape(self, "dy", dy.shape, y.shape)
        same_type(self, "dy", dy, "y", y)
        self._kept = None
        return x, kept

    def _accumulate(self, dy: Tensor, kept: Any) -> None:
        """Add each gradient to its parameter's."""
        for name, gradient in self._gradients(dy, kept).items():
            parameter: Parameter = getattr(self, name)
            same_shape(self, f"the gradient of {name}", gradient.shape, parameter.value.shape)
            same_type(self, f"the gradient of {name}", gradient, name, parameter.value)
            parameter.accumulate(gradient)
