"""Fixtures every room's tests may use."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real lists, photos, digits and weights beside the checkout; absent on a user's machine."""
    folder = Path(os.environ.get("FACES_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"real data is not on this machine: no folder {folder}")
    return folder


@pytest.fixture(scope="session")
def write_idx() -> Callable[[Path, NDArray[np.uint8]], None]:
    """write_idx(path, array): an IDX file of bytes."""

    def write(path: Path, array: NDArray[np.uint8]) -> None:
        path.write_bytes(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())

    return write


@pytest.fixture
def small_mnist(tmp_path: Path, write_idx: Callable[[Path, NDArray[np.uint8]], None]) -> Path:
    """A folder with MNIST's four files, small: 200 training and 50 test digits, each class a pattern under noise."""
    folder, generator = tmp_path / "small-mnist", np.random.default_rng(0)
    folder.mkdir()
    patterns = np.kron(generator.random((10, 7, 7)) < 0.4, np.ones((4, 4)))  # (10, 28, 28)
    for part, n in (("train", 200), ("t10k", 50)):
        labels = generator.permutation(np.arange(n) % 10)
        ink = patterns[labels] * generator.uniform(120, 220, (n, 1, 1)) + generator.normal(0, 40, (n, 28, 28))
        write_idx(folder / f"{part}-images-idx3-ubyte", ink.clip(0, 255).astype(np.uint8))
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels.astype(np.uint8))
    return folder
