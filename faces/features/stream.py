"""Batches of features that do not fit into memory: read shard by shard, shuffled within a window of a few shards.

A block is the photos of one shard. In each epoch the order of the blocks is shuffled, then the photos within each
window of blocks: every photo comes once. This shuffle is weaker than one of features in memory: two photos of one shard
come into the same batch more often than by chance. That is the price of bounded memory.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from errors import LayerError
from faces.features.stored import StoredFeatures

WINDOW = 1024  # photos that are shuffled together

Places = NDArray[np.int64]


class FeatureStream:
    """Stored features (N, 2, numbers) with targets (N,), as batches for the training loop.

    `prepare` turns the features of a batch, (n, 2, numbers), into the loop's input. It must return a copy: a view would
    keep the whole window in memory. Memory holds one window and one batch. Blocks are added to a window until it has
    `window` photos or more. Raises LayerError unless there is one target for each photo, and at least one.
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
        """Yield every photo once, `size` at a time; with `shuffle` None in the order of the shards.

        A batch may have photos of two windows: those left over from one, fewer than `size`, are put before the next.
        """
        over, over_places = self._features[:0], np.empty(0, np.int64)
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
                yield _shuffled(gathered, shuffle)
                gathered = []
        if gathered:
            yield _shuffled(gathered, shuffle)


def _shuffled(blocks: list[Places], shuffle: Generator | None) -> Places:
    places = np.concatenate(blocks)
    return places[_order(len(places), shuffle)]


def _order(n: int, shuffle: Generator | None) -> Places:
    if shuffle is None:
        return np.arange(n)
    order: Places = torch.randperm(n, generator=shuffle, device=shuffle.device).cpu().numpy()
    return order
