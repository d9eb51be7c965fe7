"""The interface of a frozen network: a further network is a subclass of `Backbone`, and one of `FrozenNetwork`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from errors import LayerError
from faces.backbones.precision import Precision, choose_precision
from nn.tracing import is_traced

Crops = Tensor | NDArray[np.uint8]
_AT_A_TIME = 16  # crops in `in_pieces`


class FrozenNetwork(ABC):
    """A network ready to compute on one device. `precision` None: the one that the device computes faster."""

    def __init__(self, name: str, size: int, device: str, precision: Precision | None) -> None:
        self.name, self.size = name, size  # the name for messages, the side of its crops in pixels
        self.device = torch.device(device)
        self.precision = precision or choose_precision(self.device.type)

    def __call__(self, crops: Crops) -> Tensor:
        """Crops (N, 3, size, size), uint8 RGB in 0..255 -> features (N, numbers), float32, on `device`."""
        return self._ordinary(self._pixels(crops))

    def both_ways(self, crops: Crops) -> Tensor:
        """Return the features of each crop and of its mirror image, left and right exchanged: (N, 2, numbers)."""
        pixels = self._pixels(crops)
        return torch.stack([self._ordinary(pixels), self._ordinary(pixels.flip(3))], 1)

    @abstractmethod
    def _features(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, size, size), uint8 on `device` -> features (N, numbers); called in inference mode."""

    def _pixels(self, crops: Crops) -> Tensor:
        pixels = torch.as_tensor(crops)
        expected = (3, self.size, self.size)
        if pixels.dtype != torch.uint8 or pixels.shape[1:] != expected:
            got = f"{pixels.dtype} {tuple(pixels.shape)}"
            raise LayerError(f"{self.name}: crops are {got}, expected torch.uint8 (N, {', '.join(map(str, expected))})")
        return pixels.to(self.device, non_blocking=True)

    def _ordinary(self, pixels: Tensor) -> Tensor:
        """Return the features as an ordinary tensor, which may be written to."""
        with torch.inference_mode():
            features = self._features(pixels)
        return features.float().clone()


def pieces(x: Tensor, at_a_time: int) -> Sequence[Tensor]:
    """Return x (N, ...) cut into pieces; whole for a tracer, which would record how many there were."""
    return [x] if is_traced() else torch.split(x, at_a_time)


def in_pieces(compute: Callable[[Tensor], Tensor], pixels: Tensor) -> Tensor:
    """Return `compute(pixels)`; on a processor a few crops at a time, so that their maps stay in its cache."""
    return torch.cat([compute(piece) for piece in pieces(pixels, _AT_A_TIME)]) if pixels.is_cpu else compute(pixels)


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


def filter_pictures(kernels: Tensor) -> list[NDArray[np.uint8]]:
    """Return the kernels of RGB filters (filters, 3, h, w) as pictures (h, w, 3); each uses the whole range of grey."""
    numbers = kernels.permute(0, 2, 3, 1).float().cpu().numpy()
    largest = np.abs(numbers).max((1, 2, 3), keepdims=True)
    return list((127.5 + 127.5 * numbers / np.maximum(largest, 1e-12)).astype(np.uint8))


def absolute(weights: str) -> str:
    """Return `weights` with a file as its absolute path, so that it is found from any folder."""
    return str(Path(weights).resolve()) if Path(weights).is_file() else weights
