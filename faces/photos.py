"""Photos as a classifier takes them, (N, ...): an array in memory, or one too large for it that stays on the disk."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 256  # photos that are read from the disk together: 18 MiB of AlexNet's features


class StoredPhotos(Protocol):
    """Photos on the disk, of which some are read at a time."""

    def __len__(self) -> int:
        """Return N."""

    def __getitem__(self, chosen: slice) -> NDArray[np.float32]:
        """Return some of them, in memory."""

    def mark(self) -> str:
        """Return what tells whether another process would read the same photos in the same order."""

    def take(self, chosen: slice | NDArray[np.int64]) -> "StoredPhotos":
        """Return some of them, still on the disk."""


Photos = NDArray[Any] | StoredPhotos


def in_memory(photos: Photos) -> NDArray[Any]:
    """Return photos that are in memory, for those who need them all at once."""
    assert isinstance(photos, np.ndarray), "these photos were left on the disk"
    return photos


def take(photos: Photos, chosen: slice | NDArray[np.int64]) -> Photos:
    """Return the photos at these places, wherever they lie."""
    return photos[chosen] if isinstance(photos, np.ndarray) else photos.take(chosen)


def mark(photos: Photos) -> str:
    """Return what tells whether stored photos are the same in another process; nothing for those in memory."""
    return "" if isinstance(photos, np.ndarray) else photos.mark()


def pieces(photos: Photos) -> Iterator[NDArray[Any]]:
    """Yield an array as it is, and stored photos a few at a time."""
    if isinstance(photos, np.ndarray):
        yield photos
        return
    for start in range(0, len(photos), AT_ONCE):
        yield photos[start : start + AT_ONCE]
