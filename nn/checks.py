"""The sentences in which `nn` refuses: small checks that several of its files share.

Each raises an error of `errors`, in one line: who refuses, what was expected, what came. A check used by one
file stays there.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from errors import LayerError, RunError


def at_least(owner: object, name: str, value: float, least: float) -> None:
    """Refuse a number below `least`."""
    if not value >= least:
        raise LayerError(f"{owner}: {name} must be at least {least}, got {value}")


def fraction(owner: object, name: str, value: float) -> None:
    """Refuse a number outside [0, 1)."""
    if not 0 <= value < 1:
        raise LayerError(f"{owner}: {name} must be in [0, 1), got {value}")


def one_of(owner: object, name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is not one of `choices`."""
    if value not in choices:
        raise LayerError(f"{owner}: {name} must be one of {', '.join(choices)}, got {value}")


def same_shape(owner: object, name: str, got: torch.Size, expected: torch.Size) -> None:
    """Refuse a tensor of another shape."""
    if got != expected:
        raise LayerError(f"{owner}: {name} has the shape {tuple(got)}, expected {tuple(expected)}")


def same_dtype(owner: object, x: Tensor, w: Tensor) -> None:
    """Refuse an input of another dtype than the weights."""
    if x.dtype != w.dtype:
        raise LayerError(
            f"{owner}: x is {x.dtype}, the weights {w.dtype}; convert one: x.to(dtype) or layer.to(dtype=...)"
        )


def same_names(owner: str, got: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse saved tensors whose names or shapes are not those of `expected`."""
    for name in sorted(got.keys() ^ expected.keys()):
        where = "is missing" if name in expected else "is not known here"
        raise RunError(f"the saved {owner} do not fit this network: {name} {where}")
    for name, tensor in expected.items():
        if got[name].shape != tensor.shape:
            shapes = f"{tuple(got[name].shape)}, expected {tuple(tensor.shape)}"
            raise RunError(f"the saved {owner} do not fit this network: {name} has the shape {shapes}")
