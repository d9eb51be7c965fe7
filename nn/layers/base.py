"""The contract every layer keeps. Layers, containers and the loop meet here and nowhere else.

`operation.py` enforces the contract for a layer given by its equations; `sequential.py` is a layer made of
layers. A new kind of layer is a new file beside them and a row in the table of `tests/nn/layers/test_layers.py`;
this file changes only if the contract does.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Self, TypeVar

import torch
from torch import Generator, Tensor

from nn.buffer import Buffer
from nn.checks import same_names
from nn.parameter import Parameter

Owned = TypeVar("Owned")


class Layer(ABC):
    """A function y = f(x; parameters) that can be differentiated.

    - The first axis of x and y is the batch, N: (N, features), images (N, C, H, W). Any floating dtype, any
      device; x is never changed, y may be a view of it.
    - `forward(x, training=True)` keeps what `backward` reads and nothing else. `forward(x)` evaluates, and
      keeps nothing.
    - `backward(dy)` takes dL/dy, of y's shape, and returns dL/dx, of x's shape. It uses up what `forward`
      kept: one forward, one backward.
    - On its way `backward` *adds* dL/dp to the gradient of every parameter p; only `Optimiser.zero()` clears
      gradients.
    - Beside x, y depends on parameters, which an optimiser moves, and on buffers, which a training forward may
      move; together they are `state()`, which checkpoints carry. A training forward may draw from generators.
    - Another shape than these, or `backward` without a training forward before it, raises LayerError with the
      layer's name and both shapes.
    """

    @abstractmethod
    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Return y."""

    @abstractmethod
    def backward(self, dy: Tensor) -> Tensor:
        """Add the gradients of the parameters; return dx."""

    @abstractmethod
    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of the parameters, without dx: for the bottom of a network, where nobody reads it."""

    def own_parameters(self) -> dict[str, Parameter]:
        """Return the parameters of this very layer, by name."""
        return {}

    def own_buffers(self) -> dict[str, Buffer]:
        """Return the buffers of this very layer, by name: its tensors that are saved, but that no optimiser moves."""
        return {}

    def own_generators(self) -> dict[str, Generator]:
        """Return the generators this very layer draws from in training, by name."""
        return {}

    def children(self) -> dict[str, "Layer"]:
        """Return the layers this one is made of, by name; none unless it is a container."""
        return {}

    def parameters(self) -> dict[str, Parameter]:
        """Return all parameters, those of the layers inside under dotted names: `0.weight`."""
        return self._all(lambda layer: layer.own_parameters())

    def buffers(self) -> dict[str, Buffer]:
        """Return all buffers, named as the parameters are. Optimisers never see them."""
        return self._all(lambda layer: layer.own_buffers())

    def generators(self) -> dict[str, Generator]:
        """Return all generators, named as the parameters are. Their states are part of a training's state."""
        return self._all(lambda layer: layer.own_generators())

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Self:
        """Move the parameters and buffers and drop the gradients; make the optimiser afterwards. Generators stay."""
        for parameter in self.parameters().values():
            parameter.to(device, dtype)
        for buffer in self.buffers().values():
            buffer.to(device, dtype)
        return self

    def state(self) -> dict[str, Tensor]:
        """Return the values of the parameters and buffers, not copied: all that makes y what it is."""
        parameters = {name: parameter.value for name, parameter in self.parameters().items()}
        return parameters | {name: buffer.value for name, buffer in self.buffers().items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Copy saved values in. Raises RunError, and changes nothing, unless names and shapes are the same."""
        own = self.state()
        same_names("parameters", state, own)
        for name, value in own.items():
            value.copy_(state[name])

    def _all(self, own: Callable[["Layer"], dict[str, Owned]]) -> dict[str, Owned]:
        """Return what `own` gives for this layer and, under dotted names, for those inside."""
        inside = {f"{name}.{key}": it for name, child in self.children().items() for key, it in child._all(own).items()}
        return own(self) | inside
