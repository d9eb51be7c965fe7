"""MNIST, 70,000 handwritten digits of 28x28 pixels in four IDX files: names, digests, and the content as arrays.

Any four files of the same format can be read, also with fewer digits; only the download compares SHA-256. The files are
in one folder, gzipped or not; if both are there, the uncompressed one is read. Where they are not there under their own
names, they are looked for under those of `names`. EMNIST's images are stored lying, and are turned.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.mnist.idx import read_idx
from data.mnist.names import LOOKED_FOR, Found, found_as
from data.program import command
from data.settings import MNIST_FOLDER
from errors import DatasetError

SIDE = 28  # pixels
CLASSES = 10
_LYING = 1.5  # times as wide as high: ones that lie on their side

_log = logging.getLogger(__name__)  # without a handler, Python puts warnings on stderr as they are


@dataclass(frozen=True)
class MnistFile:
    """One of the four files: its name, number of dimensions, and size in bytes and SHA-256 without compression."""

    name: str
    dimensions: int
    size: int
    sha256: str


TRAIN_IMAGES = MnistFile(
    "train-images-idx3-ubyte", 3, 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
)
TRAIN_LABELS = MnistFile(
    "train-labels-idx1-ubyte", 1, 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
)
TEST_IMAGES = MnistFile(
    "t10k-images-idx3-ubyte", 3, 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
)
TEST_LABELS = MnistFile(
    "t10k-labels-idx1-ubyte", 1, 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"
)
FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


@dataclass(frozen=True, eq=False)
class Mnist:
    """The arrays of the four files. MNIST itself has N = 60,000 training and M = 10,000 test digits."""

    train_images: NDArray[np.uint8]  # (N, 28, 28), 0 paper to 255 ink
    train_labels: NDArray[np.uint8]  # (N,), 0 to 9
    test_images: NDArray[np.uint8]  # (M, 28, 28)
    test_labels: NDArray[np.uint8]  # (M,)


def load_mnist(folder: Path = MNIST_FOLDER) -> Mnist:
    """Read the four files of `folder`, gzipped or not.

    Raises DatasetError when one is missing or not valid: IDX without extra bytes, images of 28x28, labels from 0 to 9,
    as many labels as images; or when several files could be one, or they are of different sets.
    """
    found = [_find(folder, file) for file in FILES]
    families = {one.family for one in found}
    if len(families) > 1:
        names = ", ".join(one.path.name for one in found)
        raise DatasetError(f"{folder} has files of different sets, {names}: put the four of one into a folder")
    paths = [one.path for one in found]
    halves = [_load_half(folder, TRAIN_IMAGES, TRAIN_LABELS, paths[:2])]
    halves.append(_load_half(folder, TEST_IMAGES, TEST_LABELS, paths[2:]))
    if any("emnist" in family for family in families):
        halves = [(np.ascontiguousarray(images.transpose(0, 2, 1)), labels) for images, labels in halves]
    elif _lie_on_their_side(*halves[0]):
        _log.warning("%s: the ones lie on their side, as EMNIST's do: its images may be transposed", paths[0])
    return Mnist(*halves[0], *halves[1])


def files_that_may_be(folder: Path, name: str) -> list[Path]:
    """Those of `files_named`, and then all in or below the folder under names that people have."""
    exact = files_named(folder, name)
    return exact + [one.path for one in _found_as(folder, name) if one.path not in exact]


def files_named(folder: Path, name: str) -> list[Path]:
    """The existing ones of `folder/name` and `folder/name.gz`. DatasetError if the folder cannot be read."""
    try:
        return [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}; choose a folder that can be") from error


Half = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # images and labels


def _load_half(folder: Path, images: MnistFile, labels: MnistFile, paths: Sequence[Path]) -> Half:
    pictures, digits = read_idx(paths[0], images.dimensions), read_idx(paths[1], labels.dimensions)
    if pictures.shape[1:] != (SIDE, SIDE):
        height, width = pictures.shape[1:]
        raise DatasetError(f"{paths[0]} has images of {height}x{width}, expected {SIDE}x{SIDE}; replace it")
    if len(pictures) != len(digits):
        raise DatasetError(
            f"{folder} does not fit together: {len(pictures)} images in {paths[0].name}, {len(digits)} labels in "
            f"{paths[1].name}, expected as many; replace the wrong one"
        )
    if digits.max() >= CLASSES:
        raise DatasetError(
            f"{paths[1]} has a label {digits.max()}, expected 0 to {CLASSES - 1}; replace it: sets with letters, as "
            "EMNIST's are but for digits and mnist, cannot be read"
        )
    return pictures, digits


def _lie_on_their_side(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bool:
    """Whether the ink of the ones is spread along the rows, not down the columns as that of a 1 is."""
    ones = images[labels == 1][:1000].astype(np.float64).sum(0)
    if not ones.any():
        return False
    place = np.arange(SIDE)
    down, across = (np.sqrt(np.cov(place, aweights=ink)) for ink in (ones.sum(1), ones.sum(0)))
    return bool(across > _LYING * down)


def _find(folder: Path, file: MnistFile) -> Found:
    """Return the file under its own name, else under one that people have."""
    for path in files_named(folder, file.name):
        return Found(path, "", (False, 0, ""))
    found = _found_as(folder, file.name)
    families = {one.family: one.path for one in reversed(found)}
    if len(families) > 1:
        names = ", ".join(sorted(str(path.relative_to(folder)) for path in families.values()))
        raise DatasetError(
            f"{folder} has several files that could be {file.name}, {names}: put the four of one set into a folder"
        )
    if not found:
        out = () if folder == MNIST_FOLDER else ("--out", str(folder))
        raise DatasetError(
            f"MNIST is not in {folder}: expected {file.name} or {file.name}.gz there, {LOOKED_FOR}; get it with "
            f"`{command('download', 'mnist', *out)}`, and add --from FOLDER if you have the four files"
        )
    return found[0]


def _found_as(folder: Path, name: str) -> list[Found]:
    try:
        return found_as(folder, name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror}; choose a folder that can be") from error
