"""Measures of predictions: the numbers of metrics.json, the last line of a training, predictions.csv.

Classes are numbered from 0, in the order of their names.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from report.figures.confusion import macro_f1

Labels = NDArray[np.int_]
"""A class for each of N samples, (N,)."""


def results_of(answers: Mapping[str, tuple[Labels, Labels]], classes: Sequence[str], each: str) -> dict[str, Any]:
    """Return the measures of `answers`, part of the split -> (true, predicted), which has a part `test`.

    They are `PART_accuracy` in [0, 1], None for an empty part, and for `test` also `macro_f1`, `confusion` (classes,
    classes), true by predicted, and, under the name `each`, the result of `class_by_class`.
    """
    accuracies = {
        f"{part}_accuracy": float((true == predicted).mean()) if len(true) else None
        for part, (true, predicted) in answers.items()
    }
    confusion = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(confusion, answers["test"], 1)
    summary = {"macro_f1": macro_f1(confusion), "confusion": confusion.tolist()}
    return accuracies | summary | {each: class_by_class(confusion, classes)}


def class_by_class(confusion: NDArray[np.int_], classes: Sequence[str]) -> dict[str, dict[str, float | int | None]]:
    """Return each class's precision, recall and F1, and how many samples `n` it has, by its name.

    Precision is the correct share of its predictions, None without any; recall the correct share of its samples, None
    without any; F1 is None without both. `confusion` (classes, classes) counts true by predicted.
    """
    counts = zip(classes, confusion.diagonal(), confusion.sum(0), confusion.sum(1), strict=True)
    return {
        name: {
            "precision": _share(right, predicted),
            "recall": _share(right, n),
            "f1": _share(2 * right, predicted + n),
            "n": int(n),
        }
        for name, right, predicted, n in counts
    }


def accuracy_line(metrics: Mapping[str, Any]) -> str:
    """Return the last line of a training: `test accuracy 0.8750 (105 of 120)`."""
    confusion = np.asarray(metrics["confusion"])
    n, right = int(confusion.sum()), int(confusion.trace())
    return f"test accuracy {right / n:.4f} ({right} of {n})" if n else "no test data, no test accuracy"


def predictions_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return predictions.csv as UTF-8, a row per test sample; floats have six decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"{value:.6f}" if isinstance(value, float) else value for value in row] for row in rows)
    return text.getvalue().encode()


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
