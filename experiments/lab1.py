"""Deep Learning teaching kit, lab 1: thirteen variants of one convolution network on MNIST."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Generator

from data.photos.augmentation import Augmentation
from experiments.experiment import Budgeted, Experiment, Outcomes, ReportedRow
from experiments.figures import beside, curves
from experiments.recipe import Parts, Recipe
from experiments.sources import Sources
from mnist.digits import padded, split_off
from mnist.networks import columns, turned
from nn.initialisers import uniform_fan_in
from nn.layers import L2Pool2d, Layer, MaxPool2d, ReLU, Sequential, Tanh
from nn.losses import CrossEntropy
from nn.optimisers import SGD
from nn.schedules import Constant
from nn.training import TrainingSettings
from report.figures.series import Panel, series_picture

SIDE = 32
EPOCHS, PATIENCE = 30, 10
RATE, MOMENTUM = 1e-3, 0.9
TIMES = 4  # an epoch of an augmented variant has so many changed copies of each digit
AUGMENT = Augmentation(mirror=0.0, rotation=20.0, shift=0.0, zoom=0.0, crop=28, beyond="zeros")

Activation = Literal["tanh", "ReLU"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One line of the report's table."""

    activation: Activation
    maps: tuple[int, int, int] = (64, 64, 128)
    dropouts: int = 0  # fully connected layers whose inputs are dropped
    map_dropout: float = 0.0
    pool: Literal["L2", "max"]
    overlapping: bool = False
    augmented: bool = False
    views: int = 1  # columns
    reported: float

    @property
    def title(self) -> str:
        """The title of the line."""
        dropout = "CV & FC" if self.map_dropout else f"{self.dropouts} FC" if self.dropouts else "none"
        parts = [
            self.activation,
            (f"{self.views} columns " if self.views > 1 else "") + "-".join(map(str, self.maps)),
            f"dropout {dropout}",
            f"{self.pool} pooling" + (", overlapping" if self.overlapping else ""),
            *(["4x"] if self.augmented else []),
        ]
        return ", ".join(parts)

    def network(self, generator: Generator) -> Sequential:
        """Build it, untrained."""
        pooling = L2Pool2d if self.pool == "L2" else MaxPool2d
        pool: Callable[[], Layer] = partial(pooling, 3, 2, 1) if self.overlapping else partial(pooling, 2)
        return columns(
            generator,
            maps=self.maps,
            activation=Tanh if self.activation == "tanh" else ReLU,
            pool=pool,
            views=turned(SIDE)[: self.views],
            dropout=0.5,
            dropouts=self.dropouts,
            map_dropout=self.map_dropout,
            initialiser=uniform_fan_in,
        )


VARIANTS = (
    Variant(activation="tanh", pool="L2", reported=0.46),
    Variant(activation="tanh", dropouts=1, pool="L2", augmented=True, reported=0.35),
    Variant(activation="ReLU", dropouts=1, pool="max", reported=0.56),
    Variant(activation="ReLU", views=5, dropouts=1, pool="max", reported=0.56),
    Variant(activation="ReLU", dropouts=1, pool="L2", augmented=True, reported=0.42),
    Variant(activation="ReLU", dropouts=2, pool="L2", augmented=True, reported=0.38),
    Variant(activation="ReLU", dropouts=2, pool="L2", overlapping=True, reported=0.56),
    Variant(activation="ReLU", dropouts=2, pool="max", overlapping=True, reported=0.53),
    Variant(activation="tanh", maps=(64, 128, 128), dropouts=1, pool="L2", augmented=True, reported=0.40),
    Variant(
        activation="tanh", maps=(64, 128, 128), dropouts=1, map_dropout=0.1, pool="L2", augmented=True, reported=0.40
    ),
    Variant(activation="tanh", dropouts=2, pool="L2", augmented=True, reported=0.41),
    Variant(activation="tanh", maps=(64, 64, 256), dropouts=2, pool="L2", augmented=True, reported=0.41),
    Variant(activation="tanh", maps=(64, 64, 256), views=2, dropouts=1, pool="L2", augmented=True, reported=0.37),
)


def _data(sources: Sources, generator: Generator) -> Parts:
    """50,000 training and 10,000 validation digits, drawn at random, and the 10,000 test digits, padded to 32 x 32."""
    train, test = sources.digits()
    learned, held_out = split_off(train, 1 / 6, generator)
    learned, held_out, test = (padded(part, SIDE) for part in (learned, held_out, test))
    return Parts((learned.x, learned.labels), (held_out.x, held_out.labels), (test.x, test.labels))


def _recipe(number: int, variant: Variant) -> Recipe:
    """A pass over the digits is an epoch of the loop: an augmented variant's epoch is `TIMES` of them.

    Torch7's momentum is v = m v + (1 - m) g, p = p - lr v: ours with the rate lr (1 - m).
    """
    times = TIMES if variant.augmented else 1
    return Recipe(
        name=str(number),
        data=_data,
        network=variant.network,
        loss=lambda: CrossEntropy(reduction="sum"),
        optimiser=partial(SGD, momentum=MOMENTUM),
        schedule=Constant(RATE * (1 - MOMENTUM)),
        epochs=Budgeted(2, EPOCHS * times),
        samples=Budgeted(2_000, 60_000),
        training=TrainingSettings(
            epochs=EPOCHS * times, batch_size=8, patience=PATIENCE * times, monitor="validation_accuracy"
        ),
        batch_size_on_cuda=32,
        augment=AUGMENT if variant.augmented else None,
    )


RECIPES = tuple(_recipe(number, variant) for number, variant in enumerate(VARIANTS, 1))

ON_A_GPU = (
    *("0.53% (30 of 30)", "0.50% (50 of 120)", "0.86% (22 of 30)", "0.74% (27 of 30)", "0.39% (52 of 120)"),
    *("0.50% (49 of 120)", "88.65% (11 of 30)", "0.58% (30 of 30)", "0.56% (49 of 120)", "0.45% (50 of 120)"),
    *("0.37% (51 of 120)", "0.54% (50 of 120)", "0.52% (34 of 120)"),
)
"""Test errors measured once on an H100, all thirteen side by side for 7 minutes, after so many passes."""

ROWS = tuple(
    ReportedRow(
        title=f"{number} {variant.title}",
        task=str(number),
        measure="test_error",
        reported=variant.reported,
        elsewhere=on_a_gpu,
    )
    for number, (variant, on_a_gpu) in enumerate(zip(VARIANTS, ON_A_GPU, strict=True), 1)
)


def _figures(outcomes: Outcomes, rows: Sequence[ReportedRow]) -> Mapping[str, bytes]:
    models = {
        name: curves(runs[0], "accuracy", held_out="validation")
        for name, runs in sorted(outcomes.items(), key=lambda item: int(item[0]))
    }
    worst = min(y for lines in models.values() for line in lines for y in line.y)
    panels = [
        Panel(f"model {name}", "pass over the digits", "accuracy", lines, ylim=(worst - 0.01, 1.005), percent=True)
        for name, lines in models.items()
    ]
    return {
        "accuracy": series_picture(panels, "Lab 1: accuracy by pass over the digits"),
        "errors": beside(
            rows, outcomes, "Lab 1: test error, reported beside measured", lower_is_better=True, decimals=2
        ),
    }


EXPERIMENT = Experiment(
    name="lab1",
    title="Deep Learning teaching kit, lab 1: thirteen convolution networks",
    tasks=tuple(sorted(RECIPES, key=lambda recipe: -VARIANTS[int(recipe.name) - 1].views)),
    rows=ROWS,
    figures=_figures,
    elsewhere="on an H100, batches of 32, stopped after 7 minutes each (passes)",
    found=(
        "Thirteen trainings side by side on one H100, stopped after 7 minutes each: twelve ended between .37 and .86%, "
        "where the report has .35 to .56 after hours. Variant 7 was wrong there: torch's kernel for the gradient of an "
        "average over padded windows left out the padding (pytorch issue 188344), which `nn/layers/pooling.py` avoids "
        "since.",
    ),
    choices=(
        "Batches of 8, on a GPU (--device cuda) of 32, their gradients summed: they go as far as the report's single "
        "samples.",
        "Momentum as in the report's framework, Torch7, which takes only 1 - m of a gradient into the velocity (its "
        "`dampening`). Taken as elsewhere, ten times as far, variants 1 and 2 ended with 90% errors.",
        "Overlapping pooling: windows of 3 pixels every 2, with 1 pixel of border, so that the maps keep their sizes.",
        "Columns see the digit as it is, transposed, mirrored either way, and turned by 90 degrees.",
        "Dropout .5 in fully connected layers; in convolution layers .1 of the maps, whole.",
        "Weights start as in that framework, uniform within 1/sqrt(m).",
    ),
)
