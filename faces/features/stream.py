"""Batches of features that are too many for memory: read block by block, shuffled within a window of a few blocks.

A block is the photos of one shard. The blocks come in a drawn order, and the photos of a window of them are mixed:
every photo once an epoch, in an order that a generator decides. It is not as good a shuffle as that of features in
memory - two photos of one shard meet in a batch more often than by chance - which is what bounded memory costs.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from errors import LayerError
from faces.features.stored import StoredFeatures

WINDOW = 1024  # photos that are mixed: 72 MiB

Places = NDArray[np.int64]


class FeatureStream:
    """Stored features (N, 2, numbers) and targets (N,); `prepare` makes of a batch's features what the loop is given.

    That is to be a copy: while the loop held a part of a window, memory would hold the window for it.
    Memory holds one window and a batch; a window is the first few blocks that are `window` photos or more.
    """

    def __init__(
        self,
        features: StoredFeatures,
        target: Tensor,
        prepare: Callable[[NDArray[np.float32]], Tensor],
        *,
        window: int = WINDOW,
    ) -> None:
        if len(features) != len(target) or len(features) == 0:
            raise LayerError(
                f"data: {len(features)} samples and {len(target)} targets, expected one target a sample and at least "
                "one"
            )
        self._features, self._target, self._prepare, self._window = features, target, prepare, window

    def __len__(self) -> int:
        return len(self._features)

    def batches(self, size: int, shuffle: Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every photo once, `size` at a time, across the windows; unshuffled in the order of the files."""
        over, over_places = self._features[:0], np.empty(0, np.int64)  # what a window left over, less than a batch
        for window in self._windows(shuffle):
            places = np.concatenate((over_places, window))
            features = np.empty((len(places), *over.shape[1:]), np.float32)
            features[: len(over)] = over
            self._features.read(window, out=features[len(over) :])
            whole = len(places) // size * size
            for start in range(0, whole, size):
                yield self._batch(features[start : start + size], places[start : start + size])
            over, over_places = features[whole:].copy(), places[whole:]
            del features  # before the next window is read
        if len(over):
            yield self._batch(over, over_places)

    def _batch(self, features: NDArray[np.float32], places: Places) -> tuple[Tensor, Tensor]:
        chosen = torch.from_numpy(places).to(self._target.device)
        return self._prepare(features), self._target.index_select(0, chosen)

    def _windows(self, shuffle: Generator | None) -> Iterator[Places]:
        blocks = self._features.blocks()
        gathered: list[Places] = []
        for number in _order(len(blocks), shuffle):
            gathered.append(blocks[number])
            if sum(map(len, gathered)) >= self._window:
                yield _mixed(gathered, shuffle)
                gathered = []
        if gathered:
            yield _mixed(gathered, shuffle)


def _mixed(blocks: list[Places], shuffle: Generator | None) -> Places:
    places = np.concatenate(blocks)
    return places[_order(len(places), shuffle)]


def _order(n: int, shuffle: Generator | None) -> Places:
    if shuffle is None:
        return np.arange(n)
    order: Places = torch.randperm(n, generator=shuffle, device=shuffle.device).cpu().numpy()
    return order
