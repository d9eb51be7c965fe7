"""The settings of one training, and the function that runs it with `nn.training`."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from experiments.experiment import ONCE, Budget, Budgeted, Measurement
from experiments.sources import Sources
from nn.device import exact_convolutions
from nn.layers import GradientMeter, Layer
from nn.losses import Loss
from nn.optimisers import Optimiser
from nn.parameter import Parameter
from nn.schedules import Schedule
from nn.training import Augment, Data, EpochRecord, History, Scores, TrainingSettings, TrainingState, evaluate, train

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Parts:
    """Training data, data measured after each epoch, and test data: pairs (x, target)."""

    train: Pair
    held_out: Pair
    test: Pair
    classes: Sequence[str] = ()
    """Names of the classes, where the labels need them."""

    def to(self, device: torch.device) -> "Parts":
        """Return the same data on a device."""
        train, held_out, test = (
            (x.to(device), target.to(device)) for x, target in (self.train, self.held_out, self.test)
        )
        return replace(self, train=train, held_out=held_out, test=test)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All settings of one training."""

    name: str
    data: Callable[[Sources, Generator], Parts]
    network: Callable[[Generator], Layer]
    loss: Callable[[], Loss]
    optimiser: Callable[[Mapping[str, Parameter]], Optimiser]
    schedule: Schedule
    epochs: Budgeted
    training: TrainingSettings
    """Its `epochs` are replaced by those of the budget."""
    batch_size_on_cuda: int | None = None
    """The batch size there, where a small batch takes as long as a large one; None: that of `training`."""
    batches: Callable[[Pair], Data] = lambda pair: pair
    """Training data -> the batches of the loop."""
    augment: Augment | None = None
    samples: Budgeted | None = None
    """How many training samples are used; None: all."""
    most_epochs: int | None = None
    """An upper limit of the epochs for every budget."""
    seeds: Budgeted = ONCE
    filters: str | None = None
    """The parameter whose values are kept for pictures, after the last epoch and those of `filters_at`."""
    filters_at: Sequence[int] = ()
    looks: Mapping[str, Callable[[Layer, Parts], NDArray[np.float32]]] = field(default_factory=dict)
    """Further arrays of the trained network, for figures; network and data are on the processor again."""
    further: Callable[[Layer, Parts], Measurement] = lambda network, parts: Measurement()
    """Further measurements of the trained network, on the processor too: some are in float64."""

    def length(self, budget: Budget) -> int:
        """Return the epochs of a budget, at most `most_epochs`."""
        return min(self.epochs.of(budget), self.most_epochs or self.epochs.full)

    def batch_size(self, device: str) -> int:
        """Return how many samples a step has on a device, "cpu" or "cuda"."""
        return (device == "cuda" and self.batch_size_on_cuda) or self.training.batch_size

    def run(self, sources: Sources, seed: int, budget: Budget) -> Measurement:
        """Train with a seed, and measure on the training and test data. Data and first weights are those of the seed
        on every device."""
        started, device = time.perf_counter(), torch.device(sources.device)
        generator = Generator().manual_seed(seed)
        parts = self.data(sources, generator)
        network, loss, there = self.network(generator).to(device), self.loss(), parts.to(device)
        learned = there.train if self.samples is None else _first(there.train, self.samples.of(budget))
        watch = _Watch(self, network, len(learned[0]))
        settings = replace(
            self.training,
            epochs=self.length(budget),
            batch_size=self.batch_size(sources.device),
            may_diverge=True,  # a result, too
            capture=sources.capture,
        )
        optimiser = self.optimiser(network.parameters())
        with exact_convolutions():
            history = train(
                network,
                loss,
                optimiser,
                self.schedule,
                self.batches(learned),
                settings=settings,
                generator=generator,
                validation=there.held_out,
                augment=self.augment,
                on_epoch=watch,
            )
            trained, tested = evaluate(network, loss, learned), evaluate(network, loss, there.test)
        watch.keep("filters")
        network.to("cpu")
        looks = {name: look(network, parts) for name, look in self.looks.items()}
        further = self.further(network, parts)
        return Measurement(
            measures={**_measures(network, history, settings, trained, tested), **further.measures},
            series={**_series(history), **watch.series, **further.series},
            arrays={**watch.filters, **looks, **further.arrays},
            seconds=time.perf_counter() - started,
        )


class _Watch:
    """Called after each epoch: keeps filters, and reads the gradient meter where the network has one."""

    def __init__(self, recipe: Recipe, network: Layer, samples: int) -> None:
        self._recipe, self._network, self._samples = recipe, network, samples
        self._meter = next((layer for layer in network.children().values() if isinstance(layer, GradientMeter)), None)
        self.series: dict[str, list[float]] = {} if self._meter is None else {"conv_deltas": []}
        self.filters: dict[str, NDArray[np.float32]] = {}
        if recipe.filters_at:
            self.keep("filters, epoch 0")

    def __call__(self, record: EpochRecord, state: Callable[[], TrainingState]) -> None:
        """Record an epoch."""
        if self._meter is not None:
            self.series["conv_deltas"].append(self._meter.take() / self._samples)
        if record.epoch in self._recipe.filters_at:
            self.keep(f"filters, epoch {record.epoch}")

    def keep(self, name: str) -> None:
        """Keep a copy of the filters, if the recipe names some."""
        if self._recipe.filters is not None:
            value = self._network.parameters()[self._recipe.filters].value
            self.filters[name] = value.detach().clone().cpu().numpy()


def _first(pair: Pair, n: int) -> Pair:
    return pair[0][:n], pair[1][:n]


def _measures(
    network: Layer, history: History, settings: TrainingSettings, trained: Scores, tested: Scores
) -> dict[str, float]:
    restored = settings.patience is not None and settings.restore_best
    kept = (history.best_epoch if restored else None) or len(history)
    measures = {
        "train_loss": trained.loss,
        "test_loss": tested.loss,
        "epochs": float(len(history)),
        "stopped_early": float(history.stopped_early),
        "parameters": float(sum(p.value.numel() for p in network.parameters().values())),
        "seconds": sum(history.column("seconds")),
        "seconds_an_epoch": float(np.mean(history.column("seconds"))),
    }
    accuracies = {
        "train": trained.accuracy,
        "validation": history.records[kept - 1].validation_accuracy,
        "last_validation": history.records[-1].validation_accuracy,
        "test": tested.accuracy,
    }
    for part, accuracy in accuracies.items():
        if accuracy is not None:
            measures[f"{part}_accuracy"] = 100 * accuracy
            measures[f"{part}_error"] = 100 * (1 - accuracy)
    return measures


def _series(history: History) -> dict[str, list[float]]:
    columns = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
    return {"epoch": history.column("epoch")} | {name: history.column(name) for name in columns}
