"""Features that stay on the disk: where each photo's lie in the shards, and a few of them read when they are asked for.

For sets of photos whose features do not fit into memory; `cache.features_of` is for those that do, and both find the
same shards.
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
from faces.features.cache import VIEWS, keep_features, kind_of
from faces.features.shards import read_shards
from faces.photos import AT_ONCE, Photos, Places


class StoredFeatures(Photos):
    """The features of N photos, (N, 2, numbers) float32, as an array on the disk: `stored[a:b]` reads a few.

    Memory holds two numbers a photo. A file that is gone or cut since it was found raises DatasetError.
    """

    def __init__(self, files: Sequence[Path], file: NDArray[np.int64], row: NDArray[np.int64], *, numbers: int) -> None:
        self.files, self.numbers = files, numbers
        self._file, self._row = file, row  # (N,) each: in which file a photo's features are, and in which row of it

    def __len__(self) -> int:
        return len(self._file)

    def __getitem__(self, chosen: Places) -> NDArray[np.float32]:
        """Return some of them, in the order asked for, in memory."""
        features = np.empty((len(self._file[chosen]), VIEWS, self.numbers), np.float32)
        self.read(chosen, features)
        return features

    def read(self, chosen: Places, out: NDArray[np.float32]) -> None:
        """Read some of them into `out`, in the order asked for."""
        file, row = self._file[chosen], self._row[chosen]
        for number in np.unique(file):
            here = np.flatnonzero(file == number)
            out[here] = _read_rows(self.files[number], row[here])

    def take(self, chosen: Places) -> "StoredFeatures":
        """Return some of them, still on the disk."""
        return StoredFeatures(self.files, self._file[chosen], self._row[chosen], numbers=self.numbers)

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """Yield all of them, AT_ONCE at a time."""
        for start in range(0, len(self), AT_ONCE):
            yield self[start : start + AT_ONCE]

    def layout(self) -> str:
        """Return a digest of where each photo's features are: `blocks` of equal ones are equal."""
        digest = hashlib.sha256()
        for file, row in zip(self._file, self._row, strict=True):
            digest.update(f"{self.files[file].name} {row}\n".encode())
        return digest.hexdigest()

    def blocks(self) -> list[NDArray[np.int64]]:
        """Return the places 0..N-1 of the photos, those of a file together and in the file's order."""
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
    on_photo: Callable[[], None] = lambda: None,
) -> StoredFeatures:
    """Compute and keep what is missing, and return where the features of all photos lie, in verified files.

    Raises as `keep_features` does: StorageError when the disk refuses, for there is no other place for them.
    """
    keep_features(folder, photos, backbone, device=device, max_pixels=max_pixels, on_photos=each(on_photo))
    kind = kind_of(backbone, choose_precision(device))
    files: list[Path] = []
    places: dict[str, tuple[int, int]] = {}  # SHA-256 of a photo -> its file and row
    for path, shard in read_shards(folder, kind):
        if shard:
            places |= {digest: (len(files), row) for row, digest in enumerate(shard.photos)}
            files.append(path)
    lost = [photo for photo in photos if photo.sha256 not in places]
    if lost:
        raise DatasetError(
            f"the features of {lost[0].file} in {folder} are gone again: run once more, and one at a time"
        )
    found = np.array([places[photo.sha256] for photo in photos], np.int64).reshape(-1, 2)  # (N, 2)
    return StoredFeatures(files, found[:, 0], found[:, 1], numbers=backbone.numbers)


def each(on_photo: Callable[[], None]) -> Callable[[int], None]:
    """Make of what is called for each photo what is told their number."""

    def on_photos(n: int) -> None:
        for _ in range(n):
            on_photo()

    return on_photos


def _read_rows(path: Path, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Read the stretch of the file that holds these rows."""
    first, last = int(rows.min()), int(rows.max())
    try:
        with safe_open(path, framework="np") as file:
            stretch: NDArray[Any] = file.get_slice("features")[first : last + 1]
    except (OSError, SafetensorError) as error:
        raise DatasetError(f"{path} cannot be read any more ({error}): run again, it is computed anew") from error
    return stretch[rows - first]
