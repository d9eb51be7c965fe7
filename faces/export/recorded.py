"""What a classifier computes, as a module that torch's tracer can record.

The tracer runs `answers` of the classifier and writes down each operation on tensors, so the layers of `nn` and the
frozen networks are exported as they are. What Python decides while it is recorded is decided for good: the size of a
batch must decide nothing, and `nn.tracing` says where it would.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

EXAMPLES = 2  # images in the batch that is recorded


class Recorded(torch.nn.Module):
    """Images (N, C, H, W), uint8 -> what a classifier answers, a tuple of tensors."""

    def __init__(self, answers: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        super().__init__()
        self._answers = answers
        self.eval()

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """Return the answers."""
        return self._answers(pixels)


def examples(shape: tuple[int, ...]) -> Tensor:
    """Return a batch to be recorded with, (EXAMPLES, *shape), uint8."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (EXAMPLES, *shape), dtype=torch.uint8, generator=generator)


@contextmanager
def recording() -> Iterator[None]:
    """Let torch's tracers work: without the fused attention of vision transformers, which they do not know, and
    without their warnings; the file is run and compared afterwards."""
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
