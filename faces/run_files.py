"""What a run folder consists of: the measurements of metrics.json, and every other file, made of a classifier.

A training calls these, and so does a change of a run's people.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from data.download.manifest import escape_formula
from data.photos.folder import Photo
from faces.classifier import Classifier
from faces.open_set import OpenedPart
from faces.photos import Photos
from faces.pictures import weights_picture
from faces.run_page import name_of, page_of_run
from faces.run_photo import RunPhoto
from faces.temperature import tempered
from report import run_folder as files
from report.bootstrap import share_of
from report.figures.confusion import confusion_picture
from report.figures.curves import learning_curve
from report.reliability import as_json, reliability
from report.results import accuracy_line, confusion_of, predictions_csv, results_of


def measured(classifier: Classifier, parts: Mapping[str, OpenedPart]) -> dict[str, Any]:
    """Return the accuracy of each part, among them `test`, and of the test photos its interval, the confusion matrix,
    precision and recall of each person, and whether the probabilities mean what they say."""

    def true(part: OpenedPart) -> NDArray[np.int_]:
        return np.searchsorted(classifier.classes_, np.array(part.names, np.str_))

    probabilities = {name: classifier.predict_proba(part.photos) for name, part in parts.items()}
    predicted = {name: (true(part), probabilities[name].argmax(1)) for name, part in parts.items()}
    right = np.equal(*predicted["test"])
    return {
        **results_of(predicted, classifier.classes_.tolist(), "people"),
        "test_interval": share_of(right, parts["test"].names, classifier.seed)["interval"] if len(right) else None,
        "calibration": _calibration(classifier.temperature_, probabilities["test"], right),
    }


def _calibration(temperature: float, probabilities: NDArray[np.float32], right: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the reliability of the answers before and after the temperature; `probabilities` are those after it."""
    before = tempered(torch.from_numpy(probabilities), 1 / temperature).numpy()
    return {
        "temperature": temperature,
        "n": len(right),
        "before": as_json(reliability(before.max(1, initial=0), right)),
        "after": as_json(reliability(probabilities.max(1, initial=0), right)),
    }


def run_files(
    classifier: Classifier,
    metrics: dict[str, Any],
    folder: Path,
    split: Mapping[str, Any],
    test: Sequence[Photo],
    opened: Photos,
    exciting: Sequence[Sequence[tuple[str, str]]],
    originals: Mapping[str, str],
) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of a run, the network first; metrics.json is `metrics`.

    `folder` has the photos, `split` is the content of split.json, `opened` are the `test` photos as the network takes
    them. `exciting` has for each unit file and SHA-256 of the photos that excite it most; files that are not in
    `folder` are absolute. `originals` is as in `page_of_run`.
    """
    about = {key: metrics[key] for key in ("counts", "guard", "versions")}
    about["metrics"] = {"test_accuracy": metrics["test_accuracy"], "n": len(test)}
    yield files.MODEL, classifier.to_bytes(about)
    yield files.HISTORY, classifier.history.to_csv().encode()
    yield files.SPLIT, files.as_json(split)
    probabilities = classifier.predict_proba(opened)
    yield files.PREDICTIONS, _predictions(classifier, test, probabilities, classifier.known_scores(opened))
    title = f"{name_of(metrics)}: {accuracy_line(metrics)}"
    restored = classifier.patience is not None and metrics["validation_accuracy"] is not None
    history = classifier.history
    best_epoch = history.best_epoch if restored else None
    curve = learning_curve(history.columns(), title, best_epoch, loss=history.loss) if len(history) else b""
    confusion = confusion_picture(confusion_of(metrics), metrics["classes"], title)
    if curve:
        yield files.CURVE, curve
    yield files.CONFUSION, confusion
    units = [
        asdict(unit) | {"photos": [file for file, _ in photos], "sha256": [sha256 for _, sha256 in photos]}
        for unit, photos in zip(classifier.unit_classes(), exciting, strict=True)
    ]
    yield files.UNITS, files.as_json(units)
    pictured = {
        unit: [RunPhoto(folder / file, sha256) for file, sha256 in photos] for unit, photos in enumerate(exciting)
    }
    yield files.WEIGHTS, weights_picture(classifier, title, pictured)
    answered = (test, probabilities, originals)
    yield files.PAGE, page_of_run(folder, classifier, metrics, *answered, pictured, curve, confusion)


def _predictions(
    classifier: Classifier,
    photos: Sequence[Photo],
    probabilities: NDArray[np.float32],
    known_scores: NDArray[np.float32],
) -> bytes:
    """Return predictions.csv, with a line for each photo.

    Files are escaped as well as names: they begin with the name of the person's folder, which may look like a formula.
    """
    rows = zip(
        (escape_formula(photo.file) for photo in photos),
        (escape_formula(photo.name) for photo in photos),
        map(escape_formula, classifier.classes_[probabilities.argmax(1)].tolist()),
        probabilities.max(1).tolist(),
        known_scores.tolist(),
        strict=True,
    )
    return predictions_csv(("file", "person", "predicted", "probability", "likeness"), rows)
