"""Measures of predictions: the numbers of metrics.json, the last line of a training, predictions.csv.

Classes are numbered from 0, in the order of their names.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int_]
"""A class for each of N samples, (N,)."""

MOST_WITH_ZEROS = (
    100  # classes: beyond, a row of the confusion in metrics.json is an object of its counts that are not 0
)
_MOST_CLASSES, _MOST_SAMPLES = 20_000, 2**31  # in a file that may be a stranger's: more would fill the memory


@dataclass(frozen=True)
class ConfusedPair:
    """`n` of the `of` test samples of the class `true` were taken for `predicted`."""

    true: str
    predicted: str
    n: int
    of: int


@dataclass(frozen=True)
class ClassAccuracy:
    """How many of the `n` test samples of a class, at least one, were given its name."""

    name: str
    right: int
    n: int


def results_of(answers: Mapping[str, tuple[Labels, Labels]], classes: Sequence[str], each: str) -> dict[str, Any]:
    """Return the measures of `answers`, part of the split -> (true, predicted), which has a part `test`.

    They are `PART_accuracy` in [0, 1], None for an empty part, and for `test` also `macro_f1`, the number of classes it
    is over, `tested_classes`, `confusion`, true by predicted, which `confusion_of` reads, and, under the name `each`,
    the result of `class_by_class`.
    """
    accuracies = {
        f"{part}_accuracy": float((true == predicted).mean()) if len(true) else None
        for part, (true, predicted) in answers.items()
    }
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(confusion, answers["test"], 1)
    summary = {
        "macro_f1": macro_f1(confusion),
        "tested_classes": int(confusion.any(axis=1).sum()),
        "confusion": _rows_of(confusion),
    }
    return accuracies | summary | {each: class_by_class(confusion, classes)}


def confusion_of(metrics: Mapping[str, Any]) -> NDArray[np.int_]:
    """Return the confusion of metrics.json as counts (classes, classes), true by predicted.

    In the file it is a list with a row per class: a count for each class, or an object of those that are not 0, by the
    number of the class. Raises ValueError when it is not.
    """
    rows = metrics.get("confusion")
    if not isinstance(rows, list) or not 0 < len(rows) <= _MOST_CLASSES:
        raise ValueError("expected a list with a row per class")
    columns = {str(number): number for number in range(len(rows))}
    counts = np.zeros((len(rows), len(rows)), dtype=int)
    for number, row in enumerate(rows):
        whole = isinstance(row, list) and len(row) == len(rows)
        found = dict(zip(columns, row, strict=True)) if whole else row
        if not isinstance(found, dict) or not found.keys() <= columns.keys():
            raise ValueError(f"expected in row {number} a count for each class, or counts by the number of the class")
        if not all(type(count) is int and 0 <= count < _MOST_SAMPLES for count in found.values()):
            raise ValueError(f"expected in row {number} whole numbers from 0")
        counts[number, [columns[column] for column in found]] = list(found.values())
    return counts


def macro_f1(confusion: NDArray[np.int_]) -> float | None:
    """Return the mean of F1 = 2 right / (true + predicted) over the classes with samples, None when there are none.

    A class that is never predicted has F1 0. `confusion` (classes, classes) counts true by predicted.
    """
    tested = confusion.any(axis=1)
    if not tested.any():
        return None
    return float((2 * confusion.diagonal() / np.maximum(confusion.sum(0) + confusion.sum(1), 1))[tested].mean())


def confused_pairs(confusion: NDArray[np.int_], classes: Sequence[str]) -> list[ConfusedPair]:
    """Return the pairs of different classes in `confusion` (classes, classes), true by predicted, by falling count."""
    of = confusion.sum(1).tolist()
    pairs = [
        ConfusedPair(classes[true], classes[said], int(confusion[true, said]), of[true])
        for true, said in np.argwhere(confusion).tolist()
        if true != said
    ]
    return sorted(pairs, key=lambda pair: (-pair.n, pair.true, pair.predicted))


def by_accuracy(confusion: NDArray[np.int_], classes: Sequence[str]) -> list[ClassAccuracy]:
    """Return the classes that have samples, the lowest accuracy first; of equals, the one with the most samples."""
    counts = zip(classes, confusion.diagonal().tolist(), confusion.sum(1).tolist(), strict=True)
    tested = [ClassAccuracy(name, right, n) for name, right, n in counts if n]
    return sorted(tested, key=lambda each: (each.right / each.n, -each.n, each.name))


def class_by_class(confusion: NDArray[np.int_], classes: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
    """Return each class's precision, recall and F1, and how many samples `n` it has, by its name.

    Precision is the correct share of its predictions, None without any; recall the correct share of its samples, None
    without any, as is F1. `confusion` (classes, classes) counts true by predicted.
    """
    counts = zip(classes, confusion.diagonal(), confusion.sum(0), confusion.sum(1), strict=True)
    return {
        name: {
            "precision": _share(right, predicted),
            "recall": _share(right, n),
            "f1": _share(2 * right, predicted + n) if n else None,
            "n": int(n),
        }
        for name, right, predicted, n in counts
    }


def accuracy_line(metrics: Mapping[str, Any]) -> str:
    """Return the last line of a training: `test accuracy 0.8750 (105 of 120)`."""
    confusion = confusion_of(metrics)
    n, right = int(confusion.sum()), int(confusion.trace())
    return f"test accuracy {right / n:.4f} ({right} of {n})" if n else "no test data, no test accuracy"


def predictions_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return predictions.csv as UTF-8, a row per test sample; floats have six decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"{value:.6f}" if isinstance(value, float) else value for value in row] for row in rows)
    return text.getvalue().encode()


def _rows_of(confusion: NDArray[np.int_]) -> list[Any]:
    """Return the confusion as in metrics.json: of up to `MOST_WITH_ZEROS` classes all counts, of more those not 0."""
    if len(confusion) <= MOST_WITH_ZEROS:
        return list(confusion.tolist())
    rows: list[dict[str, int]] = [{} for _ in confusion]
    for true, predicted in np.argwhere(confusion).tolist():
        rows[true][str(predicted)] = int(confusion[true, predicted])
    return rows


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
