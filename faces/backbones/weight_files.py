"""A file of weights -> its named tensors, whatever network they are of.

Three formats are read, none of which executes code from the file: torch's (`weights_only`), safetensors, and numpy's
(no pickle). Nothing is read as one of them before the caller has accepted its SHA-256: a checkpoint, which may be a
stranger's, names a file of weights. Any other content is an error of one line that names the file.
"""

import hashlib
import os
import pickle
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from errors import FacesError, RunError

Contents = TypeVar("Contents")


def read_tensors(
    path: Path, *, names: str, suffixes: tuple[str, ...], accept: Callable[[str], None]
) -> tuple[str, dict[str, Tensor]]:
    """Return the SHA-256 of a file and all its tensors by name; arguments and errors as in `read_accepted`."""
    return read_accepted(
        path, lambda file: _tensors(file, path.suffix.lower()), names=names, suffixes=suffixes, accept=accept
    )


def read_accepted(
    path: Path,
    read: Callable[[BinaryIO], Contents],
    *,
    names: str,
    suffixes: tuple[str, ...],
    accept: Callable[[str], None],
) -> tuple[str, Contents]:
    """Return the SHA-256 of a file, and what `read` makes of it.

    `accept` is called with the SHA-256 before anything else of the file is looked at, and raises unless it is the right
    one. RunError when there is no such file, or `read` raises; `names` are what could be named instead of a file.
    """
    if path.suffix.lower() not in suffixes or not os.path.isfile(path):  # noqa: PTH113 - False for any path at all
        raise RunError(f"no weights in {path}: expected {names}, or the path of a file ending in {', '.join(suffixes)}")
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            accept(sha256)
            file.seek(0)
            return sha256, read(file)
    except FacesError:
        raise
    except Exception as error:  # unzipping and unpickling unknown bytes may raise any exception
        raise RunError(f"no weights in {path}: {_problem(path, error)}") from error


def check_finite(path: Path, name: str, tensor: Tensor) -> None:
    """Raise RunError unless the tensor `name` of a file holds real, finite numbers as float32."""
    if tensor.is_complex() or not bool(tensor.to(torch.float32).isfinite().all()):
        raise RunError(f"{path} is damaged: {name} holds what is no finite number; fetch it again")


def digest(tensors: Iterable[Tensor]) -> str:
    """Return the SHA-256 of the tensors' bytes, in order."""
    sha256 = hashlib.sha256()
    for tensor in tensors:
        sha256.update(tensor.contiguous().numpy().tobytes())
    return sha256.hexdigest()


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
