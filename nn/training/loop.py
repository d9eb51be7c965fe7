"""The one loop: digits and faces are trained by this function. It knows no task, prints nothing and writes nothing.

What it walks over is in `batches`, what it measures in `evaluation` and `history`, when it stops in
`early_stopping`, what a checkpoint holds in `training_state`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Generator, Tensor

from errors import LayerError
from nn.checks import at_least, one_of
from nn.layers.base import Layer
from nn.losses.base import Loss
from nn.optimisers.base import Optimiser
from nn.parallel.chance import drawn_together
from nn.parallel.ranks import ALONE, Ranks
from nn.parallel.shared_gradients import SharedGradients, broadcast, take_mean
from nn.schedules import Schedule
from nn.training.batches import Batches, Data, as_batches
from nn.training.early_stopping import EarlyStopping, Mode, Rule
from nn.training.evaluation import Metric, Scores, ScoreSums, correct, evaluate_batches
from nn.training.history import EpochRecord, History
from nn.training.state import Progress, TrainingState

Monitor = Literal["validation_loss", "validation_accuracy"]
Augment = Callable[[Tensor, Generator], Tensor]
OnBatch = Callable[[int, int], None]
OnEpoch = Callable[[EpochRecord, Callable[[], TrainingState]], None]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How long, in what portions, and when to stop.

    Without `patience` all epochs are trained and the last parameters stay. With it, training stops by
    `stop_rule` (see `EarlyStopping`) on the number that `monitor` names, and ends on the parameters of the
    best epoch if `restore_best`.
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

    def __post_init__(self) -> None:
        at_least("TrainingSettings", "epochs", self.epochs, 0)
        at_least("TrainingSettings", "batch_size", self.batch_size, 1)
        at_least("TrainingSettings", "evaluation_batch_size", self.evaluation_batch_size, 1)
        one_of("TrainingSettings", "monitor", self.monitor, ("validation_loss", "validation_accuracy"))
        self.early_stopping()

    def early_stopping(self) -> EarlyStopping:
        """Return a fresh watcher of the monitored number."""
        mode: Mode = "min" if self.monitor == "validation_loss" else "max"
        return EarlyStopping(self.patience, mode=mode, rule=self.stop_rule, first_epoch=self.first_epoch)


def training_step(
    network: Layer,
    loss: Loss,
    optimiser: Optimiser,
    lr: float,
    x: Tensor,
    target: Tensor,
    shared: SharedGradients | None = None,
) -> tuple[Tensor, Tensor]:
    """Learn from one batch; return its loss and its outputs, both from before the step.

    With `shared` it is this rank's part of a batch, and the loss, a mean, is that of the whole.
    """
    y = network.forward(x, training=True)
    value = loss.forward(y, target)
    network.backward_parameters(loss.backward())
    if shared is not None:
        value = shared.add(loss, value)
    optimiser.step(lr)
    optimiser.zero()
    return value, y


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

    `generator` shuffles, and is handed to `augment(x, generator) -> x` for every batch. `schedule` maps the
    number of steps made to the learning rate. `on_batch(done, samples)` is told the progress within an epoch;
    `on_epoch(record, state)` gets each epoch's record, and a function that takes a snapshot. With `resume`, a
    snapshot, training goes on as if it had never stopped.

    Among `ranks` all call this with the same data, settings and seed, and end with the same network: a batch is
    `batch_size` samples of all ranks together, and what counts of `resume` is the first rank's. N ranks learn what one
    learns alone, up to rounding, with all that chance does; batch normalisation alone looks at a rank's part by
    itself, and its running numbers are the ranks' mean after each epoch, weighted by the batches they had part in.
    """
    _check(settings, validation, metric)
    source = as_batches(data)
    progress = Progress(network, optimiser, generator, settings.early_stopping())
    resume = resume if ranks.size == 1 else _told(resume, ranks)
    if resume is not None:
        progress.restore(resume)
    broadcast(network.state().values(), ranks)
    shared = SharedGradients(optimiser.parameters, ranks)
    while len(progress.history) < settings.epochs and not progress.stopping.should_stop:
        started = time.perf_counter()
        trained = _train_epoch(progress, loss, schedule, source, settings, augment, metric, on_batch, shared)
        validated = _validate(network, loss, validation, settings, metric, ranks)
        record = _record(progress, schedule, trained, validated, time.perf_counter() - started)
        progress.end_epoch(record, getattr(record, settings.monitor))
        if on_epoch is not None:
            on_epoch(record, progress.capture)
    if settings.patience is not None and settings.restore_best:
        progress.restore_best()
    return progress.history


def _told(state: TrainingState | None, ranks: Ranks) -> TrainingState | None:
    """Return the first rank's state."""
    data = ranks.broadcast_bytes(None if state is None else state.to_bytes())
    return None if data is None else TrainingState.from_bytes(data)


def _train_epoch(
    progress: Progress,
    loss: Loss,
    schedule: Schedule,
    source: Batches,
    settings: TrainingSettings,
    augment: Augment | None,
    metric: Metric | None,
    on_batch: OnBatch | None,
    shared: SharedGradients,
) -> Scores:
    """Learn from every batch of the source, a rank from its part."""
    sums, done, seen, ranks, network = ScoreSums(metric), 0, 0, shared.ranks, progress.network
    generators = [progress.generator, *network.generators().values()]
    for x, target in source.batches(settings.batch_size, progress.generator if settings.shuffle else None):
        samples, lr = len(x), schedule(progress.step)
        x, target = ranks.part(x), ranks.part(target)
        with drawn_together(samples, generators, ranks):
            if len(x):
                seen += 1
                if augment is not None:
                    x = augment(x, progress.generator)
                value, y = training_step(network, loss, progress.optimiser, lr, x, target, shared)
                sums.add(value * len(x) if loss.reduction == "mean" else value, len(x), y, target)
            else:
                _step_without_samples(progress.optimiser, lr, loss, shared)
        progress.step += 1
        done += samples
        if on_batch is not None:
            on_batch(done, len(source))
    take_mean((buffer.value for buffer in network.buffers().values()), seen, ranks)
    return sums.means(ranks)


def _step_without_samples(optimiser: Optimiser, lr: float, loss: Loss, shared: SharedGradients) -> None:
    """Make the step that the others' samples ask for."""
    shared.add_none(loss)
    optimiser.step(lr)
    optimiser.zero()


def _validate(
    network: Layer, loss: Loss, validation: Data | None, settings: TrainingSettings, metric: Metric | None, ranks: Ranks
) -> Scores | None:
    if validation is None:
        return None
    return evaluate_batches(network, loss, as_batches(validation), settings.evaluation_batch_size, metric, ranks)


def _record(
    progress: Progress, schedule: Schedule, trained: Scores, validated: Scores | None, seconds: float
) -> EpochRecord:
    return EpochRecord(
        epoch=len(progress.history) + 1,
        lr=schedule(progress.step - 1),
        train_loss=trained.loss,
        train_accuracy=trained.accuracy,
        validation_loss=validated.loss if validated else None,
        validation_accuracy=validated.accuracy if validated else None,
        seconds=seconds,
    )


def _check(settings: TrainingSettings, validation: Data | None, metric: Metric | None) -> None:
    """Refuse a patience for a number that nobody measures."""
    if settings.patience is None:
        return
    if validation is None:
        raise LayerError(
            f"train: patience {settings.patience} watches {settings.monitor}; pass validation data, or no patience"
        )
    if settings.monitor == "validation_accuracy" and metric is None:
        raise LayerError("train: patience watches validation_accuracy; pass a metric, or monitor validation_loss")
