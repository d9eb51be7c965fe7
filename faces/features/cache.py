"""Features computed once: cached features are read beside the data set, and only missing ones are computed.

The cache key of a photo is the SHA-256 of its file, and of the points of its face (`Photo.key`), together with all else
that decides its features (`kind_of`): for a new photo, other weights or another size, only what changed is computed.
Each batch is written as one shard, in order. A run
that is killed leaves whole shards, and the next run computes the same batches as a run without the interruption.
`features_of` returns features; `cache_features` only fills the cache, and holds a few batches in memory at a time.
"""

import json
import logging
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.atomic_write import remove_leftovers
from data.cores import cores
from data.in_order import in_order
from data.photos.alignment import VERSION as ALIGNMENT
from data.photos.folder import Photo
from data.photos.images import FILTER
from errors import StorageError
from faces.backbones.backbone import Backbone
from faces.backbones.precision import Precision, choose_precision
from faces.features.extract import extract
from faces.features.shards import Shard, add_shard, read_shards, remove_shard
from nn.threads import worker_pool

VERSION = 1  # to be raised when the same photo and the same weights come to give other features
VIEWS = 2  # a photo and its mirror image
_MOST_WRITERS = 8  # of shards: each holds one in memory, three times
_DIGEST = 64  # letters of a SHA-256, with which a photo's key begins

_log = logging.getLogger(__name__)  # without a handler, Python puts warnings on stderr as they are

OnPhoto = Callable[[], None]
OnWarning = Callable[[str], None]


def features_of(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    device: str = "cpu",
    precision: Precision | None = None,
    batch_size: int | None = None,
    max_pixels: int | None = None,
    align: bool = False,
    on_photo: OnPhoto = lambda: None,
    on_warning: OnWarning = lambda line: _log.warning("%s", line),
) -> NDArray[np.float32]:
    """Return the features of `photos` of the data set `folder` and of their mirror images: (N, 2, numbers).

    With `align`, of the aligned faces of those photos whose points are known.
    `on_photo` is called once for each of the N photos. When shards cannot be written, the features are computed all the
    same, and `on_warning` is called once with the reason. Raises UsageError for a size that the network does not take,
    DatasetError naming a photo that is not an image.
    """
    kind = kind_of(backbone, precision or choose_precision(device), align=align)
    table = _Table(photos, backbone.numbers, on_photo)
    for shard in valid_shards(folder, kind, backbone.numbers):
        table.fill(shard.photos, shard.features.numpy())
    writer = _ShardWriter(folder, on_warning)
    with closing(_computed(folder, table.missing(), backbone, kind, device, batch_size, max_pixels)) as shards:
        for shard in _each_written(shards, writer.write, device):
            table.fill(shard.photos, shard.features.numpy())
    return table.features


def cache_features(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    device: str = "cpu",
    precision: Precision | None = None,
    batch_size: int | None = None,
    max_pixels: int | None = None,
    align: bool = False,
    on_photos: Callable[[int], None] = lambda n: None,
) -> int:
    """Compute the features of `photos` that are not in the cache and write them to it; return how many were computed.

    Copies of one file count once. `on_photos` is called with the number of photos whose features have just been found
    or written. Raises as `features_of`, and StorageError when a shard cannot be written.
    """
    kind = kind_of(backbone, precision or choose_precision(device), align=align)
    missing = missing_photos(folder, photos, backbone, kind)
    on_photos(len(photos) - len(missing))
    if missing:
        remove_leftovers(folder)
    with closing(_computed(folder, missing, backbone, kind, device, batch_size, max_pixels)) as shards:
        for shard in _each_written(shards, partial(add_shard, folder), device):
            on_photos(len(shard.photos))
    return len(missing)


def missing_photos(folder: Path, photos: Sequence[Photo], backbone: Backbone, kind: dict[str, Any]) -> list[Photo]:
    """Return the photos whose features are not in the cache, in order; of copies of one file, the first."""
    first = {photo.key: photo for photo in reversed(photos)}
    for shard in valid_shards(folder, kind, backbone.numbers):
        for key in shard.photos:
            first.pop(key, None)
    return [photo for photo in photos if first.get(photo.key) is photo]


def once_per_photo(on_photo: OnPhoto) -> Callable[[int], None]:
    """Return a function that is called with a number of photos, and calls `on_photo` that many times."""

    def on_photos(n: int) -> None:
        for _ in range(n):
            on_photo()

    return on_photos


def forget(folder: Path, photos: Collection[str]) -> int:
    """Remove the features of the photos with these SHA-256 from all shards; return how many shards were changed.

    A damaged shard may hold some of them, so it is removed. Raises StorageError when a file cannot be read or changed:
    then some of the features may still be there.
    """
    remove_leftovers(folder)
    changed = 0
    for path, shard in read_shards(folder):
        others = [i for i, key in enumerate(shard.photos) if key[:_DIGEST] not in photos] if shard else []
        if shard and len(others) == len(shard.photos):
            continue
        if shard and others:
            add_shard(folder, Shard(shard.kind, tuple(shard.photos[i] for i in others), shard.features[others]))
        remove_shard(path)
        changed += 1
    return changed


def kind_of(backbone: Backbone, precision: Precision, *, align: bool = False) -> dict[str, Any]:
    """Return, as JSON, all that decides a photo's features except the photo itself and the points in it."""
    kind = {"version": VERSION, **backbone.identity(), "filter": FILTER, "mode": "RGB", "precision": precision}
    kind |= {"alignment": {"version": ALIGNMENT, "margin": backbone.margin}} if align else {}
    as_json: dict[str, Any] = json.loads(json.dumps(kind))
    return as_json


def valid_shards(folder: Path, kind: dict[str, Any], numbers: int) -> Iterator[Shard]:
    """Yield the shards of this kind; a file named like one that is damaged or has another shape is removed.

    One that cannot be read now is logged and left out: its features are computed again.
    """
    for path, shard in read_shards(folder, kind, lambda refused: _log.warning("%s", refused)):
        if shard and shard.features.shape[1:] == (VIEWS, numbers) and shard.features.dtype == torch.float32:
            yield shard
        else:
            with suppress(StorageError):
                remove_shard(path)


def _computed(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    kind: dict[str, Any],
    device: str,
    batch_size: int | None,
    max_pixels: int | None,
) -> Generator[Shard, None, None]:
    """Compute the photos' features, in order; yield each batch as a shard, which is not written yet."""
    if not photos:
        return
    keys = [photo.key for photo in photos]
    computed = 0
    for batch in extract(
        folder,
        photos,
        backbone,
        mirror=True,
        device=device,
        precision=kind["precision"],
        batch_size=batch_size,
        max_pixels=max_pixels,
        align="alignment" in kind,
    ):
        yield Shard(kind, tuple(keys[computed : computed + len(batch)]), torch.from_numpy(batch))
        computed += len(batch)


def _each_written(shards: Iterable[Shard], write: Callable[[Shard], object], device: str) -> Iterator[Shard]:
    """Yield each shard, in order, when `write` has been called with it.

    With CUDA several are written at the same time: a batch is computed there faster than one core hashes its features.
    """

    def written(shard: Shard) -> Shard:
        write(shard)
        return shard

    if device != "cuda":
        yield from map(written, shards)
        return
    writers = min(cores(), _MOST_WRITERS)
    with worker_pool(writers, 1) as pool:
        yield from in_order(pool, written, shards, writers)


class _Table:
    """The requested features, a row for each photo, and which rows are missing. Copies of a file get equal rows."""

    def __init__(self, photos: Sequence[Photo], numbers: int, on_photo: OnPhoto) -> None:
        self.features = np.empty((len(photos), VIEWS, numbers), np.float32)
        self._photos, self._on_photo = photos, on_photo
        self._rows: dict[str, list[int]] = {}  # key -> rows that are missing
        for row, photo in enumerate(photos):
            self._rows.setdefault(photo.key, []).append(row)

    def fill(self, keys: Sequence[str], features: NDArray[np.float32]) -> None:
        for key, of_photo in zip(keys, features, strict=True):
            for row in self._rows.pop(key, ()):
                self.features[row] = of_photo
                self._on_photo()

    def missing(self) -> list[Photo]:
        return [self._photos[rows[0]] for rows in self._rows.values()]


class _ShardWriter:
    """Writes shards until one cannot be written; then warns once, and writes no more. Several threads may use it."""

    def __init__(self, folder: Path, on_warning: OnWarning) -> None:
        self._folder, self._on_warning = folder, on_warning
        self._failed, self._one = False, Lock()
        with suppress(StorageError):
            remove_leftovers(folder)

    def write(self, shard: Shard) -> None:
        if self._failed:
            return
        try:
            add_shard(self._folder, shard)
        except StorageError as error:
            with self._one:
                failed, self._failed = self._failed, True
            if not failed:
                self._on_warning(f"features are not kept, the next run computes them again: {error}")
