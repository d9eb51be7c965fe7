"""IDX, the format of MNIST's files: a magic number, the length of each dimension, the bytes, and nothing more.

    00 00 08 <dimensions>   two zeros, the type (08: unsigned bytes), the number of dimensions
    <length> ...            of each dimension, 32 bits, the most significant byte first
    <bytes>                 as many as the product of the lengths, the last dimension varying fastest

Source: the description on MNIST's page, http://yann.lecun.com/exdb/mnist/. Of the format's six types, only unsigned
bytes are read.
"""

import math
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.mnist.gzipped import decompressing, read_up_to
from errors import DatasetError

_BYTES = 0x08  # the type


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read a file of unsigned bytes, gzipped or not, with the given number of dimensions, each at least 1 long.

    Raises DatasetError when it cannot be read, is of another format, or has less or more than its header says.
    """
    try:
        with path.open("rb") as file:
            return _read(decompressing(file), dimensions)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        raise DatasetError(f"{path} cannot be used: {problem}; replace it") from error


def _read(file: BufferedIOBase, dimensions: int) -> NDArray[np.uint8]:
    """Read the content without compression; ValueError says what was expected."""
    expected, magic = bytes([0, 0, _BYTES, dimensions]), bytes(read_up_to(file, 4))
    if magic != expected:
        got = magic.hex(" ") or "an empty file"
        raise ValueError(f"expected {dimensions}-dimensional IDX of bytes, {expected.hex(' ')} at first, got {got}")
    lengths = read_up_to(file, 4 * dimensions)
    if len(lengths) < 4 * dimensions:
        raise ValueError(f"expected {dimensions} lengths in its header, got a file of {4 + len(lengths)} bytes")
    shape = np.frombuffer(lengths, ">u4").tolist()
    product, size = " x ".join(map(str, shape)), math.prod(shape)
    if size == 0:
        raise ValueError(f"expected at least one byte after its header, which says {product}")
    content = read_up_to(file, size + 1)
    if len(content) != size:
        got = f"only {len(content)}" if len(content) < size else "more"
        raise ValueError(f"expected {size} bytes after its header, which says {product}, got {got}")
    return np.frombuffer(content, np.uint8).reshape(shape)
