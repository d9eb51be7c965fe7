"""The training loop, for digits and faces alike. It knows no task, prints nothing and writes no file."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Generator, Tensor

from errors import DivergedError, LayerError
from nn.checks import at_least, one_of
from nn.layers import Layer
from nn.losses import Loss
from nn.optimisers import Optimiser
from nn.parallel import ALONE, RankGenerators, Ranks, SharedGradients, average, broadcast
from nn.schedules import Schedule
from nn.training.batches import Batches, Data, as_batches, without_single
from nn.training.captured import CapturedStep, graph_for
from nn.training.early_stopping import EarlyStopping, Mode, Rule
from nn.training.evaluation import Metric, Scores, ScoreSums, correct, evaluate
from nn.training.history import EpochRecord, History
from nn.training.state import Progress, TrainingState, device_of
from nn.training.step import Step

Monitor = Literal["validation_loss", "validation_accuracy"]
Augment = Callable[[Tensor, Generator], Tensor]
OnBatch = Callable[[int, int], None]
OnEpoch = Callable[[EpochRecord, Callable[[], TrainingState]], None]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How long to train, in batches of what size, and when to stop.

    Without `patience` all epochs are trained and the last parameters stay. With it, training stops by
    `stop_rule` (see `EarlyStopping`) on the number that `monitor` names; then, if `restore_best`, the parameters
    of the best epoch are put back. A training that diverges ends in DivergedError, unless `may_diverge`.
    """

    epochs: int
    batch_size: int
    shuffle: bool = True
    patience: int | None = None
    monitor: Monitor = "validation_loss"
    stop_rule: Rule = "no_better"
    first_epoch: int = 1
    restore_best: bool = True
    evaluation_batch_size: int = 256
    may_diverge: bool = False
    capture: bool = True  # the training step as a CUDA graph, where the network is on one

    def __post_init__(self) -> None:
        at_least("TrainingSettings", "epochs", self.epochs, 0)
        at_least("TrainingSettings", "batch_size", self.batch_size, 1)
        at_least("TrainingSettings", "evaluation_batch_size", self.evaluation_batch_size, 1)
        one_of("TrainingSettings", "monitor", self.monitor, ("validation_loss", "validation_accuracy"))
        self.early_stopping()

    def early_stopping(self) -> EarlyStopping:
        """Return a new EarlyStopping for the monitored number."""
        mode: Mode = "min" if self.monitor == "validation_loss" else "max"
        return EarlyStopping(self.patience, mode=mode, rule=self.stop_rule, first_epoch=self.first_epoch)


def train(
    network: Layer,
    loss: Loss,
    optimiser: Optimiser,
    schedule: Schedule,
    data: Data,
    *,
    settings: TrainingSettings,
    generator: Generator,
    validation: Data | None = None,
    augment: Augment | None = None,
    metric: Metric | None = correct,
    on_batch: OnBatch | None = None,
    on_epoch: OnEpoch | None = None,
    resume: TrainingState | None = None,
    ranks: Ranks = ALONE,
) -> History:
    """Train `network` in place on `data`, a pair (x, target) or a source of batches; return what was measured.

    `generator` shuffles, augments by `augment(x, generator) -> x`, and may be that of the network's dropout; where the
    network is on another kind of device than it, augmentation has a generator of its own there.
    `schedule` maps the number of steps made to the learning rate. `on_batch(done, samples)` is called after each
    batch, `on_epoch(record, state)` after each epoch, where `state()` returns a snapshot. With `resume`, a snapshot,
    training goes on as if it had never stopped. LayerError for settings that need what is not given, DivergedError
    after the first epoch whose losses or parameters are not finite, before `on_epoch`: what that saved stays good.

    With several `ranks`, each calls this with the same arguments; only rank 0 needs `resume`. A batch is `batch_size`
    samples of all ranks together. The result is that of one process up to rounding, with two exceptions: each rank
    draws its own augmentation and dropout (`RankGenerators`), and batch normalisation sees only the rank's part of
    a batch. Its running mean and variance are averaged after each epoch.
    """
    _check(settings, validation, metric)
    source = as_batches(data)
    generators = RankGenerators(
        generator, network.generators().values(), ranks, None if augment is None else device_of(network)
    )
    progress = Progress(network, optimiser, generators, settings.early_stopping())
    resume = _of_rank_zero(resume, ranks)
    if resume is not None:
        progress.restore(resume)
    broadcast(network.state().values(), ranks)
    progress.history.loss = loss.title
    step = Step(network, loss, optimiser, ScoreSums(metric), SharedGradients(optimiser.parameters, ranks))
    graph = graph_for(step) if settings.capture else None
    train_on = step if graph is None else CapturedStep(step, graph)
    while len(progress.history) < settings.epochs and not progress.stopping.should_stop:
        started = time.perf_counter()
        trained = _train_epoch(progress, step, train_on, schedule, source, settings, augment, on_batch, ranks)
        validated = None
        if validation is not None:
            validated = evaluate(network, loss, validation, settings.evaluation_batch_size, metric, ranks)
        record = EpochRecord(
            epoch=len(progress.history) + 1,
            lr=schedule(progress.step - 1),
            train_loss=trained.loss,
            train_accuracy=trained.accuracy,
            validation_loss=validated and validated.loss,
            validation_accuracy=validated and validated.accuracy,
            seconds=time.perf_counter() - started,
        )
        if not settings.may_diverge:
            _check_finite(record, network, optimiser)
        progress.end_epoch(record, getattr(record, settings.monitor))
        if on_epoch is not None:
            on_epoch(record, progress.capture)
    if settings.patience is not None and settings.restore_best:
        progress.restore_best()
    generators.finish()
    return progress.history


def _of_rank_zero(state: TrainingState | None, ranks: Ranks) -> TrainingState | None:
    """Return the state that rank 0 was given."""
    if ranks.size == 1:
        return state
    data = ranks.broadcast_bytes(None if state is None else state.to_bytes())
    return None if data is None else TrainingState.from_bytes(data)


def _train_epoch(
    progress: Progress,
    step: Step,
    train_on: Step | CapturedStep,
    schedule: Schedule,
    source: Batches,
    settings: TrainingSettings,
    augment: Augment | None,
    on_batch: OnBatch | None,
    ranks: Ranks,
) -> Scores:
    """Train on every batch of the source, or on this rank's part of it; return loss and metric, means over all."""
    done, trained_on, generators, network = 0, 0, progress.generators, progress.network
    step.sums.clear()
    generators.start_epoch(len(progress.history) + 1)
    batches = source.batches(settings.batch_size, generators.order if settings.shuffle else None)
    if settings.batch_size > 1 and network.buffers():  # batch normalisation
        batches = without_single(batches, len(source))
    for x, target in batches:
        done += len(x)
        lr = schedule(progress.step)
        x, target = ranks.shard(x), ranks.shard(target)
        if len(x):
            trained_on += 1
            if augment is not None:
                x = augment(x, generators.own)
            train_on(lr, x, target)
        else:  # the other ranks have all samples of this batch
            step.without_samples(lr)
        progress.step += 1
        if on_batch is not None:
            on_batch(done, len(source))
    average((buffer.value for buffer in network.buffers().values()), trained_on, ranks)
    return step.sums.means(ranks)


def _check_finite(record: EpochRecord, network: Layer, optimiser: Optimiser) -> None:
    """Raise DivergedError, the same on all ranks, which have the same numbers, for an epoch that is not finite."""
    validation_loss = 0.0 if record.validation_loss is None else record.validation_loss
    if math.isfinite(record.train_loss) and math.isfinite(validation_loss):
        if all(bool(value.isfinite().all()) for value in network.state().values()):
            return
        what = "its weights are no longer finite"
    else:
        loss = record.train_loss if not math.isfinite(record.train_loss) else validation_loss
        what = f"its loss is {loss}"
    decay = " or the weight decay (--weight-decay)" if optimiser.weight_decay else ""
    raise DivergedError(f"the training diverged in epoch {record.epoch}, {what}: lower the learning rate (--lr){decay}")


def _check(settings: TrainingSettings, validation: Data | None, metric: Metric | None) -> None:
    """Raise LayerError for a patience without the number it watches."""
    if settings.patience is None:
        return
    if validation is None:
        raise LayerError(
            f"train: patience {settings.patience} watches {settings.monitor}; pass validation data, or no patience"
        )
    if settings.monitor == "validation_accuracy" and metric is None:
        raise LayerError("train: patience watches validation_accuracy; pass a metric, or monitor validation_loss")
