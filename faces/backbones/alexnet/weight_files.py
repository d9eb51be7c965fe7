"""A file of weights -> weights, checked against the architecture that the names in the file tell.

Three formats are read, none of which executes code from the file: torch's (`weights_only`), safetensors, and numpy's
(no pickle). Nothing is read as one of them before the caller has accepted its SHA-256: a checkpoint, which may be a
stranger's, names a file of weights. Two sets of names are known: torchvision's, `features.0.weight`, and the original's
in 8-bit fixed point, `conv1_weight_q`. Any other content is an error of one line that names the file.
"""

import hashlib
import os
import pickle
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from errors import FacesError, RunError
from faces.backbones.alexnet.architecture import ORIGINAL, TORCHVISION, Architecture, Preprocessing
from faces.backbones.alexnet.frozen import Convolutions, Weights

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
    if path.suffix.lower() not in _SUFFIXES or not os.path.isfile(path):  # noqa: PTH113 - False for any path at all
        raise RunError(
            f"no weights in {path}: expected imagenet, random, or the path of a file ending in {', '.join(_SUFFIXES)}"
        )
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            accept(sha256)
            file.seek(0)
            tensors = _tensors(file, path.suffix.lower())
    except FacesError:
        raise
    except Exception as error:  # unzipping and unpickling unknown bytes may raise any exception
        raise RunError(f"no weights in {path}: {_problem(path, error)}") from error
    architecture = ORIGINAL if "conv1_weight_q" in tensors else TORCHVISION
    how, convolutions = (_original if architecture is ORIGINAL else _torchvision)(path, tensors)
    return Weights(
        source=source or path.name,
        sha256=sha256,
        architecture=architecture,
        preprocessing=preprocessing or how,
        convolutions=convolutions,
    )


def _tensors(file: BinaryIO, suffix: str) -> dict[str, Tensor]:
    """Return all tensors of the file by name."""
    if suffix == ".npz":
        with np.load(file, allow_pickle=False) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    if suffix == ".safetensors":
        return safetensors.torch.load(file.read())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a problem with the file is raised as an error
        content = torch.load(file, map_location="cpu", weights_only=True)
    if isinstance(content, Mapping):
        content = content.get("state_dict", content)  # as training scripts save it, beside the optimiser's state
    if not isinstance(content, Mapping):
        raise pickle.UnpicklingError(f"a {type(content).__name__}, not a dictionary")
    return {str(name).removeprefix("module."): value for name, value in content.items() if isinstance(value, Tensor)}


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
    numbers = tensor.to(torch.float32, copy=True)
    if tensor.is_complex() or not bool(numbers.isfinite().all()):
        raise RunError(f"{path} is damaged: {name} holds what is no finite number; fetch it again")
    return numbers


def _problem(path: Path, error: Exception) -> str:
    """Return why a file cannot be read, and what to do."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as refusal:
        return f"it cannot be opened ({refusal.strerror}); change its permissions"
    if not start:
        return "it is empty; fetch it again"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "it looks like a web page; fetch the file itself"
    if isinstance(error, pickle.UnpicklingError) or "pickle" in str(error):
        return "it holds other things than named tensors, and nothing in it is run; save the state dict alone"
    reason = (str(error) or type(error).__name__).splitlines()[0][:80]
    return f"it is cut short or damaged ({reason}); fetch it again"
