"""Checks that several files of `nn` share. Each raises in one line: which object, what was expected, what came."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor

from errors import LayerError, RunError


class Form(NamedTuple):
    """Shape, dtype and device of a tensor: what is left to compare with when the tensor itself is not kept."""

    shape: torch.Size
    dtype: torch.dtype
    device: torch.device

    @classmethod
    def of(cls, tensor: Tensor) -> Self:
        """Return those of a tensor."""
        return cls(tensor.shape, tensor.dtype, tensor.device)


class Typed(Protocol):
    """A tensor, or what stands for one."""

    @property
    def dtype(self) -> torch.dtype:
        """Its numbers' type."""

    @property
    def device(self) -> torch.device:
        """Where it is."""


def at_least(owner: object, name: str, value: float, least: float) -> None:
    """Raise LayerError for a number below `least`."""
    if not value >= least:
        raise LayerError(f"{owner}: {name} must be at least {least}, got {value}")


def fraction(owner: object, name: str, value: float) -> None:
    """Raise LayerError for a number outside [0, 1)."""
    if not 0 <= value < 1:
        raise LayerError(f"{owner}: {name} must be in [0, 1), got {value}")


def one_of(owner: object, name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise LayerError for a word that is not one of `choices`."""
    if value not in choices:
        raise LayerError(f"{owner}: {name} must be one of {', '.join(choices)}, got {value}")


def images(owner: object, x: Tensor, channels: int | None = None) -> None:
    """Raise LayerError unless x is (N, C, H, W), with C = `channels` if given."""
    if x.ndim != 4 or channels not in (None, x.shape[1]):
        raise LayerError(f"{owner}: x has the shape {tuple(x.shape)}, expected (N, {channels or 'C'}, H, W)")


def sample_size(owner: object, x: Tensor, numbers: int) -> None:
    """Raise LayerError unless each sample of x (N, ...) has so many numbers."""
    if x.shape[1:].numel() != numbers:
        raise LayerError(f"{owner}: x has the shape {tuple(x.shape)}, expected {numbers} numbers a sample")


def same_shape(owner: object, name: str, got: torch.Size, expected: torch.Size) -> None:
    """Raise LayerError for a tensor of another shape."""
    if got != expected:
        raise LayerError(f"{owner}: {name} has the shape {tuple(got)}, expected {tuple(expected)}")


def is_tensor(owner: object, name: str, got: object) -> None:
    """Raise LayerError for what is no tensor."""
    if not isinstance(got, Tensor):
        raise LayerError(
            f"{owner}: {name} is of the type {type(got).__name__}, expected a tensor: torch.as_tensor({name})"
        )


def floating(owner: object, name: str, got: Tensor) -> None:
    """Raise LayerError for what is no tensor of floating numbers."""
    is_tensor(owner, name, got)
    if not got.is_floating_point():
        raise LayerError(f"{owner}: {name} is {got.dtype}, expected a floating dtype: {name}.float()")


def same_type(owner: object, name: str, got: Typed, other: str, expected: Typed, moves: str = "layer") -> None:
    """Raise LayerError for a tensor of another dtype than `other` has, or on another device.

    `moves` is what else has a method `to`.
    """
    if got.dtype != expected.dtype:
        raise LayerError(
            f"{owner}: {name} is {got.dtype}, {other} {expected.dtype}; "
            f"convert one: {name}.to(dtype) or {moves}.to(dtype=...)"
        )
    same_device(owner, name, got, other, expected, moves)


def same_device(owner: object, name: str, got: Typed, other: str, expected: Typed, moves: str = "layer") -> None:
    """Raise LayerError for a tensor on another device than `other`; `moves` as in `same_type`."""
    if got.device != expected.device:
        raise LayerError(
            f"{owner}: {name} is on {got.device}, {other} on {expected.device}; "
            f"move one: {name}.to(device) or {moves}.to(device)"
        )


def same_names(owner: str, got: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raise RunError for saved tensors whose names or shapes are not those of `expected`."""
    for name in sorted(got.keys() ^ expected.keys()):
        where = "is missing" if name in expected else "is not known here"
        raise RunError(f"the saved {owner} do not fit this network: {name} {where}")
    for name, tensor in expected.items():
        if got[name].shape != tensor.shape:
            shapes = f"{tuple(got[name].shape)}, expected {tuple(tensor.shape)}"
            raise RunError(f"the saved {owner} do not fit this network: {name} has the shape {shapes}")
