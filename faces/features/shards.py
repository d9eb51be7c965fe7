"""The files features are kept in: `DIR/.features-<kind>-<sha256>.safetensors`, a batch of photos each.

Hidden files, not a folder: torchvision's ImageFolder takes every folder, even a hidden one, for a class. A shard is
written once and never changed, and its name ends in the SHA-256 of its bytes: a flipped bit, a cut, another program's
file under such a name show when it is read.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from data.atomic_write import atomic_write, disk_error
from errors import RunError
from nn import checkpoint

_NAME = re.compile(r"\.features-([0-9a-f]{16})-([0-9a-f]{64})\.safetensors")


@dataclass(frozen=True)
class Shard:
    """Some photos' features, (N, ...), and what they were computed with."""

    kind: Mapping[str, Any]
    photos: tuple[str, ...]  # the SHA-256 of each file
    features: Tensor


def add_shard(folder: Path, shard: Shard) -> Path:
    """Publish the shard in `folder`; StorageError when the disk refuses."""
    about = {"kind": shard.kind, "photos": shard.photos}
    data = checkpoint.dump({"features": shard.features}, about)
    path = folder / f".features-{_digest(shard.kind)}-{hashlib.sha256(data).hexdigest()}.safetensors"
    atomic_write(path, data)
    return path


def read_shards(folder: Path, kind: Mapping[str, Any] | None = None) -> Iterator[tuple[Path, Shard | None]]:
    """Yield each shard of `folder`, only those of `kind` if given, None for one that is not whole; in order of name."""
    for path in sorted(folder.glob(".features-*.safetensors")):
        match = _NAME.fullmatch(path.name)
        if match and (kind is None or match[1] == _digest(kind)):
            shard = _read(path, match[2])
            yield path, shard if shard is None or kind is None or shard.kind == kind else None


def remove_shard(path: Path) -> None:
    """Remove the file; StorageError when the disk refuses."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(path, error) from error


def _read(path: Path, sha256: str) -> Shard | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != sha256:
        return None
    try:
        tensors, about = checkpoint.load(data)
        shard = Shard(about["kind"], tuple(about["photos"]), tensors["features"])
    except (RunError, KeyError, TypeError):
        return None
    return shard if len(shard.photos) == len(shard.features) else None


def _digest(kind: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(kind, sort_keys=True).encode()).hexdigest()[:16]
