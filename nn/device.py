"""Where a network is computed: `--device cpu|cuda|auto`."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from errors import UsageError
from nn.parallel import ALONE, Ranks


def choose_device(wanted: str, ranks: Ranks = ALONE) -> str:
    """Return "cpu" or "cuda", the same for all ranks; auto is CUDA if each rank has a device of its own.

    Raises UsageError when `wanted` is cuda and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        own = "" if ranks.size == 1 else f" for process {ranks.rank} of {ranks.size}"
        raise UsageError(f"--device cuda: this torch finds no CUDA device{own}; use --device cpu or auto")
    return "cuda" if ranks.use_gpus(wanted != "cpu" and available) else "cpu"


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """Have convolutions on CUDA, in the block, give the same bits each time, and multiply float32 as it is.

    By default cuDNN rounds float32 to TF32, 10 bits, and a checkpoint's answers would differ from the processor's by
    more than its check allows. Without CUDA it changes nothing.
    """
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield
