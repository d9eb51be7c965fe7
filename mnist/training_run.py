"""train-mnist: the files of MNIST in, a run folder out.

Reads the digits and holds some out for validation, trains, measures on the test digits, and writes the run. With
several ranks, all read and train, but only the first measures and writes.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Generator, Tensor

from data.atomic_write import atomic_write, remove_leftovers
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

FORMAT = 1
MISTAKES = "mistakes.png"  # the misread test digits, the most certain first; not written when there are none
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
    resume: bool = False
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


def train_mnist(task: DigitTraining, bar: Bar = no_bar) -> dict[str, Any]:
    """Train, measure, and write `task.out`; return the content of metrics.json, {} on all ranks but the first.

    Raises UsageError when `task.out` cannot be a run folder, DatasetError when the digits cannot be used, RunError when
    there is nothing to resume or it is another training.
    """
    ranks = task.ranks
    if ranks.is_first:
        files.check_out(task.out)
    started = time.perf_counter()
    classifier, parts = task.classifier, _read(task)
    fingerprint = _fingerprint(classifier, parts, ranks)
    state = None
    if task.resume:
        state, finished = left_behind(task.out / files.STATE, lambda: files.finished(task.out), fingerprint, ranks)
        if finished is not None:
            return finished
    if not ranks.is_first:
        classifier.fit(*parts.train.pair, parts.watched, ranks=ranks)
        return {}
    files.make_out(task.out)
    remove_leftovers(task.out)
    _train(task, parts, fingerprint, state, bar)
    probabilities = _predict(classifier, parts, bar)
    metrics = {
        "format": FORMAT,
        "model": classifier.model,
        "data": str(task.folder),
        "seed": classifier.seed,
        "classes": list(NAMES),
        "n": {part: len(digits) for part, digits in vars(parts).items()},
        "counts": parts.counts(),
        **_measure(parts, probabilities),
        "parameters": sum(parameter.value.numel() for parameter in classifier.network.parameters().values()),
        "seconds": round(time.perf_counter() - started, 2),
        "processes": ranks.size,
        "training_seconds": round(sum(classifier.history.column("seconds")), 2),
        "peak_memory_mib": files.peak_memory(),
        "settings": asdict(classifier.settings),
        "guard": fingerprint,
        "versions": files.versions(),
    }
    files.publish_run(task.out, _contents(task, parts, probabilities["test"], metrics), metrics, atomic_write)
    return metrics


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


def _fingerprint(classifier: DigitClassifier, parts: DigitParts, ranks: Ranks) -> str:
    """Return a digest of the model, all settings and the digits; the classifier is not trained yet."""
    digits = {
        part: [hashlib.sha256(tensor.numpy().data).hexdigest() for tensor in (digits.x, digits.labels)]
        for part, digits in vars(parts).items()
    }
    training = {
        "model": classifier.model,
        "seed": classifier.seed,
        "settings": asdict(classifier.settings),
        "digits": digits,
    }
    return fingerprint_of(training | ranks.identity())


def _train(task: DigitTraining, parts: DigitParts, fingerprint: str, state: TrainingState | None, bar: Bar) -> None:
    """Train; with each batch, the bar shows the epoch and the validation accuracy of the epoch before."""
    settings = task.classifier.settings
    finished = len(state.metadata.get("history", ())) if state else 0
    batches = -(-len(parts.train) // settings.batch_size)
    words = [""]  # what the bar shows of each epoch; the first is empty, as there was none before
    keeper = StateKeeper(partial(atomic_write, task.out / files.STATE), fingerprint, words.append)
    with bar("training", (settings.epochs - finished) * batches) as advance:

        def on_batch(done: int, digits: int) -> None:
            advance(f"epoch {finished + len(words)} of {settings.epochs} {words[-1]}".rstrip())

        task.classifier.fit(
            *parts.train.pair, parts.watched, on_batch=on_batch, on_epoch=keeper, resume=state, ranks=task.ranks
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
    curve = learning_curve(classifier.history.columns(), title, a="digit", training=trained)
    confusion = confusion_picture(confusion_of(metrics), metrics["classes"], title, "the digit's images")
    yield files.CURVE, curve
    yield files.CONFUSION, confusion
    yield files.WEIGHTS, weights_picture(classifier, title)
    yield MISTAKES, mistakes_picture(probabilities, parts.test, title)
    yield files.PAGE, page_of_run(classifier, metrics, parts.train, parts.test, probabilities, curve, confusion)


def _predictions(test: Digits, probabilities: NDArray[np.float32]) -> bytes:
    """Return predictions.csv, with a line for each test digit."""
    predicted, highest = probabilities.argmax(1).tolist(), probabilities.max(1).tolist()
    rows = zip(range(len(test)), test.labels.tolist(), predicted, highest, strict=True)
    return predictions_csv(("index", "label", "predicted", "probability"), rows)
