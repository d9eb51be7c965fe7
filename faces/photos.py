"""N photos as a network takes them: grey images, or features; in memory, or on the disk where they are too many.

`Classifier.prepare` makes them of images. Who has them already - a training that reads a folder - hands them to `fit`
and `predict` in the place of images.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = slice | NDArray[np.int64]

PIECE = 8 << 20  # bytes of photos in memory that are computed with at a time
AT_ONCE = 256  # photos that are read from the disk together: 18 MiB of AlexNet's features


class Photos(ABC):
    """N prepared photos."""

    @abstractmethod
    def __len__(self) -> int:
        """Return N."""

    @abstractmethod
    def __getitem__(self, chosen: Places) -> NDArray[np.float32]:
        """Return the numbers of some of them, in memory, (n, ...)."""

    @abstractmethod
    def take(self, chosen: Places) -> "Photos":
        """Return some of them, where they are."""

    @abstractmethod
    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """Yield the numbers of all of them, in order, as many at a time as memory allows."""

    def layout(self) -> str:
        """Return a digest by which processes see that they read the same files in the same order; "" in memory."""
        return ""


class PhotoArray(Photos):
    """Photos in memory, (N, ...): `numbers`, or those of its rows that are `chosen`, which are not copied."""

    def __init__(self, numbers: NDArray[Any], chosen: NDArray[np.int64] | None = None) -> None:
        self._all, self._chosen = numbers, chosen

    @property
    def numbers(self) -> NDArray[Any]:
        """All numbers, in memory."""
        return self[:]

    def __len__(self) -> int:
        return len(self._all if self._chosen is None else self._chosen)

    def __getitem__(self, chosen: Places) -> NDArray[np.float32]:
        """Return the numbers of some of them."""
        some: NDArray[np.float32] = self._all[chosen if self._chosen is None else self._chosen[chosen]]
        return some

    def take(self, chosen: Places) -> "PhotoArray":
        """Return some of them, where they are."""
        if isinstance(chosen, slice) and self._chosen is None:
            return PhotoArray(self._all[chosen])
        places = np.arange(len(self), dtype=np.int64) if self._chosen is None else self._chosen
        return PhotoArray(self._all, places[chosen])

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """Yield all of them, PIECE bytes at a time: what is computed of a piece is larger than it."""
        at_once = max(1, PIECE // max(1, self._all[:1].nbytes))
        for start in range(0, max(1, len(self)), at_once):
            yield self[start : start + at_once]
