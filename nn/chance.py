"""What several ranks draw by chance: the order of the samples together, augmentation and dropout each for itself."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import Generator

from nn.ranks import Ranks


@contextmanager
def chance_of_their_own(
    generator: Generator, others: Iterable[Generator], ranks: Ranks, epoch: int
) -> Iterator[Generator]:
    """Within an epoch: yield what draws the order, the same on all ranks, while `generator` and `others` differ.

    What a rank draws for augmentation and dropout depends on its part of the batches, so the order cannot come from
    the same stream. The order goes on from `generator`'s state; the rank's own streams are seeded by that state, the
    epoch and the rank. At the end `generator` is where the order's stream has come to: equal on all ranks, whichever
    of them saves it. Alone there is but one stream, as ever.
    """
    if ranks.size == 1:
        yield generator
        return
    state = generator.get_state()
    order = Generator(generator.device)
    order.set_state(state)
    own = {id(g): g for g in (generator, *others)}.values()
    for number, stream in enumerate(own):
        words = f"{epoch} {ranks.rank} {number} ".encode() + state.numpy().tobytes()
        stream.manual_seed(int.from_bytes(hashlib.sha256(words).digest()[:8], "big") >> 1)
    yield order
    generator.set_state(order.get_state())
