"""What a `reproduce` has measured so far, kept in `OUT/unfinished`: the same command goes on from there.

A file is in the format of `nn.checkpoint`, so reading one runs no code. It holds the key of its measurement, which is
everything that decides the numbers: a file of other settings, data or code is not used.
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data.atomic_write import atomic_write
from errors import RunError
from experiments.experiment import Measurement
from nn import checkpoint

FOLDER = "unfinished"
PACKAGES = ("data", "experiments", "faces", "mnist", "nn")  # whose code decides what is measured


@dataclass(frozen=True)
class Kept:
    """The file for one measurement."""

    path: Path
    key: Mapping[str, Any]

    @classmethod
    def of(cls, out: Path, experiment: str, **settings: Any) -> "Kept":
        """Return the file in the results folder `out` for an experiment and all `settings` that decide a number."""
        versions = {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__}
        key = {"experiment": experiment, **settings, "code": code(), "versions": versions}
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        return cls(out / FOLDER / f"{experiment}-{digest[:24]}.safetensors", key)

    def write(self, found: Measurement) -> None:
        """Keep a measurement. One with a note is not kept: it says what is missing, and that may come."""
        if not found.note:
            words = {name: array.tolist() for name, array in found.arrays.items() if array.dtype.kind == "U"}
            tensors = {name: torch.tensor(array) for name, array in found.arrays.items() if name not in words}
            metadata = {
                "key": self.key,
                "measures": [(name, checkpoint.json_number(value)) for name, value in found.measures.items()],
                "series": [(name, [*map(checkpoint.json_number, column)]) for name, column in found.series.items()],
                "words": words,
                "seconds": found.seconds,
            }
            atomic_write(self.path, checkpoint.dump(tensors, metadata))

    def read(self) -> Measurement | None:
        """Return the measurement; None when it is not kept. RunError for a file that is not what `write` wrote."""
        if not self.path.is_file():
            return None
        try:
            tensors, metadata = checkpoint.load(self.path.read_bytes())
            if metadata["key"] != self.key:
                raise RunError("it is of other settings")
            words = {name: np.array(value, dtype=np.str_) for name, value in metadata["words"].items()}
            return Measurement(
                measures={str(name): _number(value) for name, value in metadata["measures"]},
                series={str(name): _numbers(column) for name, column in metadata["series"]},
                arrays={**{name: tensor.numpy() for name, tensor in tensors.items()}, **words},
                seconds=_number(metadata["seconds"]),
            )
        except (RunError, OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            raise RunError(f"{self.path} cannot be used ({error}): it is measured again") from error

    def remove(self) -> None:
        """Remove the file, and its folder with the last one."""
        with suppress(OSError):  # what stays is replaced by the next one
            self.path.unlink(missing_ok=True)
            self.path.parent.rmdir()


@cache
def code() -> str:
    """Return the SHA-256 of the program's source files."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _numbers(column: Any) -> Sequence[float]:
    if not isinstance(column, list):
        raise TypeError(f"expected a list of numbers, got {type(column).__name__}")
    return [_number(value) for value in column]


def _number(value: Any) -> float:
    """Return a number as it was; NaN and infinities are stored as words."""
    if isinstance(value, str):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return value
