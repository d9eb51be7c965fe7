"""Random numbers with several ranks: one order of the samples for all, and each rank's own augmentation and dropout."""

from collections.abc import Iterable

from torch import Generator

from nn.parallel.ranks import Ranks


class RankGenerators:
    """The random generators of one training.

    `order` shuffles the samples; `own` augments, and dropout may draw from it too.

    One process: both are `generator`.

    Several: `order` is a copy of `generator`, in the same state on all ranks. `own` is `generator`. It and those of
    the network are seeded again for each epoch e = 1, 2, ... with s + e * size + rank, where s is the seed that each
    came with. So one generator never draws the same numbers on two ranks or in two epochs, and a resumed training
    needs no saved state of the other ranks.
    """

    def __init__(self, generator: Generator, of_network: Iterable[Generator], ranks: Ranks) -> None:
        self.order, self.own, self._ranks = generator, generator, ranks
        self._seeds: list[tuple[Generator, int]] = []
        if ranks.size > 1:
            self.order = Generator(generator.device)
            self.order.set_state(generator.get_state())
            distinct = {id(g): g for g in (generator, *of_network)}  # a dropout may draw from `generator` too
            self._seeds = [(g, g.initial_seed()) for g in distinct.values()]

    def start_epoch(self, epoch: int) -> None:
        """Seed this rank's own draws for an epoch; the first is 1."""
        for generator, seed in self._seeds:
            generator.manual_seed((seed + epoch * self._ranks.size + self._ranks.rank) % 2**64)

    def finish(self) -> None:
        """Put `generator` into the same state on all ranks, for the next training."""
        if self.order is not self.own:
            self.own.set_state(self.order.get_state())
