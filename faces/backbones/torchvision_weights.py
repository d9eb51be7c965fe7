"""Networks as torchvision has trained them: the only module that imports torchvision and downloads weights.

torchvision knows the URL, checks the hash of the download, and stores the file in the folder that TORCH_HOME names,
where it is found the next time. Each error is one line that says what to do.
"""

import importlib
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import torch

from errors import RunError, UsageError

IMAGENET = "imagenet"  # what --weights names
RANDOM = "random"


def torchvision_models(otherwise: str = "") -> Any:
    """Return the module torchvision.models. UsageError when it cannot be used, with what to do `otherwise`."""
    try:
        return importlib.import_module("torchvision.models")
    except (AttributeError, ImportError, OSError, RuntimeError) as error:
        found = f"torch {torch.__version__}, torchvision {_version('torchvision')}"
        raise UsageError(
            f"torch and torchvision do not belong together ({found}; {_line(error)}): install both by one command, pip "
            f"install --force-reinstall torch torchvision, with one --index-url for both if any{otherwise}"
        ) from error


def fetched(entry: Any, accept: Callable[[str], None]) -> tuple[Path, Callable[[str], None]]:
    """Return the file of torchvision's `entry` of weights, downloaded if it is not there yet, and the full `accept`.

    The full `accept` first raises RunError unless the file is whole: torchvision checks only what it downloads. Raises
    RunError when the file is missing and cannot be downloaded.
    """
    file = Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(urlparse(entry.url).path).name
    if not file.is_file():
        _fetch(entry, file)

    def accept_whole(sha256: str) -> None:
        if not sha256.startswith(file.stem.rpartition("-")[2]):
            raise RunError(f"{file} is damaged: its SHA-256 is {sha256}; remove it, and it is fetched again")
        accept(sha256)

    return file, accept_whole


def _fetch(entry: Any, file: Path) -> None:
    """Let torchvision download the file and check it."""
    try:
        entry.get_state_dict(progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError) as error:  # no network, no such host, a full disk; not the file it should be
        raise RunError(
            f"no ImageNet weights in {file}, and they cannot be fetched ({_line(error)}): fetch {entry.url} where "
            f"there is a network and put it into {file.parent}, or use --weights PATH or --weights random"
        ) from error


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
