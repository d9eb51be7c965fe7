"""`load_weights`: the weights that `--weights` names.

`weight_files` reads a file, `imagenet` has torchvision's own; the untrained weights are made here.
"""

from collections.abc import Callable
from pathlib import Path

import torch

from faces.backbones.alexnet.architecture import ORIGINAL
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.imagenet import imagenet_weights
from faces.backbones.alexnet.weight_files import read_weights
from faces.backbones.torchvision_weights import IMAGENET, RANDOM
from faces.backbones.weight_files import digest
from nn.initialisers import he, zeros

__all__ = ["IMAGENET", "RANDOM", "Weights", "load_weights", "random_weights"]


def load_weights(spec: str, accept: Callable[[str], None] = lambda sha256: None) -> Weights:
    """Return the weights that `--weights` names: "imagenet", "random", or a .pth, .pt, .safetensors or .npz file.

    imagenet is torchvision's alexnet with AlexNet_Weights.IMAGENET1K_V1, downloaded once into the folder that
    TORCH_HOME names. A file may hold either architecture: a state dict of torchvision's alexnet, or the original's
    arrays. `accept` is called with the SHA-256 before a file is read as weights. Raises RunError when there are no such
    weights, UsageError when torchvision is needed and cannot be used.
    """
    if spec == RANDOM:
        weights = random_weights()
        accept(weights.sha256)
        return weights
    return imagenet_weights(accept) if spec == IMAGENET else read_weights(Path(spec), accept=accept)


def random_weights(seed: int = 0) -> Weights:
    """Return the original network untrained, as a baseline: He's initialisation from the seed, biases 0."""
    generator = torch.Generator().manual_seed(seed)
    convolutions = tuple(
        (
            he(stage.weight_shape, generator, torch.float32, "cpu"),
            zeros((stage.outputs,), generator, torch.float32, "cpu"),
        )
        for stage in ORIGINAL.stages
    )
    return Weights(
        source=RANDOM,
        sha256=digest(tensor for convolution in convolutions for tensor in convolution),
        architecture=ORIGINAL,
        preprocessing=ORIGINAL.preprocessing,
        convolutions=convolutions,
    )
