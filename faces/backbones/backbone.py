"""What a frozen network promises to those who compute, keep and train on its features. A further one is a subclass."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from faces.backbones.precision import Precision

Crops = Tensor | NDArray[np.uint8]


class FrozenNetwork(Protocol):
    """A network ready to compute on one device."""

    size: int
    """Side of the crops that it takes, in pixels."""
    device: torch.device

    def __call__(self, crops: Crops) -> Tensor:
        """Crops (N, 3, size, size), uint8 RGB in 0..255 -> features (N, numbers), float32, on `device`."""

    def both_ways(self, crops: Crops) -> Tensor:
        """Return the features of each crop and of its mirror image, left and right exchanged: (N, 2, numbers)."""


class Backbone(ABC):
    """A frozen network with its weights: crops in, features out."""

    size: int
    """Side of the crops that it takes, in pixels."""
    numbers: int
    """Of a photo's features."""
    sha256: str
    """Of its weights, 64 hexadecimal digits."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that decides the features of a crop, but for the precision they are computed in."""

    @abstractmethod
    def network(self, *, device: str = "cpu", precision: Precision | None = None, batch_size: int = 1) -> FrozenNetwork:
        """Return the network, ready to compute. `precision` None is what the device does best; `batch_size` is the
        most crops that will come at once: many may be computed another way than few, to the same numbers but for
        rounding. UsageError for crops of a size that it does not take."""

    @abstractmethod
    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of the first convolution as RGB pictures (height, width, 3)."""
