"""Where a network is computed: `--device cpu|cuda|auto`."""

import torch

from errors import UsageError


def choose_device(wanted: str) -> str:
    """Return "cpu" or "cuda"; auto takes CUDA where there is one. UsageError when CUDA is asked for and missing."""
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise UsageError("--device cuda: this torch finds no CUDA device; use --device cpu or auto")
    return "cuda" if wanted != "cpu" and available else "cpu"
