"""Several networks on one input: the columns of a multi-column network (Ciresan et al., 2012)."""

from functools import reduce

import torch
from torch import Tensor

from errors import LayerError
from nn.described import in_a_line
from nn.layers.base import Layer, distinct
from nn.layers.operation import Operation


class Columns(Operation):
    """y = (f_1(t_1(x)), ..., f_k(t_k(x))), concatenated on axis 1: k networks f, each after its own transform t.

    Made by `Columns((f_1, t_1), ..., (f_k, t_k))`. A transform is a layer without parameters or random numbers, such
    as Permute, or None for x as it is.

    In backward each column gets its part of dy; dx is the sum of theirs. Parameters are named by column,
    `0.2.weight`; the transform of column 0 is `transform_0`.
    """

    def __init__(self, *columns: tuple[Layer, Layer | None]) -> None:
        if not columns:
            raise LayerError("Columns: no column was given; pass (network, transform) for each, or (network, None)")
        self.networks = [network for network, _ in columns]
        self.transforms = [transform for _, transform in columns]
        distinct("Columns", list(self.children().values()))
        for transform in filter(None, self.transforms):
            if transform.parameters() or transform.generators():
                raise LayerError(f"Columns: the transform {transform} is not fixed; make it part of its network")

    def __repr__(self) -> str:
        columns = zip(self.networks, self.transforms, strict=True)
        return in_a_line("Columns", [f"{network}" if t is None else f"({network}, {t})" for network, t in columns])

    def children(self) -> dict[str, Layer]:
        """Return the networks, named by their column, and the transforms."""
        networks = {str(i): network for i, network in enumerate(self.networks)}
        return networks | {f"transform_{i}": t for i, t in enumerate(self.transforms) if t is not None}

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, list[int]]:
        seen = [x if t is None else t.forward(x, training) for t in self.transforms]
        ys = [network.forward(s, training) for network, s in zip(self.networks, seen, strict=True)]
        if any(y.shape[:1] + y.shape[2:] != ys[0].shape[:1] + ys[0].shape[2:] for y in ys):
            shapes = ", ".join(str(tuple(y.shape)) for y in ys)
            raise LayerError(f"Columns: outputs of the shapes {shapes} differ in more than axis 1; end with Flatten()")
        return torch.cat(ys, 1), [y.shape[1] for y in ys]

    def _backward(self, dy: Tensor, widths: list[int]) -> Tensor:
        parts = zip(self.networks, self.transforms, torch.split(dy, widths, 1), strict=True)
        dseen = [(t, network.backward(part)) for network, t, part in parts]
        return reduce(torch.add, [d if t is None else t.backward(d) for t, d in dseen])

    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of every column's parameters."""
        _, widths = self._recall(dy)
        for network, part in zip(self.networks, torch.split(dy.detach(), widths, 1), strict=True):
            network.backward_parameters(part)
