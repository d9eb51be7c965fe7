"""How many threads torch computes with."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch compute with so many threads inside the block.

    Small steps are slower with two threads than with one, because the threads wait for each other after each; five
    times slower when another program uses a core: 43 s instead of 9 s for the faces' hidden-layer network.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def worker_pool(workers: int, number: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of so many workers, in each of which torch computes with `number` threads; what has not begun at the
    end of the block is dropped."""
    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(number,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # a new thread starts with the number that any thread has set last
