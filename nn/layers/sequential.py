"""Layers one after another."""

from torch import Tensor

from nn.layers.base import Layer, distinct


class Sequential(Layer):
    """y = f_k(... f_2(f_1(x))). Parameters are named by position: `0.weight`, `2.bias`.

    `repr` leaves out the middle of a long network; `layers` and `parameters()` show all of it.
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = layers
        distinct("Sequential", layers)
        self._lowest = next((i for i, layer in enumerate(layers) if layer.parameters()), None)

    def children(self) -> dict[str, Layer]:
        """Return the layers, named by their position."""
        return {str(i): layer for i, layer in enumerate(self.layers)}

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """Return y."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, dy: Tensor) -> Tensor:
        """Add the gradients of the parameters; return dx."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of the parameters, down to the lowest layer that has parameters."""
        if self._lowest is None:
            return
        for layer in reversed(self.layers[self._lowest + 1 :]):
            dy = layer.backward(dy)
        self.layers[self._lowest].backward_parameters(dy)
