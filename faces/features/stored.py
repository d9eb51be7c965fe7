"""Features that stay on the disk and are read a few at a time; an index has the shard and the row of each photo.

For sets of photos whose features do not fit into memory. `cache.features_of` is for sets that do; both read and write
the same shards.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from data.photos.folder import Photo
from errors import DatasetError
from faces.backbones.backbone import Backbone
from faces.backbones.precision import choose_precision
from faces.features.cache import VIEWS, cache_features, kind_of, once_per_photo
from faces.features.shards import read_shards
from faces.photos import AT_ONCE, Photos, Places


class StoredFeatures(Photos):
    """The features of N photos, (N, 2, numbers) float32, as an array on the disk: `stored[a:b]` reads some of them.

    Memory holds two integers per photo: `file` (N,), the index of its shard in `files`, and `row` (N,), its row there.
    Reading raises DatasetError when a shard has been removed or damaged since then.
    """

    def __init__(self, files: Sequence[Path], file: NDArray[np.int64], row: NDArray[np.int64], *, numbers: int) -> None:
        self.files, self.numbers = files, numbers
        self._file, self._row = file, row

    def __len__(self) -> int:
        return len(self._file)

    def __getitem__(self, chosen: Places) -> NDArray[np.float32]:
        """Return the features of the chosen photos, in the order of `chosen`, (n, 2, numbers)."""
        features = np.empty((len(self._file[chosen]), VIEWS, self.numbers), np.float32)
        self.read(chosen, features)
        return features

    def read(self, chosen: Places, out: NDArray[np.float32]) -> None:
        """Read the features of the chosen photos into `out` (n, 2, numbers), in the order of `chosen`."""
        file, row = self._file[chosen], self._row[chosen]
        for number in np.unique(file):
            here = np.flatnonzero(file == number)
            out[here] = _read_rows(self.files[number], row[here])

    def take(self, chosen: Places) -> "StoredFeatures":
        """Return the chosen photos; their features stay on the disk."""
        return StoredFeatures(self.files, self._file[chosen], self._row[chosen], numbers=self.numbers)

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """Yield all features, in order, AT_ONCE photos at a time."""
        for start in range(0, len(self), AT_ONCE):
            yield self[start : start + AT_ONCE]

    def layout(self) -> str:
        """Return a digest of the shard and the row of each photo; with the same digest, `blocks` are the same."""
        digest = hashlib.sha256()
        for file, row in zip(self._file, self._row, strict=True):
            digest.update(f"{self.files[file].name} {row}\n".encode())
        return digest.hexdigest()

    def blocks(self) -> list[NDArray[np.int64]]:
        """Return the indices 0..N-1 of the photos, an array for each shard, in the order of its rows."""
        order = np.lexsort((self._row, self._file))
        ends = np.flatnonzero(np.diff(self._file[order])) + 1
        return np.split(order, ends) if len(order) else []


def store_features(
    folder: Path,
    photos: Sequence[Photo],
    backbone: Backbone,
    *,
    device: str = "cpu",
    max_pixels: int | None = None,
    align: bool = False,
    on_photo: Callable[[], None] = lambda: None,
) -> StoredFeatures:
    """Compute the features that are not in the cache, and return those of all photos, on the disk.

    `on_photo` is called once for each photo. Raises as `cache_features` does: StorageError when a shard cannot be
    written, as there is no other place for the features.
    """
    on_photos = once_per_photo(on_photo)
    cache_features(folder, photos, backbone, device=device, max_pixels=max_pixels, align=align, on_photos=on_photos)
    kind = kind_of(backbone, choose_precision(device), align=align)
    files: list[Path] = []
    places: dict[str, tuple[int, int]] = {}  # key of a photo -> its file and row
    for path, shard in read_shards(folder, kind):
        if shard:
            places |= {key: (len(files), row) for row, key in enumerate(shard.photos)}
            files.append(path)
    removed = [photo for photo in photos if photo.key not in places]
    if removed:
        raise DatasetError(
            f"the features of {removed[0].file} in {folder} were removed by another run: run again, one run at a time"
        )
    found = np.array([places[photo.key] for photo in photos], np.int64).reshape(-1, 2)  # (N, 2)
    return StoredFeatures(files, found[:, 0], found[:, 1], numbers=backbone.numbers)


def _read_rows(path: Path, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return these rows of a shard; the file is read from the first of them to the last."""
    first, last = int(rows.min()), int(rows.max())
    try:
        with safe_open(path, framework="np") as file:
            read: NDArray[Any] = file.get_slice("features")[first : last + 1]
    except (OSError, SafetensorError) as error:
        raise DatasetError(f"{path} cannot be read any more ({error}): run again, and it is computed again") from error
    return read[rows - first]
