"""One thread for all tests here: their steps are small, and two threads would mostly wait for each other."""

from collections.abc import Iterator

import pytest
import torch
from torch import Generator

from nn.threads import threads


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with threads(1):
        yield


@pytest.fixture
def another_kind(monkeypatch: pytest.MonkeyPatch) -> str:
    """The device "meta", which torch makes no generators for, as one of another kind than the processor."""
    there: list[Generator] = []

    def made(device: torch.device, generator: Generator, apart: int = 0) -> Generator:
        if device.type == "cpu" or any(generator is own for own in there):
            return generator
        there.append(Generator().manual_seed(generator.initial_seed() + apart))
        return there[-1]

    for user in ("nn.layers.base", "nn.parallel.generators"):
        monkeypatch.setattr(f"{user}.generator_on", made)
    return "meta"
