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
from nn.optimisers import SGD, Adam, AdamW, Muon, Optimiser
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
    "muon": Muon,
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
    return x + 0.1 * torch.randn(x.shape, generator=generator, device=x.device)


@dataclass
class Run:
    """A training, the state after each of its epochs as bytes, and what was left in the end."""

    make: MakeOptimiser
    settings: TrainingSettings = SETTINGS
    layer: Layer = field(default_factory=network)
    device: str = "cpu"
    states: list[bytes] = field(default_factory=list)

    def train(self, resume: bytes | None = None, seed: int = 2) -> History:
        return train(
            self.layer,
            CrossEntropy(),
            self.make(self.layer.parameters()),
            Cosine(0.05, steps=EPOCHS * 5),
            self.samples(70, 3),
            settings=self.settings,
            generator=seeded(seed),
            validation=self.samples(40, 4),
            augment=jitter,
            on_epoch=lambda record, state: self.states.append(state().to_bytes()),
            resume=None if resume is None else TrainingState.from_bytes(resume),
        )

    def samples(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        x, target = samples(n, seed)
        return x.to(self.device), target.to(self.device)

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


def with_generators(state: TrainingState, **changed: int | None) -> bytes:
    """The state with generator states of other sizes; None: without this one."""
    tensors = state.tensors | {
        f"generators/{name}": torch.zeros(size or 0, dtype=torch.uint8) for name, size in changed.items()
    }
    gone = {f"generators/{name}" for name, size in changed.items() if size is None}
    return TrainingState({k: t for k, t in tensors.items() if k not in gone}, state.metadata).to_bytes()


@pytest.mark.parametrize(
    "changed",
    [
        {"network.2.generator": 16},
        {"network.2.generator": 16, "augmentation": 16},
        {"augmentation": 16},
        {"training": 16, "network.2.generator": 16},  # an earlier version's order was drawn on the GPU, too
    ],
)
def test_a_training_saved_on_cuda_is_told_by_its_generators(changed: dict[str, int]) -> None:
    message = "saved on cuda, and on cpu dropout and augmentation draw other .* go on with --device cuda, or start anew"
    with pytest.raises(RunError, match=message):
        Run(Adam).train(with_generators(state_of(), **changed))


def test_a_training_saved_on_the_processor_is_told_on_another_device(another_kind: str) -> None:
    message = f"saved on cpu, and on {another_kind} dropout and augmentation draw .* go on with --device cpu, or start"
    with pytest.raises(RunError, match=message):
        Run(Adam, layer=network().to(another_kind)).train(state_of().to_bytes())


def plain(device: str, resume: TrainingState | None = None, epochs: int = 3) -> tuple[list[float], TrainingState]:
    """Train a network without dropout, unaugmented; return its weights and the last state."""
    layer = Sequential(Linear(5, 12, generator=seeded(0)), ReLU(), Linear(12, 3, generator=seeded(0))).to(device)
    states: list[TrainingState] = []
    train(
        layer,
        CrossEntropy(),
        Adam(layer.parameters()),
        Cosine(0.05, steps=15),
        tuple(tensor.to(device) for tensor in samples(70, 3)),  # type: ignore[arg-type]
        settings=TrainingSettings(epochs=epochs, batch_size=16),
        generator=seeded(2),
        on_epoch=lambda record, state: states.append(state()),
        resume=resume,
    )
    return layer.state()["0.weight"].flatten().tolist(), TrainingState.from_bytes(states[-1].to_bytes())


def test_without_dropout_and_augmentation_only_the_order_is_drawn_and_always_on_the_processor() -> None:
    _, state = plain("cpu")
    assert [name for name in state.tensors if name.startswith("generators/")] == ["generators/training"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize(("first", "second"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_without_them_a_training_goes_on_on_another_device(first: str, second: str) -> None:
    unbroken, _ = plain("cpu")
    _, state = plain(first, epochs=1)
    resumed, _ = plain(second, state)
    assert resumed == pytest.approx(unbroken, rel=1e-4, abs=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda_a_resumed_training_is_bit_equal_to_an_unbroken_one() -> None:
    unbroken, first, second = (Run(Adam, layer=network().to("cuda"), device="cuda") for _ in range(3))
    unbroken.train()
    first.settings = replace(SETTINGS, epochs=3)
    first.train()
    second.train(first.states[-1], seed=99)
    assert second.bits() == unbroken.bits()
