"""train-mnist: the files of MNIST in, a run folder out.

Reads the digits and holds some out, trains, measures on digits the training never saw, and publishes the run: pictures
first, `metrics.json` last. Of several ranks all read and train, and the first alone measures and writes.
"""

import hashlib
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Generator, Tensor

from data.mnist import CLASSES
from data.publish import publish, sweep
from errors import DatasetError
from mnist.digits import Digits, load_digits, split_off
from mnist.pictures import mistakes_picture, weights_picture
from mnist.reader import BATCH, DigitReader
from mnist.run import MISTAKES
from mnist.run_page import page_of_run
from mnist.settings import VALIDATION
from nn.ranks import ALONE, Ranks
from nn.resume import StateKeeper, guard_of, left_behind
from nn.training_state import TrainingState
from report import run_folder as files
from report.confusion import confusion_picture, macro_f1
from report.curves import AUGMENTED, learning_curve
from report.progress import Bar, no_bar

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What one run is asked to do."""

    folder: Path
    out: Path
    reader: DigitReader
    """Not yet trained; afterwards it is."""
    validation: int = VALIDATION
    """Training digits held out, 0: none."""
    resume: bool = False
    ranks: Ranks = ALONE


@dataclass(frozen=True)
class Parts:
    """What the digits are for; validation may be empty."""

    train: Digits
    validation: Digits
    test: Digits

    @property
    def watched(self) -> Digits | None:
        """The validation digits, if there are some."""
        return self.validation if len(self.validation) else None

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many there are of each digit: part -> digit -> images."""
        return {
            part: {str(digit): n for digit, n in enumerate(digits.labels.bincount(minlength=CLASSES).tolist())}
            for part, digits in vars(self).items()
        }


Answers = dict[str, Tensor]
"""Part, if it has digits -> their probabilities (N, 10)."""


def train_mnist(task: TrainingRun, bar: Bar = no_bar) -> dict[str, Any]:
    """Train, measure, publish `task.out`; return what metrics.json holds, {} from a rank that wrote nothing."""
    ranks = task.ranks
    if ranks.is_first:
        files.check_out(task.out)
    started = time.perf_counter()
    reader, parts = task.reader, _read(task)
    guard = _guard(reader, parts, ranks)
    state = None
    if task.resume:
        state, finished = left_behind(task.out / files.STATE, lambda: files.finished(task.out), guard, ranks)
        if finished is not None:
            return finished
    if not ranks.is_first:
        reader.fit(parts.train, parts.watched, ranks=ranks)
        return {}
    files.make_out(task.out)
    sweep(task.out)
    _train(task, parts, guard, state, bar)
    answers = _ask(reader, parts, bar)
    metrics = {
        "format": FORMAT,
        "model": reader.model,
        "data": str(task.folder),
        "seed": reader.seed,
        "classes": [str(digit) for digit in range(CLASSES)],
        "n": {part: len(digits) for part, digits in vars(parts).items()},
        "counts": parts.counts(),
        **_measure(parts, answers),
        "parameters": sum(parameter.value.numel() for parameter in reader.network.parameters().values()),
        "seconds": round(time.perf_counter() - started, 2),
        "processes": ranks.size,
        "training_seconds": round(sum(reader.history.column("seconds")), 2),
        "peak_memory_mib": files.peak_memory(),
        "settings": asdict(reader.settings),
        "guard": guard,
        "versions": files.versions(),
    }
    _publish(task, parts, answers["test"], metrics)
    return metrics


def accuracy_line(metrics: dict[str, Any]) -> str:
    """Return the line a training ends with: `test accuracy 0.9712 (9712 of 10000)`."""
    return f"test accuracy {metrics['test_accuracy']:.4f} ({np.trace(metrics['confusion'])} of {metrics['n']['test']})"


def title_of(metrics: dict[str, Any]) -> str:
    """Return the title of a run's pictures."""
    return f"digits, {metrics['model']}: {accuracy_line(metrics)}"


def _read(task: TrainingRun) -> Parts:
    train, test = load_digits(task.folder)
    if not task.validation < len(train):
        raise DatasetError(
            f"{task.folder} has {len(train)} training digits, expected more than the {task.validation} to be held out "
            "for validation: choose a smaller --validation, or 0"
        )
    task.ranks.check_samples(len(train) - task.validation, "digits")
    return Parts(*split_off(train, task.validation, Generator().manual_seed(task.reader.seed)), test)


def _guard(reader: DigitReader, parts: Parts, ranks: Ranks) -> str:
    """Return the digest of what is trained, how, and on what; reader not yet trained."""
    digits = {
        part: [hashlib.sha256(tensor.numpy().data).hexdigest() for tensor in (digits.x, digits.labels)]
        for part, digits in vars(parts).items()
    }
    asked = {"model": reader.model, "seed": reader.seed, "settings": asdict(reader.settings), "digits": digits}
    return guard_of(asked | ranks.identity())


def _train(task: TrainingRun, parts: Parts, guard: str, state: TrainingState | None, bar: Bar) -> None:
    """Train, and tell the bar of each batch: its epoch, and what validation said after the one before."""
    settings = task.reader.settings
    finished = len(state.metadata.get("history", ())) if state else 0
    batches = -(-len(parts.train) // settings.batch_size)
    words = [""]  # one more than epochs since the start
    keeper = StateKeeper(partial(publish, task.out / files.STATE), guard, words.append)
    with bar("training", (settings.epochs - finished) * batches) as advance:

        def on_batch(done: int, digits: int) -> None:
            advance(f"epoch {finished + len(words)} of {settings.epochs} {words[-1]}".rstrip())

        task.reader.fit(parts.train, parts.watched, on_batch=on_batch, on_epoch=keeper, resume=state, ranks=task.ranks)


def _ask(reader: DigitReader, parts: Parts, bar: Bar) -> Answers:
    """Return what the network answers to all digits."""
    todo = {part: digits for part, digits in vars(parts).items() if len(digits)}
    with bar("reading digits", sum(-(-len(digits) // BATCH) for digits in todo.values())) as advance:
        return {part: reader.predict_proba(digits.x, lambda: advance("")) for part, digits in todo.items()}


def _measure(parts: Parts, answers: Answers) -> dict[str, Any]:
    """Return the accuracies, None for an empty part, and the confusion of the test digits (true, predicted)."""

    def accuracy(part: str) -> float | None:
        return _right(answers[part], digits) / len(digits) if len(digits := getattr(parts, part)) else None

    n, right = len(parts.test), _right(answers["test"], parts.test)
    confusion = np.zeros((CLASSES, CLASSES), dtype=int)
    np.add.at(confusion, (parts.test.labels.numpy(), answers["test"].argmax(1).numpy()), 1)
    return {
        "train_accuracy": accuracy("train"),
        "validation_accuracy": accuracy("validation"),
        "test_accuracy": right / n,
        "test_error": (n - right) / n,
        "macro_f1": macro_f1(confusion),
        "confusion": confusion.tolist(),
    }


def _right(probabilities: Tensor, digits: Digits) -> int:
    return int((probabilities.argmax(1) == digits.labels).sum())


def _publish(task: TrainingRun, parts: Parts, answers: Tensor, metrics: dict[str, Any]) -> None:
    """Write the run. The old `metrics.json` goes first, the new one comes last: with it, all files are of one run."""
    out, reader, probabilities = task.out, task.reader, answers.numpy()
    about = {key: metrics[key] for key in ("n", "guard", "versions")}
    about["metrics"] = {key: metrics[key] for key in ("validation_accuracy", "test_accuracy")}
    title = title_of(metrics)
    (out / files.METRICS).unlink(missing_ok=True)
    publish(out / files.MODEL, reader.to_bytes(about))
    publish(out / files.HISTORY, reader.history.to_csv().encode())
    trained = AUGMENTED if reader.is_augmented else "training"
    curve = learning_curve(reader.history.columns(), title, a="digit", training=trained)
    confusion = confusion_picture(metrics["confusion"], metrics["classes"], title, "the digit's images")
    publish(out / files.CURVE, curve)
    publish(out / files.CONFUSION, confusion)
    publish(out / files.WEIGHTS, weights_picture(reader, title))
    mistakes = mistakes_picture(probabilities, parts.test, title)
    if mistakes is None:
        (out / MISTAKES).unlink(missing_ok=True)
    else:
        publish(out / MISTAKES, mistakes)
    page = page_of_run(reader, metrics, parts.train, parts.test, probabilities, curve, confusion)
    publish(out / files.PAGE, page)
    publish(out / files.METRICS, files.as_json(metrics))
    (out / files.STATE).unlink(missing_ok=True)
