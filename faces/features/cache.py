"""Features computed once: what is known of a photo is found beside the data set, and only what is missing is computed.

A photo is known by the SHA-256 of its file, its features by all that decides them (`kind_of`): a new photo, other
weights or another size compute what changed and nothing else. Batches are kept one by one, in order, so a run that is
killed leaves whole batches, and the next one computes the same batches an unbroken run would have.
`features_of` hands features out, `keep_features` sees to it that they are there and holds a batch at a time.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.atomic_write import remove_leftovers
from data.photos.folder import Photo
from data.photos.images import FILTER
from errors import StorageError
from faces.backbones.backbone import Backbone
from faces.backbones.precision import Precision, choose_precision
from faces.features.extract import BATCH_SIZE, extract
from faces.features.shards import Shard, add_shard, read_shards, remove_shard

VERSION = 1  # raise it when the same photo and the same weights come to give other features
VIEWS = 2  # a photo and its mirror image

OnPhoto = Callable[[], None]
Complain = Callable[[str], None]


def features_of(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    device: str = "cpu",
    precision: Precision | None = None,
    batch_size: int = BATCH_SIZE,
    max_pixels: int | None = None,
    on_photo: OnPhoto = lambda: None,
    complain: Complain = lambda line: None,
) -> NDArray[np.float32]:
    """Return the features of `photos` of the data set `folder` and of their mirror images: (N, 2, numbers).

    `on_photo` is called for each of the N. Where the disk keeps nothing all is computed, and `complain` is told why,
    once. Raises UsageError for a size the network does not take, DatasetError naming a photo that is not an image.
    """
    kind = kind_of(backbone, precision or choose_precision(device))
    table = _Table(photos, backbone.numbers, on_photo)
    for shard in kept(folder, kind, backbone.numbers):
        table.fill(shard.photos, shard.features.numpy())
    keep = _Keeper(folder, complain)
    for shard in _computed(folder, table.missing(), backbone, kind, device, batch_size, max_pixels):
        keep(shard)
        table.fill(shard.photos, shard.features.numpy())
    return table.features


def keep_features(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    device: str = "cpu",
    precision: Precision | None = None,
    batch_size: int = BATCH_SIZE,
    max_pixels: int | None = None,
    on_photos: Callable[[int], None] = lambda n: None,
) -> int:
    """Compute and keep the features of `photos` that are not kept yet, a batch at a time; return of how many.

    Copies of one file count once. `on_photos` is told of how many more features are kept. Raises as `features_of`,
    and StorageError when the disk refuses.
    """
    kind = kind_of(backbone, precision or choose_precision(device))
    missing = missing_of(folder, photos, backbone, kind)
    on_photos(len(photos) - len(missing))
    if missing:
        remove_leftovers(folder)
    for shard in _computed(folder, missing, backbone, kind, device, batch_size, max_pixels):
        add_shard(folder, shard)
        on_photos(len(shard.photos))
    return len(missing)


def missing_of(folder: Path, photos: Sequence[Photo], backbone: Backbone, kind: dict[str, Any]) -> list[Photo]:
    """The photos without features, the first of each file, in order: `keep_features` cuts its batches from these."""
    first = {photo.sha256: photo for photo in reversed(photos)}
    for shard in kept(folder, kind, backbone.numbers):
        for digest in shard.photos:
            first.pop(digest, None)
    return [photo for photo in photos if first.get(photo.sha256) is photo]


def _computed(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    kind: dict[str, Any],
    device: str,
    batch_size: int,
    max_pixels: int | None,
) -> Iterator[Shard]:
    """Compute the photos' features, in order, one batch per shard; they are not kept yet."""
    if not photos:
        return
    paths, digests = [folder / photo.file for photo in photos], iter([photo.sha256 for photo in photos])
    for batch in extract(
        paths,
        backbone,
        mirror=True,
        device=device,
        precision=kind["precision"],
        batch_size=batch_size,
        max_pixels=max_pixels,
    ):
        yield Shard(kind, tuple(islice(digests, len(batch))), torch.from_numpy(batch))


def forget(folder: Path, photos: Collection[str]) -> int:
    """Remove what is kept of the photos with these SHA-256 from all files of `folder`; return how many files held some.

    A file that is not whole might hold some, and goes. StorageError when the disk refuses: nothing is sure then.
    """
    remove_leftovers(folder)
    found = 0
    for path, shard in read_shards(folder):
        kept = [i for i, photo in enumerate(shard.photos) if photo not in photos] if shard else []
        if shard and len(kept) == len(shard.photos):
            continue
        if shard and kept:
            add_shard(folder, Shard(shard.kind, tuple(shard.photos[i] for i in kept), shard.features[kept]))
        remove_shard(path)
        found += 1
    return found


def kind_of(backbone: Backbone, precision: Precision) -> dict[str, Any]:
    """All that decides a photo's features but the photo, as JSON has it."""
    kind = {"version": VERSION, **backbone.identity(), "filter": FILTER, "mode": "RGB", "precision": precision}
    as_json: dict[str, Any] = json.loads(json.dumps(kind))
    return as_json


def kept(folder: Path, kind: dict[str, Any], numbers: int) -> Iterator[Shard]:
    """The whole shards of this kind; others of its name are of no use to anybody, and go."""
    for path, shard in read_shards(folder, kind):
        if shard and shard.features.shape[1:] == (VIEWS, numbers) and shard.features.dtype == torch.float32:
            yield shard
        else:
            with suppress(StorageError):
                remove_shard(path)


class _Table:
    """The features asked for, one row per photo, and which are still open; copies of one file share their numbers."""

    def __init__(self, photos: Sequence[Photo], numbers: int, on_photo: OnPhoto) -> None:
        self.features = np.empty((len(photos), VIEWS, numbers), np.float32)
        self._photos, self._on_photo = photos, on_photo
        self._rows: dict[str, list[int]] = {}
        for row, photo in enumerate(photos):
            self._rows.setdefault(photo.sha256, []).append(row)

    def fill(self, digests: Sequence[str], numbers: NDArray[np.float32]) -> None:
        for digest, own in zip(digests, numbers, strict=True):
            for row in self._rows.pop(digest, ()):
                self.features[row] = own
                self._on_photo()

    def missing(self) -> list[Photo]:
        return [self._photos[rows[0]] for rows in self._rows.values()]


class _Keeper:
    """Keeps one batch after the other, until the disk refuses."""

    def __init__(self, folder: Path, complain: Complain) -> None:
        self._folder, self._complain = folder, complain
        self._refused = False
        with suppress(StorageError):
            remove_leftovers(folder)

    def __call__(self, shard: Shard) -> None:
        if self._refused:
            return
        try:
            add_shard(self._folder, shard)
        except StorageError as error:
            self._refused = True
            self._complain(f"features are not kept, the next run computes them again: {error}")
