"""AlexNet up to conv5 as a backbone."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.backbones.alexnet.architecture import FEATURES, SIZE
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.network import Network
from faces.backbones.alexnet.weights import load_weights
from faces.backbones.backbone import Backbone, absolute, filter_pictures
from faces.backbones.precision import Precision


class AlexNet(Backbone):
    """Features: the 256 maps of conv5 after pooling, 6 x 6 each, 9,216 numbers per crop."""

    name = "alexnet"
    numbers = FEATURES
    margin = 0.2
    has_roots = True

    def __init__(self, weights: Weights, *, size: int = SIZE, source: str | None = None) -> None:
        self.weights, self.size, self.sha256 = weights, size, weights.sha256
        self.source = source or weights.source

    def identity(self) -> dict[str, Any]:
        """Return architecture, weights, preprocessing and size, as JSON."""
        return {
            "architecture": self.weights.architecture.name,
            "weights": self.sha256,
            "preprocessing": asdict(self.weights.preprocessing),
            "size": self.size,
        }

    def network(self, *, device: str = "cpu", precision: Precision | None = None, batch_size: int = 1) -> Network:
        """Return the network, ready to compute."""
        return Network(self.weights, size=self.size, device=device, precision=precision, batch_size=batch_size)

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return conv1's filters as RGB pictures (11, 11, 3)."""
        weight, _ = self.weights.convolutions[0]  # (filters, 3, 11, 11)
        return filter_pictures(weight.flip(1) if self.weights.preprocessing.channels == "BGR" else weight)


def load_alexnet(weights: str, *, size: int = SIZE, accept: Callable[[str], None] = lambda sha256: None) -> AlexNet:
    """Return AlexNet with the weights "imagenet", "random" or of a file; `accept` and errors as in `load_weights`."""
    return AlexNet(load_weights(weights, accept), size=size, source=absolute(weights))
