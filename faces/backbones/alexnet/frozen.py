"""The weights of a frozen network, and their checksum."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from faces.backbones.alexnet.architecture import Architecture, Preprocessing

Convolutions = tuple[tuple[Tensor, Tensor], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """The weights of five convolutions, their architecture and preprocessing, and where they are from."""

    source: str  # "imagenet", "random", or the name of a file
    sha256: str  # of the file, or of the numbers if there is no file; 64 hexadecimal digits
    architecture: Architecture
    preprocessing: Preprocessing
    convolutions: Convolutions  # (weight, bias) of conv1 to conv5, float32, on the CPU


def digest(convolutions: Sequence[tuple[Tensor, Tensor]]) -> str:
    """Return the SHA-256 of all weights and biases, in order, as bytes of float32."""
    sha256 = hashlib.sha256()
    for weight, bias in convolutions:
        sha256.update(weight.contiguous().numpy().tobytes())
        sha256.update(bias.contiguous().numpy().tobytes())
    return sha256.hexdigest()
