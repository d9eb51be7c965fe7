"""How many of the processor's cores a computation is shared out between."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch compute on so many threads inside the block.

    Two threads that wait for each other after every small step are slower than one, and five times slower when
    another program wants a core too: 43 s against 9 s were seen for the faces' hidden-layer network.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
