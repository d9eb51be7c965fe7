"""The names that MNIST's four files have with people: their own, and those of EMNIST, of Kaggle, and of second copies.

    train-images-idx3-ubyte                     its own
    train-images.idx3-ubyte, TRAIN-IMAGES.IDX3  of Kaggle, and of other systems
    train-images-idx3-ubyte (1).gz, ... 2.gz    of a browser's or a desktop's second copy
    emnist-digits-test-labels-idx1-ubyte.gz     of EMNIST, which calls the test images so

also in folders below that are named for them, such as `MNIST/raw`. What stands before `train` is the family of a file:
EMNIST has several sets.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOOKED_FOR = "also as .gz, .idx3-ubyte, second copies, with EMNIST's names, and in MNIST/raw"
_COPY = r"(?:[ _-]*\(\d+\)| \d+|[ _-]+copy(?:[ _-]*\d+)?)"
_NAME = re.compile(
    rf"(?P<family>(?:.*[-_. ])?)(?P<part>train|t10k|test)[-_. ]?(?P<what>images|labels)"
    rf"(?:[-_. ]?(?:idx[13]|ubyte))+(?P<copy>{_COPY}?)(?:\.(?:gz|gzip|bin|idx))?{_COPY}?"
)
_FOLDER = re.compile(r".*mnist.*|raw|gzip|archive|(train|t10k)-(images|labels).*")
_DEEPEST, _MOST_FILES = 3, 10_000


@dataclass(frozen=True)
class Found:
    """A file that may be one of the four; `family` is what its name begins with, "" for MNIST's own."""

    path: Path
    family: str
    order: tuple[bool, int, str]  # originals before copies, near before far, then by name


def found_as(folder: Path, name: str) -> list[Found]:
    """Return the files in or below the folder that may be MNIST's file `name`, the likeliest first; OSError."""
    part, what = re.split("-", name)[:2]
    found = []
    for path in _below(folder):
        match = _NAME.fullmatch(path.name.lower())
        if match and match["what"] == what and (match["part"] == "train") == (part == "train"):
            order = (bool(match["copy"]), len(path.parts), str(path))
            found.append(Found(path, match["family"].strip("-_. "), order))
    return sorted(found, key=lambda one: one.order)


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files in the folder and the folders below it that are named for them, but not of very many."""
    left = _MOST_FILES

    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error

    for place, folders, files in os.walk(folder, onerror=refuse):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if depth < _DEEPEST and _FOLDER.fullmatch(name.lower()))
        left -= len(files)
        if left < 0:
            return
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))
