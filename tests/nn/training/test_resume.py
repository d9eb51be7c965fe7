"""A resumed training is bit-equal to an unbroken one: with dropout, shuffling, augmentation and early stopping."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from errors import RunError
from nn.layers import Dropout, Layer, Linear, ReLU, Sequential
from nn.losses import CrossEntropy
from nn.optimisers import SGD, Adam, AdamW, Optimiser
from nn.parameter import Parameter
from nn.schedules import Cosine
from nn.training import History, TrainingSettings, TrainingState, train

EPOCHS = 8
SETTINGS = TrainingSettings(epochs=EPOCHS, batch_size=16, patience=4)
MakeOptimiser = Callable[[dict[str, Parameter]], Optimiser]
OPTIMISERS: dict[str, MakeOptimiser] = {
    "sgd": SGD,
    "momentum": lambda p: SGD(p, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": Adam,
    "adamw": AdamW,
}


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def network() -> Sequential:
    drop = Dropout(0.3, generator=seeded(1))
    return Sequential(Linear(5, 12, generator=seeded(0)), ReLU(), drop, Linear(12, 3, generator=seeded(0)))


def samples(n: int, seed: int) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, 5, generator=seeded(seed))
    return x, x[:, :3].argmax(1)


def jitter(x: Tensor, generator: Generator) -> Tensor:
    return x + 0.1 * torch.randn(x.shape, generator=generator)


@dataclass
class Run:
    """A training, the state after each of its epochs as bytes, and what was left in the end."""

    make: MakeOptimiser
    settings: TrainingSettings = SETTINGS
    layer: Layer = field(default_factory=network)
    states: list[bytes] = field(default_factory=list)

    def train(self, resume: bytes | None = None, seed: int = 2) -> History:
        return train(
            self.layer,
            CrossEntropy(),
            self.make(self.layer.parameters()),
            Cosine(0.05, steps=EPOCHS * 5),
            samples(70, 3),
            settings=self.settings,
            generator=seeded(seed),
            validation=samples(40, 4),
            augment=jitter,
            on_epoch=lambda record, state: self.states.append(state().to_bytes()),
            resume=None if resume is None else TrainingState.from_bytes(resume),
        )

    def bits(self) -> dict[str, list[float]]:
        return {name: value.flatten().tolist() for name, value in self.layer.state().items()}


def measured(history: History) -> list[dict[str, Any]]:
    """Return the records without their wall-clock time."""
    return [record.to_json() | {"seconds": None} for record in history.records]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("stop_after", [1, 3, EPOCHS])
def test_a_resumed_training_is_bit_equal_to_an_unbroken_one(optimiser: str, stop_after: int) -> None:
    make = OPTIMISERS[optimiser]
    unbroken, first, second = Run(make), Run(make, replace(SETTINGS, epochs=stop_after)), Run(make)
    whole = unbroken.train()
    first.train()
    resumed = second.train(first.states[-1], seed=99)
    assert second.bits() == unbroken.bits()
    assert measured(resumed) == measured(whole)
    assert (resumed.best_epoch, resumed.stopped_early) == (whole.best_epoch, whole.stopped_early)


def test_a_training_that_stopped_early_stays_stopped() -> None:
    settings = replace(SETTINGS, patience=1, monitor="validation_accuracy", epochs=50)
    unbroken, again = Run(Adam, settings), Run(Adam, settings)
    whole = unbroken.train()
    assert whole.stopped_early
    resumed = again.train(unbroken.states[-1])
    assert measured(resumed) == measured(whole)
    assert again.bits() == unbroken.bits()


def test_a_snapshot_does_not_change_while_training_goes_on() -> None:
    layer = network()
    taken: list[tuple[TrainingState, bytes]] = []

    def on_epoch(record: object, state: Callable[[], TrainingState]) -> None:
        snapshot = state()
        taken.append((snapshot, snapshot.to_bytes()))

    train(
        layer,
        CrossEntropy(),
        Adam(layer.parameters()),
        Cosine(0.05, steps=99),
        samples(70, 3),
        settings=SETTINGS,
        generator=seeded(2),
        validation=samples(40, 4),
        on_epoch=on_epoch,
    )
    assert all(snapshot.to_bytes() == data for snapshot, data in taken)
    assert len({data for _, data in taken}) == len(taken)


def test_the_same_training_gives_the_same_bytes_but_for_the_clock() -> None:
    one, two = Run(Adam), Run(Adam)
    one.train()
    two.train()
    for a, b in zip(one.states, two.states, strict=True):
        first, second = TrainingState.from_bytes(a), TrainingState.from_bytes(b)
        assert all(torch.equal(tensor, second.tensors[name]) for name, tensor in first.tensors.items())


def state_of(make: MakeOptimiser = Adam) -> TrainingState:
    run = Run(make, replace(SETTINGS, epochs=1))
    run.train()
    return TrainingState.from_bytes(run.states[-1])


def without(state: TrainingState, name: str) -> bytes:
    tensors = {k: v for k, v in state.tensors.items() if k != name}
    return TrainingState(tensors, {k: v for k, v in state.metadata.items() if k != name}).to_bytes()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("parameters/0.weight", r"parameters do not fit this network: 0\.weight is missing"),
        ("optimiser/m/3.bias", r"steps of Adam do not fit this network: m/3\.bias is missing"),
        ("generators/network.2.generator", r"generators do not fit this network: network\.2\.generator is missing"),
        ("step", "holds no training to go on with: KeyError"),
        ("early_stopping", "holds no training to go on with: KeyError"),
        ("history", "holds no training to go on with: KeyError"),
    ],
)
def test_an_incomplete_state_is_refused(missing: str, message: str) -> None:
    with pytest.raises(RunError, match=message):
        Run(Adam).train(without(state_of(), missing))


def test_a_state_of_another_optimiser_is_refused() -> None:
    with pytest.raises(RunError, match="steps of SGD do not fit this network"):
        Run(SGD).train(state_of(Adam).to_bytes())


@pytest.mark.parametrize("size", [16, 9000])
def test_a_state_of_another_device_is_told_by_its_generators(size: int) -> None:
    run = Run(SGD)
    run.train()
    state = TrainingState.from_bytes(run.states[0])
    tensors = {
        k: torch.zeros(size, dtype=torch.uint8) if k.startswith("generators/") else t for k, t in state.tensors.items()
    }
    with pytest.raises(RunError, match=r"saved on another kind of device.*--device"):
        Run(SGD).train(TrainingState(tensors, state.metadata).to_bytes())
