"""The contract of every layer. `operation.py` checks it for a layer given by its equations.

A new kind of layer is a new file beside this one and a row in the table of `tests/nn/layers/test_layers.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.buffer import Buffer
from nn.checks import same_names
from nn.described import described
from nn.generators import generator_on
from nn.parameter import Parameter

Owned = TypeVar("Owned", Parameter, Buffer, Generator)


class Layer(ABC):
    """A function y = f(x; parameters) that can be differentiated.

    - The first axis of x and y is the batch, N: (N, features), images (N, C, H, W). Any floating dtype, any
      device; x is never changed, y may be a view of it.
    - `forward(x, training=True)` keeps what `backward` reads and nothing else. `forward(x)` evaluates, and
      keeps nothing. `layer(x)` is short for `layer.forward(x)`.
    - `backward(dy)` takes dL/dy, of y's shape and dtype, and returns dL/dx, of x's shape. It uses up what
      `forward` kept: one forward, one backward.
    - `backward` *adds* dL/dp to the gradient of every parameter p; only `Optimiser.zero()` clears gradients.
    - A layer's attributes of the types Parameter, Buffer and Generator are found by themselves, under their
      names. An optimiser moves parameters, a training forward may change buffers and draw from generators.
      Parameters and buffers together are `state()`, which checkpoints hold.
    - Another shape, dtype or device, or `backward` without a training forward before it, raises LayerError, which
      names the layer, and what was expected.
    """

    def __repr__(self) -> str:
        return described(self)

    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        """Return y: short for `forward`."""
        return self.forward(x, training)

    @abstractmethod
    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Return y."""

    @abstractmethod
    def backward(self, dy: Tensor) -> Tensor:
        """Add the gradients of the parameters; return dx."""

    @abstractmethod
    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of the parameters, without computing dx: for the first layer of a network."""

    def children(self) -> dict[str, "Layer"]:
        """Return the layers this one is made of, by name; none unless it is a container."""
        return {}

    def parameters(self) -> dict[str, Parameter]:
        """Return all parameters, those of the layers inside under dotted names: `0.weight`."""
        return self._all(Parameter)

    def buffers(self) -> dict[str, Buffer]:
        """Return all buffers, named as the parameters are. Optimisers never see them."""
        return self._all(Buffer)

    def generators(self) -> dict[str, Generator]:
        """Return all generators, named as the parameters are. Their states are part of a training's state."""
        return self._all(Generator)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Self:
        """Move the parameters and buffers; drop the gradients, and what `forward` kept. Make the optimiser afterwards.

        Generators on another kind of device are replaced by new ones, with the same seeds and other numbers: one for
        each, which those who shared it share.
        """
        if device is not None:
            self._draw_on(torch.device(device), {})
        for own in vars(self).values():
            if isinstance(own, Parameter | Buffer):
                own.to(device, dtype)
        for child in self.children().values():
            child.to(device, dtype)
        return self

    def state(self) -> dict[str, Tensor]:
        """Return the values of the parameters and buffers, not copied."""
        parameters = {name: parameter.value for name, parameter in self.parameters().items()}
        return parameters | {name: buffer.value for name, buffer in self.buffers().items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Copy saved values in. Raises RunError, and changes nothing, unless names and shapes are the same."""
        own = self.state()
        same_names("parameters", state, own)
        for name, value in own.items():
            value.copy_(state[name])

    def _draw_on(self, device: torch.device, moved: dict[Generator, Generator]) -> None:
        """Replace the generators, of this layer and those inside; `moved` has the new one of each that is replaced."""
        for name, own in list(vars(self).items()):
            if isinstance(own, Generator):
                if own not in moved:
                    moved[own] = generator_on(device, own)
                setattr(self, name, moved[own])
        for child in self.children().values():
            child._draw_on(device, moved)

    def _all(self, kind: type[Owned]) -> dict[str, Owned]:
        """Return the attributes of a type, of this layer and, under dotted names, of those inside."""
        own: dict[str, Any] = {name: value for name, value in vars(self).items() if isinstance(value, kind)}
        for name, child in self.children().items():
            own |= {f"{name}.{key}": value for key, value in child._all(kind).items()}
        return own


def distinct(owner: str, layers: Sequence[Layer]) -> None:
    """Raise LayerError for a layer given twice: it can keep only one forward."""
    if len(set(map(id, layers))) < len(layers):
        raise LayerError(
            f"{owner}: one layer stands at two places, but can keep only one forward; make a layer for each"
        )
