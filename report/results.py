"""What a network's answers come to: the numbers of metrics.json, the line a training ends with, predictions.csv.

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
    """Return what `answers`, part of the split -> (true, predicted), come to.

    Of each part it is the accuracy, None for an empty one; of the part `test` also macro F1, the confusion (true,
    predicted), and, under the name `each`, what `class_by_class` says.
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

    Precision is the share that is right of the times it was said, recall of the times it was asked for; either is None
    if that was never, and F1 if both were.
    """
    counts = zip(classes, confusion.diagonal(), confusion.sum(0), confusion.sum(1), strict=True)
    return {
        name: {
            "precision": _share(right, said),
            "recall": _share(right, asked),
            "f1": _share(2 * right, said + asked),
            "n": int(asked),
        }
        for name, right, said, asked in counts
    }


def accuracy_line(metrics: Mapping[str, Any]) -> str:
    """Return the line a training ends with: `test accuracy 0.8750 (105 of 120)`."""
    confusion = np.asarray(metrics["confusion"])
    n, right = int(confusion.sum()), int(confusion.trace())
    return f"test accuracy {right / n:.4f} ({right} of {n})" if n else "no test data, no test accuracy"


def predictions_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return predictions.csv, a row per test sample; floats are written with six digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"{value:.6f}" if isinstance(value, float) else value for value in row] for row in rows)
    return text.getvalue().encode()


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
