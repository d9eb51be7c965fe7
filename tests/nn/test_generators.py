"""Generators on another device: only for another kind of device, with the seed they had, shared by those who shared."""

from typing import Any

import pytest
import torch
from torch import Generator

from nn.generators import generator_on
from nn.layers import Columns, Dropout, Layer, MapDropout, ReLU, Sequential

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def network() -> Sequential:
    """Three dropouts of one generator, and one of its own."""
    shared = seeded(3)
    columns = Columns((MapDropout(0.5, generator=shared), None), (MapDropout(0.5, generator=shared), None))
    return Sequential(columns, ReLU(), Dropout(0.5, generator=shared), Dropout(0.5, generator=seeded(4)))


def test_on_the_same_kind_of_device_it_is_the_generator_itself() -> None:
    generator = seeded(1)
    torch.rand(3, generator=generator)
    before = generator.get_state()
    assert generator_on(torch.device("cpu"), generator, apart=5) is generator
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("move", [{"device": "cpu"}, {"dtype": torch.float64}])
def test_a_move_on_the_same_kind_of_device_leaves_generators_alone(move: dict[str, Any]) -> None:
    layer = network()
    before = layer.generators()
    after = layer.to(**move).generators()
    assert all(after[name] is generator for name, generator in before.items())


@pytest.mark.parametrize("make", [network, lambda: Sequential(network(), network())])
def test_a_move_to_another_kind_replaces_each_generator_once(another_kind: str, make: Any) -> None:
    layer: Layer = make()
    before = layer.generators()
    after = layer.to(another_kind).generators()
    assert after.keys() == before.keys()
    for one in before:
        assert after[one] is not before[one]
        assert after[one].initial_seed() == before[one].initial_seed()
        for other in before:
            assert (after[one] is after[other]) == (before[one] is before[other])


@needs_cuda
def test_on_cuda_it_draws_there_from_the_same_seed() -> None:
    one, two = (generator_on(torch.device("cuda"), seeded(7)) for _ in range(2))
    assert one.device.type == "cuda"
    assert one.initial_seed() == 7
    assert torch.equal(*(torch.rand(9, generator=g, device="cuda") for g in (one, two)))
    assert generator_on(torch.device("cuda"), seeded(7), apart=2).initial_seed() == 9


@needs_cuda
@pytest.mark.parametrize("kind", [Dropout, MapDropout])
def test_dropout_on_cuda_drops_its_share_and_its_gradient_with_it(kind: type[Dropout]) -> None:
    layer = kind(0.3, generator=seeded(3)).to("cuda")
    x = torch.ones(200, 50, 3, 3, device="cuda")
    y = layer.forward(x, training=True)
    assert layer.generators()["generator"].device.type == "cuda"
    assert 0.25 < float((y == 0).float().mean()) < 0.35
    assert torch.equal(layer.backward(x), y)
    again = kind(0.3, generator=seeded(3)).to("cuda")
    assert torch.equal(again.forward(x, training=True), y)
