"""The precision of a backbone: chosen by the instructions that the processor lists, not by measuring.

A measurement could come out differently the next time; the same machine must always choose the same precision, which is
part of the cache key of the features.
"""

from pathlib import Path
from typing import Literal

import torch

Precision = Literal["float32", "bfloat16"]
CPUINFO = Path("/proc/cpuinfo")
_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})  # instructions that multiply bfloat16 at twice the float32 rate or more


def choose_precision(device: str) -> Precision:
    """Return bfloat16 where the device multiplies it faster than float32, else float32; device is "cpu" or "cuda"."""
    fast = torch.cuda.is_bf16_supported() if device == "cuda" else _cpu_multiplies_bfloat16()
    return "bfloat16" if fast else "float32"


def _cpu_multiplies_bfloat16() -> bool:
    """Return whether Linux lists such an instruction; False on other systems, where float32 is only slower."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and not _FLAGS.isdisjoint(line.split()) for line in lines)
