"""Random numbers with several ranks: one order of the samples for all, and each rank's own augmentation and dropout."""

from collections.abc import Iterable

import torch
from torch import Generator

from nn.generators import generator_on
from nn.parallel.ranks import Ranks

AUGMENTATION = "augmentation"
_APART = 2**32  # between the seeds of a network's generators and of augmentation, on a device of another kind


class RankGenerators:
    """The random generators of one training.

    `order` shuffles the samples; `own` augments, and dropout may draw from it too.

    One process: both are `generator`. Several: `order` is a copy of it, in the same state on all ranks.

    Where `device`, on which `own` draws, is of another kind than `generator`'s, `own` is a new one there, with another
    seed than those that a network's generators have.

    Of several ranks `own` and the network's generators are seeded again for each epoch e = 1, 2, ... with
    s + e * size + rank, where s is the seed that each came with. So one generator never draws the same numbers on two
    ranks or in two epochs, and a resumed training needs no saved state of the other ranks.
    """

    def __init__(
        self, generator: Generator, of_network: Iterable[Generator], ranks: Ranks, device: torch.device | None = None
    ) -> None:
        self._given, self._ranks = generator, ranks
        self.order = generator
        self.own = generator_on(device or generator.device, generator, apart=_APART)
        self._seeds: list[tuple[Generator, int]] = []
        if ranks.size > 1:
            self.order = Generator(generator.device)
            self.order.set_state(generator.get_state())
            distinct = {id(g): g for g in (self.own, *of_network)}  # a dropout may draw from `own` too
            self._seeds = [(g, g.initial_seed()) for g in distinct.values()]

    @property
    def to_resume(self) -> dict[str, Generator]:
        """Those whose states a resumed training needs, by name: not those that are seeded for each epoch."""
        is_seeded = self.own is self.order or self._ranks.size > 1
        return {"training": self.order} | ({} if is_seeded else {AUGMENTATION: self.own})

    def start_epoch(self, epoch: int) -> None:
        """Seed this rank's own draws for an epoch; the first is 1."""
        for generator, seed in self._seeds:
            generator.manual_seed((seed + epoch * self._ranks.size + self._ranks.rank) % 2**64)

    def finish(self) -> None:
        """Put `generator` into the same state on all ranks, for the next training."""
        if self.order is not self._given:
            self._given.set_state(self.order.get_state())
