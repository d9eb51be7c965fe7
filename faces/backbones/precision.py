"""In which numbers the convolutions are computed: decided by what the processor says of itself, never by a stopwatch.

The same machine must give the same features twice, and they are kept in a cache under their precision.
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
    """Linux lists a processor's instructions; elsewhere the answer is no, which costs time alone."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(line.startswith("flags") and not _FLAGS.isdisjoint(line.split()) for line in lines)
