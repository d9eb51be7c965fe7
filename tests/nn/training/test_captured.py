"""A captured training is the plain one: each test runs on the CPU with a stand-in for the graph, and on a GPU with one.

On the CPU the two differ by the rounding of a product with the learning rate, which a graph reads from memory.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

import nn.training.loop
from nn.layers import (
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    GradientMeter,
    L2Pool2d,
    Layer,
    LeakyReLU,
    Linear,
    MaxPool2d,
    Reshape,
    Sequential,
)
from nn.layers.operation import Operation
from nn.losses import MSE, CrossEntropy, Loss, SquaredError
from nn.optimisers import SGD, Adam, AdamW, Muon, Optimiser
from nn.parallel import ALONE, Ranks, SharedGradients
from nn.parameter import Parameter
from nn.schedules import Cosine
from nn.training import History, TrainingSettings, TrainingState, correct, train
from nn.training.captured import WARM_UP, CapturedStep, Graph, graph_for
from nn.training.evaluation import ScoreSums
from nn.training.step import Step
from tests.nn.training.recorded_graph import RecordedGraph, address

REL, ABS = 1e-9, 1e-11  # of float64 after some dozens of steps; on a GPU sums have another order
EPOCHS = 4
MakeLayers = Callable[[Generator, str], list[Layer]]
on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=on_cuda)])


def seeded(seed: int, device: str = "cpu") -> Generator:
    return Generator(device).manual_seed(seed)


def dense(g: Generator, device: str) -> list[Layer]:
    return [Linear(16, 8, generator=g), LeakyReLU(), Linear(8, 3, generator=g)]


def dropped(g: Generator, device: str) -> list[Layer]:
    drop = Dropout(0.3, generator=seeded(5, device))
    return [Linear(16, 8, generator=g), LeakyReLU(), drop, Linear(8, 3, generator=g)]


def normalised(g: Generator, device: str) -> list[Layer]:
    return [Linear(16, 8, generator=g), BatchNorm(8), LeakyReLU(), Linear(8, 3, generator=g)]


def convolved(g: Generator, device: str) -> list[Layer]:
    first: list[Layer] = [Reshape(1, 4, 4), Conv2d(1, 3, 3, padding=1, generator=g), BatchNorm(3), MaxPool2d(2)]
    return [*first, Conv2d(3, 3, 1, generator=g), L2Pool2d(2, 1), Flatten(), Linear(3, 3, generator=g)]


def measured(g: Generator, device: str) -> list[Layer]:
    return [Reshape(1, 4, 4), Conv2d(1, 3, 3, generator=g), GradientMeter(), Flatten(), Linear(12, 3, generator=g)]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A network, an optimiser, a loss and batches."""

    layers: MakeLayers = dense
    optimiser: Callable[[dict[str, Parameter]], Optimiser] = SGD
    loss: Callable[[], Loss] = CrossEntropy
    samples: int = 20
    batch_size: int = 5
    options: dict[str, Any] = field(default_factory=dict)


WEIGHTS = torch.tensor([1.0, 2.0, 0.5])
CASES = {
    "sgd": Case(),
    "sgd, decay": Case(optimiser=partial(SGD, weight_decay=0.1)),
    "momentum": Case(optimiser=partial(SGD, momentum=0.9)),
    "nesterov, decay": Case(optimiser=partial(SGD, momentum=0.9, nesterov=True, weight_decay=0.1)),
    "adam": Case(optimiser=Adam),
    "adam, decay": Case(optimiser=partial(Adam, weight_decay=0.1, decay_biases=True)),
    "adamw": Case(optimiser=partial(AdamW, weight_decay=0.1)),
    "muon": Case(optimiser=Muon),
    "dropout": Case(layers=dropped, optimiser=Adam),
    "dropout, a last smaller batch": Case(layers=dropped, samples=23),
    "batch normalisation": Case(layers=normalised, optimiser=Adam),
    "batch normalisation, a last larger batch": Case(layers=normalised, samples=21),
    "convolutions and poolings": Case(layers=convolved, samples=22),
    "a last single sample": Case(samples=21),
    "one sample a step": Case(layers=measured, samples=6, batch_size=1, loss=partial(SquaredError, reduction="sum")),
    "one sample a step, momentum": Case(samples=6, batch_size=1, optimiser=partial(SGD, momentum=0.5)),
    "all samples in a step": Case(batch_size=20),
    "fixed order": Case(samples=23, options={"shuffle": False}),
    "class weights and smoothing": Case(
        loss=partial(CrossEntropy, class_weights=WEIGHTS, label_smoothing=0.1), samples=23
    ),
    "numbers as targets": Case(loss=MSE),
    "the best epoch restored": Case(options={"patience": 1}, optimiser=partial(SGD, momentum=0.9)),
}
each = pytest.mark.parametrize("name", CASES)


def points(n: int, seed: int, device: str) -> tuple[Tensor, Tensor]:
    x = torch.randn(n, 16, generator=seeded(seed), dtype=torch.float64)
    return x.to(device), x[:, :3].argmax(1).to(device)


@dataclass
class Run:
    """A training, what it measured, and the states after each of its epochs."""

    case: Case
    device: str = "cpu"
    states: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        layers = self.case.layers(seeded(0), self.device)
        self.network = Sequential(*layers).to(device=self.device, dtype=torch.float64)
        self.optimiser = self.case.optimiser(self.network.parameters())

    def train(self, resume: bytes | None = None, metric: Any = correct, **settings: Any) -> History:
        options = {"epochs": EPOCHS, "batch_size": self.case.batch_size} | self.case.options | settings
        return train(
            self.network,
            self.case.loss(),
            self.optimiser,
            Cosine(0.05, steps=EPOCHS * 6, warm_up=2),
            points(self.case.samples, 3, self.device),
            settings=TrainingSettings(**options),
            generator=seeded(2),
            validation=points(12, 4, self.device),
            metric=metric,
            on_epoch=lambda record, state: self.states.append(state().to_bytes()),
            resume=None if resume is None else TrainingState.from_bytes(resume),
        )


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[RecordedGraph]:
    """The graphs that trainings ask for: on the CPU the stand-in, on a GPU its own."""
    made: list[RecordedGraph] = []

    def graph(step: Step) -> Graph | None:
        if torch.device("cpu") not in {value.device for value in step.network.state().values()}:
            return graph_for(step)
        made.append(RecordedGraph(step.network.generators().values()))
        return made[-1]

    monkeypatch.setattr(nn.training.loop, "graph_for", graph)
    return made


def same(run: Run, history: History, plain: Run, expected: History) -> None:
    """The two trainings measured and left the same."""
    for record, other in zip(history.records, expected.records, strict=True):
        numbers, others = record.to_json() | {"seconds": 0.0}, other.to_json() | {"seconds": 0.0}
        assert numbers == pytest.approx(others, rel=REL, abs=ABS)
    assert (history.best_epoch, history.stopped_early) == (expected.best_epoch, expected.stopped_early)
    same_tensors(run.network.state(), plain.network.state())
    same_tensors(run.optimiser.state(), plain.optimiser.state())


def same_tensors(got: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert got.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(got[name], tensor, rtol=REL, atol=ABS)


@devices
@each
def test_it_learns_what_the_plain_training_learns(name: str, device: str, graphs: list[RecordedGraph]) -> None:
    run, plain = Run(CASES[name], device), Run(CASES[name], device)
    same(run, run.train(), plain, plain.train(capture=False))
    assert [(graph.recordings, graph.replays > 0) for graph in graphs] == ([(1, True)] if device == "cpu" else [])
    assert all(parameter.grad is None for parameter in run.network.parameters().values())


@devices
def test_the_gradients_that_were_measured_are_the_same(device: str, graphs: list[RecordedGraph]) -> None:
    sums = []
    for capture in (True, False):
        run = Run(CASES["one sample a step"], device)
        run.train(capture=capture)
        meter = run.network.layers[2]
        assert isinstance(meter, GradientMeter)
        sums.append(meter.take())
        assert meter.take() == 0
    assert sums[0] == pytest.approx(sums[1], rel=1e-9)


@devices
@pytest.mark.parametrize("name", ["dropout, a last smaller batch", "adamw", "batch normalisation"])
def test_a_resumed_training_is_the_unbroken_one(name: str, device: str, graphs: list[RecordedGraph]) -> None:
    unbroken, resumed = Run(CASES[name], device), Run(CASES[name], device)
    expected = unbroken.train()
    same(resumed, resumed.train(resume=unbroken.states[1]), unbroken, expected)
    assert all(graph.replays > 0 for graph in graphs)


def test_the_usual_batches_are_replayed_and_the_others_are_not(graphs: list[RecordedGraph]) -> None:
    Run(CASES["dropout, a last smaller batch"]).train()  # four usual batches an epoch
    assert (graphs[0].asides, graphs[0].replays) == (WARM_UP, EPOCHS * 4 - WARM_UP)


def test_it_is_chosen_for_a_network_on_a_gpu_alone() -> None:
    assert graph_for(step_of(Run(CASES["sgd"]))) is None
    assert graph_for(step_of(Run(CASES["dropout"]))) is None


def test_the_setting_turns_it_off(graphs: list[RecordedGraph]) -> None:
    Run(CASES["sgd"]).train(capture=False)
    assert graphs == []


@on_cuda
def test_on_a_gpu_it_is_left_out_where_it_would_not_be_the_same() -> None:
    assert graph_for(step_of(Run(CASES["dropout"], "cuda"))) is not None
    assert graph_for(step_of(Run(CASES["sgd"], "cuda"), Ranks(0, 2))) is None
    elsewhere = Run(CASES["sgd"], "cuda")
    elsewhere.network = Sequential(*elsewhere.network.layers, Dropout(generator=seeded(0)))
    assert graph_for(step_of(elsewhere)) is None
    halves = Run(CASES["sgd"], "cuda")
    halves.optimiser = SGD(halves.network.to(dtype=torch.bfloat16).parameters())
    assert graph_for(step_of(halves)) is None
    partly = Run(CASES["sgd"], "cuda")
    partly.optimiser = SGD({"weight": partly.network.parameters()["2.weight"]})
    assert graph_for(step_of(partly)) is None


def step_of(run: Run, ranks: Ranks = ALONE) -> Step:
    shared = SharedGradients(run.optimiser.parameters, ranks)
    return Step(run.network, run.case.loss(), run.optimiser, ScoreSums(correct), shared)


class Waiting(Operation):
    """A layer that reads a number of the device in each step, forward or backward, so that the host waits."""

    def __init__(self, forward: bool) -> None:
        self._in_forward = forward

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, None]:
        return x * (1.0 if self._in_forward and float(x.abs().sum()) < 0 else 2.0), None

    def _backward(self, dy: Tensor, kept: None) -> Tensor:
        return dy * (1.0 if not self._in_forward and float(dy.abs().sum()) < 0 else 2.0)


def masked(y: Tensor, target: Tensor) -> Tensor:
    """A metric that takes numbers by a mask, whose count the host waits for."""
    return y[y > 0].sum()


UNRECORDED: dict[str, tuple[MakeLayers, Any]] = {
    "a layer that waits": (lambda g, device: [*dropped(g, device), Waiting(forward=True)], correct),
    "a layer that waits when others have gradients": (
        lambda g, device: [*dropped(g, device), Waiting(forward=False), Linear(3, 3, generator=g)],
        correct,
    ),
    "a metric that waits": (dropped, masked),
}


@devices
@pytest.mark.parametrize("why", UNRECORDED)
def test_what_cannot_be_recorded_is_trained_without(
    why: str, device: str, graphs: list[RecordedGraph], caplog: pytest.LogCaptureFixture
) -> None:
    layers, metric = UNRECORDED[why]
    case = Case(layers=layers, optimiser=Adam, samples=23)
    run, plain = Run(case, device), Run(case, device)
    with caplog.at_level(logging.WARNING):
        history = run.train(metric=metric)
    same(run, history, plain, plain.train(metric=metric, capture=False))
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("the training step is not recorded as a CUDA graph, and is slower (--no-capture): ")
    assert "\n" not in line


class Steps:
    """A captured step beside a plain one, of equal networks, on the same batches."""

    def __init__(self, case: Case) -> None:
        self.runs = Run(case), Run(case)
        self.graph = RecordedGraph()
        self.step, self.plain = map(step_of, self.runs)
        self.captured = CapturedStep(self.step, self.graph)

    def make(self, *batches: tuple[Tensor, Tensor]) -> None:
        """Make a step of each batch on either side, and compare losses and networks."""
        for batch in batches:
            losses = [float(step(0.1, *batch)) for step in (self.captured, self.plain)]
            assert losses[0] == pytest.approx(losses[1], rel=1e-9)
        same_tensors(self.runs[0].network.state(), self.runs[1].network.state())


def batches(n: int, size: int = 5) -> list[tuple[Tensor, Tensor]]:
    return [points(size, seed, "cpu") for seed in range(n)]


def test_one_batch_of_all_samples_is_read_where_it_lies() -> None:
    steps, (x, target) = Steps(CASES["adam"]), points(5, 0, "cpu")
    steps.make(*[(x, target)] * 6)
    x.mul_(2)
    steps.make((x, target))
    assert (steps.graph.recordings, steps.graph.replays) == (1, 4)


def test_it_is_recorded_anew_when_a_batch_lies_elsewhere_after_all_and_writes_to_none() -> None:
    steps, first = Steps(CASES["adam"]), points(5, 0, "cpu")
    before = [tensor.clone() for tensor in first]
    steps.make(*[first] * 5, *batches(4), first)
    assert all(map(torch.equal, first, before))
    assert (steps.graph.recordings, steps.graph.replays) == (2, 7)


def test_batches_of_other_shapes_and_types_come_between() -> None:
    steps = Steps(CASES["momentum"])
    usual, smaller, single = batches(6), batches(6, 3), batches(6, 1)
    steps.make(*(batch for group in zip(usual, smaller, single, strict=True) for batch in group))
    x, target = usual[0]
    steps.make((x, target.int()), usual[1])
    assert (steps.graph.recordings, steps.graph.replays) == (1, 4)


def test_a_batch_may_require_a_gradient() -> None:
    steps = Steps(CASES["sgd"])
    steps.make(*((x.requires_grad_(), target) for x, target in batches(6)))
    assert steps.graph.replays == 3
    assert not any(tensor.requires_grad for tensor in steps.captured._batch)


def test_no_memory_of_gradients_is_shared_with_the_graph() -> None:
    steps = Steps(CASES["momentum"])
    parameters = list(steps.runs[0].network.parameters().values())
    steps.make(*batches(WARM_UP))
    before = [parameter._spare for parameter in parameters if parameter._spare is not None]  # kept: not given out again
    steps.make(*batches(2), *batches(1, size=4))
    after = [parameter._spare for parameter in parameters if parameter._spare is not None]
    assert len(before) == len(after) == len(parameters)
    assert steps.graph.replays == 2
    assert steps.graph.memory.isdisjoint(map(address, before))
    assert steps.graph.memory.isdisjoint(map(address, after))


def test_a_network_with_new_tensors_is_recorded_anew() -> None:
    steps = Steps(CASES["batch normalisation"])
    steps.make(*batches(5))
    for owner in (steps.runs[0].network.parameters()["0.weight"], steps.runs[0].network.buffers()["1.running_var"]):
        old, owner.value = owner.value, owner.value.clone()
        before = old.clone()
        steps.make(*batches(WARM_UP + 2))
        assert torch.equal(old, before)
    assert steps.graph.recordings == 3


def test_gradients_that_are_there_already_are_added_to() -> None:
    steps = Steps(CASES["sgd"])
    steps.make(*batches(5))
    for run in steps.runs:
        parameter = run.network.parameters()["0.weight"]
        parameter.grad = torch.ones_like(parameter.value)
    steps.make(*batches(3))
    assert steps.graph.replays == 4


def test_steps_and_samples_are_counted_by_the_host() -> None:
    steps = Steps(CASES["adam"])
    steps.make(*batches(7))
    assert steps.runs[0].optimiser.steps == 7
    assert steps.step.sums.samples == 35
