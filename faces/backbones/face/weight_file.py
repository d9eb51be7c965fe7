"""dlib's file of the network's weights -> weights.

The layers follow each other from the input to the output. Each is its name, its settings, and if it has weights, a
tensor: the integer 2, four integers (samples, channels, rows, columns), then as many float32 numbers, little-endian. An
integer is a byte with the number of its bytes, and 0x80 if it is negative, then these bytes, the low ones first; a name
is preceded by its length. So the bytes beside the numbers (strides, padding, pooling, the order of the layers) are the
same in every file of this network: their SHA-256 is that of the known file, or the file is not read.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from faces.backbones.face.architecture import FEATURES, SHAPES
from faces.backbones.weight_files import check_finite, read_accepted

INSTALLED = "installed"  # what --weights names: the file of the package

_STRUCTURE = (
    "e2f5042ef6e91b64c0c41cd443e2a85ef13c9ce9853d581bcdc6b170687a1c29"  # SHA-256 of all bytes that are no number
)
_MOST = 1 << 25  # bytes that are read of a file; that of the network has 22,466,066


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceWeights:
    """The weights of the 29 convolutions and the last matrix, float32, on the CPU."""

    sha256: str  # of the file
    convolutions: tuple[tuple[Tensor, Tensor], ...]  # (weight, bias), the affine layer behind each included
    matrix: Tensor  # (256, 128)


def read_face_weights(path: Path, accept: Callable[[str], None] = lambda sha256: None) -> FaceWeights:
    """Return the weights of a file; `accept` as in `read_accepted`. RunError when it does not hold this network's."""
    sha256, numbers = read_accepted(
        path, lambda file: _numbers(file.read(_MOST)), names=INSTALLED, suffixes=(".dat",), accept=accept
    )
    *layers, matrix = numbers
    pairs = zip(SHAPES, layers[::2], layers[1::2], strict=True)
    convolutions = tuple(_merged(shape, convolution, affine) for shape, convolution, affine in pairs)
    for place, tensors in enumerate((*convolutions, (matrix,)), 1):
        for tensor in tensors:
            check_finite(path, f"layer {place}", tensor)
    return FaceWeights(sha256=sha256, convolutions=convolutions, matrix=matrix.view(-1, FEATURES))


def _merged(shape: tuple[int, ...], convolution: Tensor, affine: Tensor) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a convolution and the affine layer behind it: (w x + b) g + s = (w g) x + (b g + s)."""
    numbers, (factors, summands) = convolution.double(), affine.double().chunk(2)
    weight, bias = numbers[: prod(shape)].view(shape), numbers[prod(shape) :]
    return (weight * factors[:, None, None, None]).float(), (bias * factors + summands).float()


def _numbers(data: bytes) -> list[Tensor]:
    """Return the numbers of each layer, as they follow each other. ValueError unless the file is of this network."""
    layers = [
        *(layer for shape in SHAPES for layer in (("con_4", prod(shape) + shape[0], 1), ("affine_", 2 * shape[0], 1))),
        ("fc_2", SHAPES[-1][0], FEATURES),
    ]
    tensors, at, structure = list[Tensor](), 0, hashlib.sha256()
    for place, (name, samples, channels) in enumerate(layers, 1):
        start = _tensor_start(data, at, name)
        header = b"".join(map(_packed, (2, samples, channels, 1, 1)))
        if data[start : start + len(header)] != header:
            raise ValueError(f"tensor {place}, of {name}: expected {samples} x {channels} numbers, got others")
        structure.update(data[at : start + len(header)])
        start, count = start + len(header), samples * channels
        at = start + 4 * count
        if at > len(data):
            raise ValueError(f"tensor {place}, of {name}: expected {count} numbers, got {(len(data) - start) // 4}")
        tensors.append(torch.from_numpy(np.frombuffer(data, "<f4", count, start).astype(np.float32)))
    structure.update(data[at:])
    if structure.hexdigest() != _STRUCTURE:
        raise ValueError("expected dlib's face network of 29 convolutions, got other layers or settings")
    return tensors


def _tensor_start(data: bytes, at: int, name: str) -> int:
    """Return where the tensor of the next layer called `name` begins."""
    written = _packed(len(name)) + name.encode()
    found = data.find(written, at)
    if found < 0:
        raise ValueError(f"expected a layer {name} after byte {at}, got none")
    settings = b"".join(map(_packed, (FEATURES, SHAPES[-1][0]))) if name == "fc_2" else b""  # outputs and inputs
    return found + len(written) + len(settings)


def _packed(number: int) -> bytes:
    """Return a natural number as dlib writes it."""
    digits = number.to_bytes((number.bit_length() + 7) // 8, "little")
    return bytes([len(digits)]) + digits
