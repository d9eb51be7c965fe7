"""What a run measured, put into the data that the page of a run is made of.

`report.page` draws it and knows nothing of runs; `training_run` has the numbers. Neighbours: both.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.folder import Photo
from data.images import open_photo
from faces.classifier import Classifier
from faces.hidden import HiddenClassifier
from report.hidden_units import Voice, loudest
from report.page import (
    ANSWER_SIDE,
    UNIT_PHOTO_SIDE,
    Accuracy,
    DownloadReport,
    Page,
    Unit,
    Unknown,
    answer,
    confused_pairs,
    photo_jpeg,
    ranked,
    render,
)
from report.tiles import tile_png

PHOTOS_A_UNIT = 3
UNITS_A_PERSON = 6


def page_of_run(
    folder: Path,
    classifier: Classifier,
    metrics: dict[str, Any],
    test: Sequence[Photo],
    probabilities: NDArray[np.float32],
    favourites: dict[int, list[Path]],
    curve: bytes,
    confusion: bytes,
) -> bytes:
    """Return report.html; `probabilities` (N, classes) are the answers to the N test photos."""
    classes = metrics["classes"]
    answers = [
        answer(row, classes, true=photo.name, file=photo.file) for photo, row in zip(test, probabilities, strict=True)
    ]
    shown = ranked(answers, lambda answer: _jpeg(folder / answer.file, ANSWER_SIDE))
    counts = np.asarray(metrics["confusion"])
    page = Page(
        title=f"Who is this? {folder.resolve().name}",
        subtitle=_what(metrics),
        facts=_facts(metrics),
        accuracy=Accuracy(int(counts.trace()), int(counts.sum())),
        macro_f1=metrics["macro_f1"],
        curve_png=curve,
        confusion_png=confusion,
        confused=confused_pairs(counts, classes),
        mistakes=shown.mistakes,
        surest=shown.surest,
        least_sure=shown.least_sure,
        units=_units(classifier, favourites),
        unknown=_unknown(metrics["unknown"]),
        download=_download(folder),
        counts=metrics["counts"],
    )
    return render(page).encode()


def _what(metrics: dict[str, Any]) -> str:
    names = {"hidden": "one hidden layer on grey pixels", "alexnet": "AlexNet's conv5 features and a trained head"}
    return f"{names[metrics['model']]}, {len(metrics['classes'])} people, seed {metrics['seed']}"


def _facts(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was trained, how, and with what, as pairs to read."""
    settings = metrics["settings"]
    facts = [
        ("photos", str(metrics["data"])),
        ("trained for", f"{settings['epochs']} epochs at most, batches of {settings['batch_size']}"),
        ("hidden units", str(settings["hidden"])),
        ("input", f"{settings['size']} x {settings['size']} pixels"),
        ("computed in", f"{metrics['seconds']} s on {metrics['device']}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())),
    ]
    if "backbone" in metrics:
        backbone = metrics["backbone"]
        facts.insert(3, ("weights", f"{Path(backbone['from']).name}, SHA-256 {backbone['sha256'][:12]}"))
    return facts


def _jpeg(path: Path, side: int) -> bytes:
    return photo_jpeg(open_photo(path.read_bytes(), side, "RGB"), side)


def _units(classifier: Classifier, favourites: dict[int, list[Path]]) -> list[Unit]:
    """Return the loudest hidden units of each person."""
    order = loudest(classifier.voices(), UNITS_A_PERSON)
    return [
        Unit(
            voice.unit,
            voice.name,
            _tile(classifier, voice),
            [_jpeg(path, UNIT_PHOTO_SIDE) for path in favourites[voice.unit][:PHOTOS_A_UNIT]],
        )
        for voice in order
    ]


def _tile(classifier: Classifier, voice: Voice) -> bytes | None:
    if not isinstance(classifier, HiddenClassifier):
        return None
    weights = classifier.hidden_weights
    return tile_png(weights[voice.unit].cpu().numpy(), float(weights.abs().max()) * 0.6 or 1.0)


def _unknown(measured: dict[str, Any]) -> Unknown | None:
    if measured.get("strangers") is None:
        return None
    return Unknown(**{name: measured[name] for name in Unknown.__dataclass_fields__})


def _download(folder: Path) -> DownloadReport | None:
    """Return what the download said, None for a folder that was not downloaded."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return DownloadReport(int(report["rows"]), int(report["ok"]), dict(report["reasons"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
