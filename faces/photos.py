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
    """Photos in memory, (N, ...)."""

    def __init__(self, numbers: NDArray[Any]) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, chosen: Places) -> NDArray[np.float32]:
        """Return the numbers of some of them."""
        some: NDArray[np.float32] = self.numbers[chosen]
        return some

    def take(self, chosen: Places) -> "PhotoArray":
        """Return some of them."""
        return PhotoArray(self.numbers[chosen])

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """Yield all at once."""
        yield self.numbers
