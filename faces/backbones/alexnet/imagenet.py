"""torchvision's AlexNet as trained on ImageNet: the only module that imports torchvision and downloads weights.

torchvision knows the URL, checks the hash of the download, and stores the file in the folder that TORCH_HOME names,
where it is found the next time. Each error is one line that says what to do.
"""

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import torch

from errors import RunError, UsageError
from faces.backbones.alexnet.architecture import Preprocessing
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.weight_files import read_weights

IMAGENET = "imagenet"


def imagenet_weights(accept: Callable[[str], None] = lambda sha256: None) -> Weights:
    """Return AlexNet_Weights.IMAGENET1K_V1, downloaded if the file is not there yet; `accept` is as in `read_weights`.

    Raises RunError when the file is missing and cannot be downloaded, or is damaged; UsageError when torchvision cannot
    be used.
    """
    entry = _entry()
    file = Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(urlparse(entry.url).path).name
    if not file.is_file():
        _fetch(entry, file)
    usual = entry.transforms()
    preprocessing = Preprocessing(channels="RGB", scale=1 / 255, mean=tuple(usual.mean), deviation=tuple(usual.std))

    def accept_whole(sha256: str) -> None:
        if not sha256.startswith(file.stem.rpartition("-")[2]):  # torchvision checks only what it downloads
            raise RunError(f"{file} is damaged: its SHA-256 is {sha256}; remove it, and it is fetched again")
        accept(sha256)

    return read_weights(file, source=IMAGENET, preprocessing=preprocessing, accept=accept_whole)


def _entry() -> Any:
    """Return torchvision's entry of these weights: their URL and their preprocessing."""
    try:
        from torchvision.models import AlexNet_Weights
    except (AttributeError, ImportError, OSError, RuntimeError) as error:
        found = f"torch {torch.__version__}, torchvision {_version('torchvision')}"
        raise UsageError(
            f"torch and torchvision do not belong together ({found}; {_line(error)}): install both by one command, pip "
            "install --force-reinstall torch torchvision, with one --index-url for both if any; or use --weights PATH"
        ) from error
    return AlexNet_Weights.IMAGENET1K_V1


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
