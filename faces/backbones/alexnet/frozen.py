"""What a frozen network is made of, wherever it comes from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from faces.backbones.alexnet.architecture import Architecture, Preprocessing

Convolutions = tuple[tuple[Tensor, Tensor], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """The numbers of five convolutions, with all that is needed to use them and to tell them from others."""

    source: str  # "imagenet", "random", or the name of a file
    sha256: str  # of the file's bytes, or of the numbers where there is no file; 64 hexadecimal digits
    architecture: Architecture
    preprocessing: Preprocessing
    convolutions: Convolutions  # (weight, bias) of conv1 to conv5, float32, on the CPU


def digest(convolutions: Sequence[tuple[Tensor, Tensor]]) -> str:
    """Return the SHA-256 of the numbers, in order, as they lie in memory."""
    sha256 = hashlib.sha256()
    for weight, bias in convolutions:
        sha256.update(weight.contiguous().numpy().tobytes())
        sha256.update(bias.contiguous().numpy().tobytes())
    return sha256.hexdigest()
