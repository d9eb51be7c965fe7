"""Where the loop's samples come from: a pair of tensors, or any object with the methods of `Batches`."""

from collections.abc import Iterator
from typing import Protocol

from torch import Generator, Tensor, cat, randperm, split

from errors import LayerError
from nn.described import form


class Batches(Protocol):
    """A source of samples that can be read again and again."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def batches(self, size: int, shuffle: Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield every sample once, `size` at a time; the last batch may be smaller.

        The generator `shuffle` draws the order; with None the order is fixed.
        """


Data = tuple[Tensor, Tensor] | Batches


class TensorBatches:
    """Samples in memory: x (N, ...) and targets (N, ...), on the network's device. LayerError if there are none."""

    def __init__(self, x: Tensor, target: Tensor) -> None:
        if len(x) != len(target) or len(x) == 0:
            raise LayerError(
                f"data: {len(x)} samples and {len(target)} targets, expected one target a sample and at least one"
            )
        self.x, self.target = x, target

    def __repr__(self) -> str:
        return f"TensorBatches(({form(self.x)}), ({form(self.target)}))"

    def __len__(self) -> int:
        return len(self.x)

    def batches(self, size: int, shuffle: Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield views in fixed order, copies if shuffled. One batch of all samples is not shuffled and not copied."""
        if shuffle is None or size >= len(self):
            yield from zip(split(self.x, size), split(self.target, size), strict=True)
            return
        order = randperm(len(self), generator=shuffle, device=shuffle.device).to(self.x.device)
        for chosen in split(order, size):
            yield self.x.index_select(0, chosen), self.target.index_select(0, chosen)


def without_single(batches: Iterator[tuple[Tensor, Tensor]], samples: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of so many samples; a last one of a single sample is joined to the one before it.

    A single sample has no variance, which batch normalisation divides by. Batches must have two samples or more but for
    the last.
    """
    for x, target in batches:
        samples -= len(x)
        if samples == 1:
            last_x, last_target = next(batches)
            x, target, samples = cat((x, last_x)), cat((target, last_target)), 0
        yield x, target


def as_batches(data: Data) -> Batches:
    """Return a source as it is, a pair of tensors as TensorBatches."""
    return TensorBatches(*data) if isinstance(data, tuple) else data
