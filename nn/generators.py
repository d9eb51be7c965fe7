"""Random generators and devices: each kind of device draws other numbers, also from the same seed.

Drawn on the processor, a dropout's mask would have to be copied to the GPU in every step, which would wait for it.
"""

import torch
from torch import Generator


def generator_on(device: torch.device, generator: Generator, apart: int = 0) -> Generator:
    """Return `generator` if it is on this kind of device, else a new one there with its first seed + `apart`."""
    if generator.device.type == device.type:
        return generator
    return Generator(device).manual_seed((generator.initial_seed() + apart) % 2**64)
