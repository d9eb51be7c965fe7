"""train-mnist: the files of MNIST in, a run folder out.

Reads the digits and holds some out for validation, trains, measures on the test digits, and writes the run. With
several ranks, all read and train, but only the first measures and writes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Generator, Tensor

from data.mnist.files import CLASSES
from errors import DatasetError
from mnist.classifier import BATCH, DigitClassifier
from mnist.digits import Digits, load_digits, split_off
from mnist.pictures import mistakes_picture, weights_picture
from mnist.run_page import page_of_run
from mnist.settings import VALIDATION
from nn.parallel import ALONE, Ranks
from nn.training import StateKeeper, TrainingState, fingerprint_of, left_behind
from report import run_folder as files
from report.figures.confusion import confusion_picture
from report.figures.curves import AUGMENTED, learning_curve
from report.progress import Bar, no_bar
from report.results import accuracy_line, confusion_of, predictions_csv, results_of
from report.unfinished_run import begin, finished_before, publish_run, save_state, saved_states, training_in

FORMAT = 1
NAMES = tuple(str(digit) for digit in range(CLASSES))


@dataclass(frozen=True, kw_only=True)
class DigitTraining:
    """The settings of one run."""

    folder: Path
    out: Path
    classifier: DigitClassifier
    """Not trained yet; `train_mnist` trains it."""
    validation: int = VALIDATION
    """How many training digits are held out, 0: none."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """What the command was given, as JSON: kept in the run, so that `--resume` needs no flag again."""
    resume: bool = False
    overwrite: bool = False
    """Whether a run that is in `out` is replaced."""
    ranks: Ranks = ALONE


@dataclass(frozen=True)
class DigitParts:
    """The digits of the three parts; validation may be empty."""

    train: Digits
    validation: Digits
    test: Digits

    @property
    def watched(self) -> tuple[Tensor, Tensor] | None:
        """The validation digits, None if there are none."""
        return self.validation.pair if len(self.validation) else None

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many there are of each digit: part -> digit -> images."""
        return {
            part: {str(digit): n for digit, n in enumerate(digits.labels.bincount(minlength=CLASSES).tolist())}
            for part, digits in vars(self).items()
        }


Probabilities = dict[str, NDArray[np.float32]]
"""Part -> the probabilities of its digits, (N, 10)."""


def train_mnist(
    task: DigitTraining, bar: Bar = no_bar, on_note: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Train, measure, and write `task.out`; return the content of metrics.json, {} on all ranks but the first.

    `on_note` is called with each line about what `resume` finds. KeyboardInterrupt saves what `resume` goes on
    from, and says in its text how far it was.

    Raises UsageError when `task.out` cannot be a run folder, or holds a run that is not to be replaced, DatasetError
    when the digits cannot be used, RunError when what is to be resumed is another training, or damaged.
    """
    if not task.ranks.is_first:
        return _train(task, bar, on_note)
    with training_in(task.out, resume=task.resume, overwrite=task.overwrite):
        return _train(task, bar, on_note)


def _train(task: DigitTraining, bar: Bar, on_note: Callable[[str], None]) -> dict[str, Any]:
    started = time.monotonic()
    ranks, classifier, parts = task.ranks, task.classifier, _read(task)
    asked = _asked(classifier, parts, ranks)
    state = None
    if task.resume:
        found = (partial(saved_states, task.out), partial(finished_before, task.out))
        state, finished = left_behind(task.out, *found, asked, ranks, on_note)
        if finished is not None:
            return finished
    if not ranks.is_first:
        classifier.fit(*parts.train.pair, parts.watched, ranks=ranks)
        return {}
    if state is None:
        if task.resume:
            on_note(f"{task.out} has no saved epoch to go on from: beginning with the first")
        begin(task.out, task.request)
    epochs = classifier.settings.epochs
    with StateKeeper(partial(save_state, task.out), asked, epochs, started, resumed=state) as keeper:
        _fit(task, parts, keeper, state, bar)
        keeper.save()  # what comes now may fail too, or be stopped
        probabilities = _predict(classifier, parts, bar)
        metrics = {
            "format": FORMAT,
            "model": classifier.model,
            "data": str(task.folder.resolve()),
            "seed": classifier.seed,
            "classes": list(NAMES),
            "n": {part: len(digits) for part, digits in vars(parts).items()},
            "counts": parts.counts(),
            **_measure(parts, probabilities),
            "parameters": sum(parameter.value.numel() for parameter in classifier.network.parameters().values()),
            "seconds": round(keeper.seconds, 2),
            "device": str(classifier.torch_device),
            "processes": ranks.size,
            "training_seconds": round(sum(classifier.history.column("seconds")), 2),
            "peak_memory_mib": files.peak_memory(),
            "settings": asdict(classifier.settings),
            "guard": fingerprint_of(asked),
            "asked": asked,
            "request": task.request,
            "versions": files.versions(),
        }
        with bar("writing the report", None):
            return publish_run(task.out, _contents(task, parts, probabilities["test"], metrics), metrics)


def title_of(metrics: dict[str, Any]) -> str:
    """Return the title of a run's pictures."""
    return f"digits, {metrics['model']}: {accuracy_line(metrics)}"


def _read(task: DigitTraining) -> DigitParts:
    train, test = load_digits(task.folder)
    if not task.validation < len(train):
        raise DatasetError(
            f"{task.folder} has {len(train)} training digits, expected more than the {task.validation} to be held out "
            "for validation: choose a smaller --validation, or 0"
        )
    task.ranks.check_samples(len(train) - task.validation, "digits")
    return DigitParts(*split_off(train, task.validation, Generator().manual_seed(task.classifier.seed)), test)


def _asked(classifier: DigitClassifier, parts: DigitParts, ranks: Ranks) -> dict[str, Any]:
    """Return, as JSON, all that decides what is trained: digits, model, settings; the classifier is not trained yet."""
    digits = {f"{part} digits": digits.identity for part, digits in vars(parts).items()}
    training = {"digits": digits, "model": classifier.model, "seed": classifier.seed}
    settings = {"settings": asdict(classifier.settings), "layers": classifier.layer_kinds()}
    return training | settings | ranks.identity()


def _fit(task: DigitTraining, parts: DigitParts, keeper: StateKeeper, state: TrainingState | None, bar: Bar) -> None:
    """Train, with a bar of batches that shows each epoch's validation accuracy."""
    settings, before = task.classifier.settings, keeper.done
    batches = -(-len(parts.train) // settings.batch_size)
    words = [""]  # what the bar shows of each epoch; the first is empty, as there was none before
    with bar("training", (settings.epochs - before) * batches) as advance:

        def on_batch(done: int, digits: int) -> None:
            advance(f"epoch {before + len(words)} of {settings.epochs} {words[-1]}".rstrip())

        on_epoch = keeper.showing(words.append)
        task.classifier.fit(
            *parts.train.pair, parts.watched, on_batch=on_batch, on_epoch=on_epoch, resume=state, ranks=task.ranks
        )


def _predict(classifier: DigitClassifier, parts: DigitParts, bar: Bar) -> Probabilities:
    """Return the probabilities of all digits."""
    with bar("reading digits", sum(-(-len(digits) // BATCH) for digits in vars(parts).values())) as advance:
        return {part: classifier.predict_proba(digits.x, lambda: advance("")) for part, digits in vars(parts).items()}


def _measure(parts: DigitParts, probabilities: Probabilities) -> dict[str, Any]:
    """Return the accuracies, the confusion matrix, and precision and recall of each digit."""
    labels = {part: (digits.labels.numpy(), probabilities[part].argmax(1)) for part, digits in vars(parts).items()}
    true, predicted = labels["test"]
    return results_of(labels, NAMES, "digits") | {"test_error": float((true != predicted).mean())}


def _contents(
    task: DigitTraining, parts: DigitParts, probabilities: NDArray[np.float32], metrics: dict[str, Any]
) -> Iterator[tuple[str, bytes | None]]:
    """Yield name and content of each file of the run, the network first; None for a file that is not written."""
    classifier = task.classifier
    about = {key: metrics[key] for key in ("n", "guard", "versions")}
    about["metrics"] = {key: metrics[key] for key in ("validation_accuracy", "test_accuracy")}
    yield files.MODEL, classifier.to_bytes(about)
    yield files.HISTORY, classifier.history.to_csv().encode()
    yield files.PREDICTIONS, _predictions(parts.test, probabilities)
    title = title_of(metrics)
    trained = AUGMENTED if classifier.is_augmented else "training"
    history = classifier.history
    curve = learning_curve(history.columns(), title, a="digit", training=trained, loss=history.loss)
    confusion = confusion_picture(confusion_of(metrics), metrics["classes"], title, "the digit's images")
    yield files.CURVE, curve
    yield files.CONFUSION, confusion
    yield files.WEIGHTS, weights_picture(classifier, title)
    yield files.MISTAKES, mistakes_picture(probabilities, parts.test, title)
    yield files.PAGE, page_of_run(classifier, metrics, parts.train, parts.test, probabilities, curve, confusion)


def _predictions(test: Digits, probabilities: NDArray[np.float32]) -> bytes:
    """Return predictions.csv, with a line for each test digit."""
    predicted, highest = probabilities.argmax(1).tolist(), probabilities.max(1).tolist()
    rows = zip(range(len(test)), test.labels.tolist(), predicted, highest, strict=True)
    return predictions_csv(("index", "label", "predicted", "probability"), rows)
