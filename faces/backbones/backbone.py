"""The interface of a frozen network: a further network is a subclass of `Backbone`."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from faces.backbones.precision import Precision

Crops = Tensor | NDArray[np.uint8]


class FrozenNetwork(Protocol):
    """A network ready to compute on one device."""

    size: int
    """Side of its crops, in pixels."""
    device: torch.device

    def __call__(self, crops: Crops) -> Tensor:
        """Crops (N, 3, size, size), uint8 RGB in 0..255 -> features (N, numbers), float32, on `device`."""

    def both_ways(self, crops: Crops) -> Tensor:
        """Return the features of each crop and of its mirror image, left and right exchanged: (N, 2, numbers)."""


class Backbone(ABC):
    """A frozen network with its weights: crops in, features out."""

    name: str
    """As `--model` names it."""
    size: int
    """Side of its crops, in pixels."""
    channels: ClassVar[int] = 3
    """Of its crops: RGB."""
    numbers: int
    """How many numbers the features of a crop are."""
    source: str
    """What `--weights` takes to load the same weights again, from any folder."""
    sha256: str
    """SHA-256 of its weights, 64 hexadecimal digits."""
    margin: float
    """What an aligned crop shows around the face on each side, as a share of the face's side."""
    has_roots: bool
    """Whether no feature is below 0, so that square roots can keep the few strongest from deciding alone."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that decides the features of a crop, except the precision."""

    @abstractmethod
    def network(self, *, device: str = "cpu", precision: Precision | None = None, batch_size: int = 1) -> FrozenNetwork:
        """Return the network, ready to compute on `device`.

        `precision` None: the one that the device computes faster. `batch_size` is the largest number of crops in a
        call; large and small batches may be computed by different algorithms, whose results differ by rounding. Raises
        UsageError when the network does not take crops of `size`.
        """

    @abstractmethod
    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of the first convolution as RGB pictures (height, width, 3)."""
