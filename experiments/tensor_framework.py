"""A framework on tensor operations only, 2018: three small networks tell points inside a disk from those outside."""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Generator, Tensor

from experiments.experiment import Budgeted, Experiment, Outcomes, ReportedRow
from experiments.figures import beside, curves
from experiments.recipe import Parts, Recipe
from experiments.sources import Sources
from nn.initialisers import normal
from nn.layers import Layer, Linear, ReLU, Sequential, Sigmoid, Softmax, Tanh
from nn.losses import MSE, CrossEntropyOfProbabilities
from nn.optimisers import SGD
from nn.schedules import Exponential, InverseTime, Schedule
from nn.training import TrainingSettings
from report.figures.series import Panel, series_picture

POINTS = 1000
RADIUS = 1 / math.sqrt(2 * math.pi)  # half of the unit square's area
EPOCHS = Budgeted(1000, 5000)  # of two steps


def _data(sources: Sources, generator: Generator) -> Parts:
    """Points uniform in the unit square, half of it inside the disk: class 1."""

    def draw() -> tuple[Tensor, Tensor]:
        x = torch.rand(POINTS, 2, generator=generator)
        return x, ((x - 0.5).norm(dim=1) < RADIUS).long()

    train, test = draw(), draw()
    return Parts(train, test, test)


def _network(hidden: Callable[[], Layer], output: Callable[[], Layer]) -> Callable[[Generator], Sequential]:
    """Three hidden layers of 25 and two outputs; weights N(0, 1), biases 0."""

    def build(generator: Generator) -> Sequential:
        layers: list[Layer] = []
        for inputs in (2, 25, 25):
            layers += [Linear(inputs, 25, generator=generator, initialiser=normal(1)), hidden()]
        return Sequential(*layers, Linear(25, 2, generator=generator, initialiser=normal(1)), output())

    return build


def _recipe(
    name: str,
    network: Callable[[Generator], Sequential],
    loss: type[MSE | CrossEntropyOfProbabilities],
    schedule: Schedule,
) -> Recipe:
    return Recipe(
        name=name,
        data=_data,
        network=network,
        loss=loss,
        optimiser=SGD,
        schedule=schedule,
        epochs=EPOCHS,
        training=TrainingSettings(epochs=EPOCHS.full, batch_size=500, evaluation_batch_size=POINTS),
        seeds=Budgeted(3, 10),
    )


TASKS = (
    _recipe("ANN1", _network(ReLU, Softmax), CrossEntropyOfProbabilities, InverseTime(0.1, 0.01)),
    _recipe("ANN2", _network(ReLU, Sigmoid), MSE, Exponential(0.8, 0.0002)),
    _recipe("ANN3", _network(Tanh, Softmax), CrossEntropyOfProbabilities, InverseTime(0.03, 0.001)),
)

ROWS = tuple(
    ReportedRow(
        title=f"{name}: {part} error",
        task=name,
        measure=f"{part}_error",
        reported=reported,
        reported_deviation=deviation,
    )
    for name, errors in (
        ("ANN1", ((1.22, 0.07), (2.14, 0.31))),
        ("ANN2", ((1.80, 1.92), (1.84, 1.38))),
        ("ANN3", ((0.72, 0.14), (1.32, 0.16))),
    )
    for part, (reported, deviation) in zip(("train", "test"), errors, strict=True)
) + tuple(
    ReportedRow(title=f"{name}: time a run", task=name, measure="seconds", reported=seconds, unit="s")
    for name, seconds in (("ANN1", 21.74), ("ANN2", 20.42), ("ANN3", 40.5))
)


def _figures(outcomes: Outcomes, rows: Sequence[ReportedRow]) -> Mapping[str, bytes]:
    titles = {"ANN1": "ReLU, softmax", "ANN2": "ReLU, sigmoid", "ANN3": "tanh, softmax"}
    losses = {task.name: task.loss().title for task in TASKS}
    panels = [
        Panel(
            f"{name}: {titles[name]}",
            "epoch",
            losses[name],
            curves(runs[0], "loss"),
            log_y=True,
        )
        for name, runs in outcomes.items()
    ]
    errors = [row for row in rows if row.unit == "%"]
    return {
        "loss": series_picture(panels, "Tensor framework: loss by epoch, first of ten runs"),
        "errors": beside(
            errors, outcomes, "Tensor framework: error, reported beside measured", lower_is_better=True, decimals=2
        ),
    }


EXPERIMENT = Experiment(
    name="tensor-framework",
    title="A framework on tensor operations only (2018): points in a disk",
    tasks=TASKS,
    rows=ROWS,
    figures=_figures,
    digits=False,
    choices=(
        f"The number of epochs is not stated: {EPOCHS.full:,}, of two steps of 500 points each.",
        "The disk is centred at (.5, .5): half of the points lie in it. New points are drawn for each run.",
        "The sigmoid network has two outputs as well, compared with rows of 0 and 1.",
        "From N(0, 1) a ReLU network may die in its first steps: such a run ends with half of the points wrong, and it "
        "weighs on the mean.",
        "The printed step and exponential rules compound; here the rate is a function of the step alone.",
    ),
)
