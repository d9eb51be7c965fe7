"""A file of weights -> weights, checked against the architecture that the names in the file tell.

Two sets of names are known: torchvision's, `features.0.weight`, and the original's in 8-bit fixed point,
`conv1_weight_q`. Any other content is an error of one line that names the file.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from errors import RunError
from faces.backbones.alexnet.architecture import ORIGINAL, TORCHVISION, Architecture, Preprocessing
from faces.backbones.alexnet.frozen import Convolutions, Weights
from faces.backbones.weight_files import check_finite, read_tensors

_FEATURES = (0, 3, 6, 8, 10)  # indices of the convolutions in the `features` of torchvision's alexnet
_SUFFIXES = (".pth", ".pt", ".safetensors", ".npz")


def read_weights(
    path: Path,
    *,
    source: str | None = None,
    preprocessing: Preprocessing | None = None,
    accept: Callable[[str], None] = lambda sha256: None,
) -> Weights:
    """Return the weights of a file, with `source` (None: the file's name). RunError when it does not hold any.

    Without `preprocessing` the architecture's own is used, with the file's mean if it has one. `accept` is called with
    the file's SHA-256 before anything else of it is looked at, and raises unless it is the right one.
    """
    sha256, tensors = read_tensors(path, names="imagenet, random", suffixes=_SUFFIXES, accept=accept)
    architecture = ORIGINAL if "conv1_weight_q" in tensors else TORCHVISION
    how, convolutions = (_original if architecture is ORIGINAL else _torchvision)(path, tensors)
    return Weights(
        source=source or path.name,
        sha256=sha256,
        architecture=architecture,
        preprocessing=preprocessing or how,
        convolutions=convolutions,
    )


def _torchvision(path: Path, tensors: Mapping[str, Tensor]) -> tuple[Preprocessing, Convolutions]:
    names = [(f"features.{place}.weight", f"features.{place}.bias") for place in _FEATURES]
    return TORCHVISION.preprocessing, _convolutions(path, tensors, TORCHVISION, names)


def _original(path: Path, tensors: Mapping[str, Tensor]) -> tuple[Preprocessing, Convolutions]:
    names = [(f"conv{n}_weight_q", f"conv{n}_bias_q") for n in range(1, 6)]
    unit = float(_checked(path, tensors, "scale", ()))  # the value of the integer 1
    mean = tuple(_checked(path, tensors, "mean_bgr", (3,)).tolist())
    how = Preprocessing(channels="BGR", scale=1.0, mean=mean, deviation=(1.0, 1.0, 1.0))
    integers = _convolutions(path, tensors, ORIGINAL, names)
    return how, tuple((weight * unit, bias * unit) for weight, bias in integers)


def _convolutions(
    path: Path, tensors: Mapping[str, Tensor], architecture: Architecture, names: list[tuple[str, str]]
) -> Convolutions:
    """Return the five weights and biases, as float32."""
    return tuple(
        (
            _checked(path, tensors, weight, stage.weight_shape),
            _checked(path, tensors, bias, (stage.outputs,)),
        )
        for stage, (weight, bias) in zip(architecture.stages, names, strict=True)
    )


def _checked(path: Path, tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor of the file in float32. RunError when it is missing, of another shape, or not finite."""
    expected = "expected the state dict of torchvision's alexnet, or the original's conv1 to conv5"
    if name not in tensors:
        held = ", ".join(list(tensors)[:3]) or "nothing"
        raise RunError(f"{path} holds another network ({held} ..., but no {name}): {expected}")
    tensor = tensors[name]
    if tensor.shape != shape:
        raise RunError(f"{path} holds another network ({name} is {tuple(tensor.shape)}, not {shape}): {expected}")
    check_finite(path, name, tensor)
    return tensor.to(torch.float32, copy=True)
