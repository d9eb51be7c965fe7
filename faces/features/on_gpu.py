"""Features on a GPU: while it computes a batch, the next one is copied to it, and the results of the last one back.

Copies run beside the GPU's computing only between it and page-locked memory. torch keeps such memory and uses it again,
as soon as the copies that use it have ended.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_AHEAD = 1  # batches that are begun before the results of one are waited for


class Copies(Protocol):
    """How batches come to the GPU and their results back; neither waits for the GPU."""

    def send(self, crops: NDArray[np.uint8]) -> Tensor:
        """Return crops (n, size, size, 3) as (n, 3, size, size) on the GPU; theirs may be overwritten then."""

    def fetch(self, numbers: Tensor) -> Callable[[], Tensor]:
        """Begin to copy the numbers; return what waits for the end of it and returns them, on the CPU."""


class CudaCopies:
    """Copies to a CUDA device on a stream of their own; copies back are in the order of its computing."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._computing = torch.cuda.current_stream(device)
        self._copying = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def send(self, crops: NDArray[np.uint8]) -> Tensor:
        """Do as `Copies` says."""
        locked = torch.empty(crops.shape, dtype=torch.uint8, pin_memory=True)
        locked.numpy()[:] = crops
        with torch.cuda.stream(self._copying):
            pixels = locked.to(self._device, non_blocking=True)
        self._computing.wait_stream(self._copying)
        pixels.record_stream(self._computing)  # its memory is used again only after the computing
        return pixels.permute(0, 3, 1, 2)

    def fetch(self, numbers: Tensor) -> Callable[[], Tensor]:
        """Do as `Copies` says."""
        locked = torch.empty(numbers.shape, dtype=numbers.dtype, pin_memory=True)
        locked.copy_(numbers, non_blocking=True)
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record(self._computing)

        def fetched() -> Tensor:
            copied.synchronize()
            return locked

        return fetched


def compute_ahead(
    compute: Callable[[Tensor], Tensor], batches: Iterable[NDArray[np.uint8]], copies: Copies
) -> Iterator[Tensor]:
    """Yield `compute` of each batch of crops, in order and on the CPU, a batch behind what has been begun."""
    begun: deque[Callable[[], Tensor]] = deque()
    for crops in batches:
        begun.append(copies.fetch(compute(copies.send(crops))))
        if len(begun) > _AHEAD:
            yield begun.popleft()()
    while begun:
        yield begun.popleft()()
