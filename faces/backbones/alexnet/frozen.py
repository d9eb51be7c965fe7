"""The weights of a frozen network."""

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
