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
from faces.hidden_units import Voice, loudest
from report.page import (
    ANSWER_SIDE,
    UNIT_PHOTO_SIDE,
    Accuracy,
    Answer,
    ConfusedPair,
    DownloadReport,
    Page,
    Unit,
    Unknown,
    photo_jpeg,
    render,
)
from report.tiles import tile_png

ANSWERS = 6  # of the surest, and of the least sure
MISTAKES = 24
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
    answers = [_answer(folder, photo, row, metrics["classes"]) for photo, row in zip(test, probabilities, strict=True)]
    wrong = sorted((a for a in answers if a.true != a.predicted), key=lambda a: -a.probability)
    right = sorted((a for a in answers if a.true == a.predicted), key=lambda a: -a.probability)
    hesitant = sorted(answers, key=lambda a: a.probability)
    counts = np.asarray(metrics["confusion"])
    page = Page(
        title=f"Who is this? {folder.resolve().name}",
        subtitle=_what(metrics),
        facts=_facts(metrics),
        accuracy=Accuracy(int(counts.trace()), int(counts.sum())),
        macro_f1=metrics["macro_f1"],
        curve_png=curve,
        confusion_png=confusion,
        confused=_confused(counts, metrics["classes"]),
        mistakes=_with_photos(folder, wrong[:MISTAKES]),
        surest=_with_photos(folder, right[:ANSWERS]),
        least_sure=_with_photos(folder, hesitant[:ANSWERS]),
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


def _answer(folder: Path, photo: Photo, row: NDArray[np.float32], classes: Sequence[str]) -> Answer:
    """Return what the model said of a test photo, the photo itself not yet opened."""
    first, second = (int(index) for index in np.argsort(-row, kind="stable")[:2])
    return Answer(
        photo_jpeg=b"",
        file=photo.file,
        true=photo.name,
        predicted=classes[first],
        probability=float(row[first]),
        runner_up=classes[second],
        runner_up_probability=float(row[second]),
    )


def _with_photos(folder: Path, answers: Sequence[Answer]) -> list[Answer]:
    return [Answer(**{**vars(answer), "photo_jpeg": _jpeg(folder / answer.file, ANSWER_SIDE)}) for answer in answers]


def _jpeg(path: Path, side: int) -> bytes:
    return photo_jpeg(open_photo(path.read_bytes(), side, "RGB"), side)


def _confused(counts: NDArray[np.int_], classes: Sequence[str]) -> list[ConfusedPair]:
    pairs = [
        ConfusedPair(classes[true], classes[said], int(n), int(counts[true].sum()))
        for (true, said), n in np.ndenumerate(counts)
        if n and true != said
    ]
    return sorted(pairs, key=lambda pair: (-pair.n, pair.true, pair.predicted))


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
