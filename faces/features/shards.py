"""Shards, the files of the cache: `DIR/.features-<kind>-<sha256>.safetensors`, each with one batch of photos.

They are hidden files and not in a folder: torchvision's ImageFolder takes every folder, even a hidden one, for a class.
A shard is written once and never changed. Its name ends in the SHA-256 of its bytes, so that a damaged or foreign file
is noticed when it is read. One that cannot be read at the moment - too many open files, a network disk that is away -
is not damaged.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from data.atomic_write import atomic_write, disk_error
from errors import RunError, StorageError
from nn import checkpoint

_NAME = re.compile(r"\.features-([0-9a-f]{16})-([0-9a-f]{64})\.safetensors")


@dataclass(frozen=True)
class Shard:
    """The features of some photos, (N, ...), and what they were computed with, as `cache.kind_of` returns it."""

    kind: Mapping[str, Any]
    photos: tuple[str, ...]  # the SHA-256 of each file
    features: Tensor


def add_shard(folder: Path, shard: Shard) -> Path:
    """Write the shard into `folder` and return its file. Raises StorageError when it cannot be written."""
    about = {"kind": shard.kind, "photos": shard.photos}
    data = checkpoint.dump({"features": shard.features}, about)
    path = folder / f".features-{_digest(shard.kind)}-{hashlib.sha256(data).hexdigest()}.safetensors"
    atomic_write(path, data)
    return path


def read_shards(
    folder: Path, kind: Mapping[str, Any] | None = None, on_refused: Callable[[StorageError], None] | None = None
) -> Iterator[tuple[Path, Shard | None]]:
    """Yield file and shard, sorted by name, of all or those of `kind`; the shard of a damaged file is None.

    One that cannot be read now is left out, and `on_refused` called with the reason; None: raise StorageError.
    """
    for path in sorted(folder.glob(".features-*.safetensors")):
        match = _NAME.fullmatch(path.name)
        if match and (kind is None or match[1] == _digest(kind)):
            try:
                data = path.read_bytes()
            except FileNotFoundError:  # another run has just removed it
                continue
            except OSError as error:
                refused = StorageError(f"cannot read {path}: {error.strerror or error}; it is left as it is, try again")
                if on_refused is None:
                    raise refused from error
                on_refused(refused)
                continue
            shard = _shard(data, match[2])
            yield path, shard if shard is None or kind is None or shard.kind == kind else None


def remove_shard(path: Path) -> None:
    """Remove the file. Raises StorageError when it cannot be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(path, error) from error


def _shard(data: bytes, sha256: str) -> Shard | None:
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
