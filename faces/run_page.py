"""The page of a run, report.html: puts the run's measurements into a `report.page.Page`.

`report.page` renders it; `training_run` measures.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.photos.folder import Photo
from faces.classifier import Classifier
from faces.pictures import picture_of
from faces.run_photo import RunPhoto
from faces.settings import PORT
from report.figures.acceptance import acceptance_picture
from report.figures.cells import limit_of
from report.figures.reliability import reliability_picture
from report.figures.tiles import tile_png
from report.page import (
    ANSWER_SIDE,
    PHOTOS_A_UNIT,
    UNIT_PHOTO_SIDE,
    Accepted,
    Accuracy,
    Calibration,
    DownloadReport,
    Page,
    Unit,
    Units,
    Unknown,
    answer,
    photo_jpeg,
    ranked,
    render,
    strongest,
)
from report.page.wording import count
from report.reliability import Bin
from report.results import by_accuracy, confused_pairs, confusion_of


def page_of_run(
    folder: Path,
    classifier: Classifier,
    metrics: dict[str, Any],
    test: Sequence[Photo],
    probabilities: NDArray[np.float32],
    originals: Mapping[str, str],
    exciting_photos: dict[int, list[RunPhoto]],
    curve: bytes,
    confusion: bytes,
) -> bytes:
    """Return report.html of a run on the photos in `folder`.

    `probabilities` (N, classes) are those of the N test photos; `originals` has for crops the photo that each was cut
    from, which is shown in its place, file -> file; `exciting_photos` has for each unit the training photos
    with its highest activations.
    """
    classes = metrics["classes"]
    names = [originals.get(photo.file, photo.file) for photo in test]
    naming = f"http://127.0.0.1:{PORT}/worst?photo=" if metrics.get("source") in (None, metrics["data"]) else ""
    answers = [
        answer(row, classes, true=photo.name, file=name, link=naming and naming + photo.sha256)
        for name, photo, row in zip(names, test, probabilities, strict=True)
    ]
    photos = {name: RunPhoto(folder / photo.file, photo.sha256) for name, photo in zip(names, test, strict=True)}
    shown = ranked(answers, lambda answer: _jpeg(photos[answer.file], ANSWER_SIDE))
    counts = confusion_of(metrics)
    page = Page(
        title=f"Who is this? {name_of(metrics)}",
        subtitle=_subtitle(metrics),
        facts=_facts(metrics, folder),
        accuracy=Accuracy(int(counts.trace()), int(counts.sum()), metrics["test_interval"]),
        not_tested=metrics.get("not_tested") or "",
        macro_f1=metrics["macro_f1"],
        people=len(classes),
        by_person=by_accuracy(counts, classes),
        curve_png=curve,
        confusion_png=confusion,
        confused=confused_pairs(counts, classes),
        mistakes=shown.mistakes,
        surest=shown.surest,
        least_sure=shown.least_sure,
        units=_units(classifier, exciting_photos),
        calibration=_calibration(metrics),
        unknown=_unknown(metrics),
        download=_download(folder),
        counts=metrics["counts"] | {"enrolled": metrics.get("enrolled", {})},
        validation_did=validation_did(classifier),
    )
    return render(page).encode()


def name_of(metrics: dict[str, Any]) -> str:
    """Return what a run is called on its page and its pictures: the folder that the photos came in."""
    return Path(metrics.get("source") or metrics["data"]).name


def _subtitle(metrics: dict[str, Any]) -> str:
    model = "one hidden layer on grey pixels"
    if "backbone" in metrics:
        model = f"features of the network {metrics['backbone']['name']}, head {metrics['head']}"
    aligned = "aligned faces" if metrics["image"]["margin"] is not None else "faces as they are"
    return f"{model}, {aligned}, {len(metrics['classes'])} people, seed {metrics['seed']}"


def validation_did(classifier: Classifier) -> str:
    """Return what the validation photos were used for, as the end of a sentence."""
    threshold = "set how sure its probabilities are, and helped to set the threshold below which a face is unknown"
    history = classifier.history
    if classifier.patience is None or not history.best_epoch:
        return f"{threshold}, and did not change what it learned"
    ended = f"ended the training after epoch {len(history)}, " if history.stopped_early else ""
    return f"{ended}chose epoch {history.best_epoch}, whose weights were kept, and {threshold}"


def _facts(metrics: dict[str, Any], folder: Path) -> list[tuple[str, str]]:
    """Return titles and values: the data, the settings, the device and the versions."""
    settings, size = metrics["settings"], metrics["image"]["size"]
    facts = [
        ("photos", metrics.get("source") or str(folder)),
        ("trained for", _trained_for(metrics)),
        ("hidden units", str(settings["hidden"] or "none")),
        ("input", f"{size} x {size} pixels; {metrics.get('aligned', 'faces are taken as they are')}"),
        (
            "computed in",
            f"{metrics['seconds']} s, {metrics['training_seconds']} s of it training, on {metrics['device']}",
        ),
        ("versions", ", ".join(f"{name} {version}" for name, version in metrics["versions"].items())),
    ]
    if metrics.get("changes"):
        facts.append(("changed since", _changed(metrics)))
    if "backbone" in metrics:
        backbone = metrics["backbone"]
        facts.insert(3, ("weights", f"{Path(backbone['from']).name}, SHA-256 {backbone['sha256'][:12]}"))
    return facts


def _changed(metrics: dict[str, Any]) -> str:
    """Return how a run's people were changed without a training, and on how many photos it was measured again."""
    removed = sum(change["command"] == "enroll --remove" for change in metrics["changes"])
    lines = [f"{name} enrolled with {count(n, 'photo')}" for name, n in metrics["enrolled"].items()]
    lines += [f"{count(removed, 'person', 'people')} removed"] if removed else []
    return f"{', '.join(lines)}; {metrics['measured_again']}"


def _trained_for(metrics: dict[str, Any]) -> str:
    settings = metrics["settings"]
    if metrics.get("head") == "lda":
        return "no epoch: the head is computed from means and a covariance"
    return f"up to {count(settings['epochs'], 'epoch')}, in batches of {settings['batch_size']}"


def _jpeg(photo: RunPhoto, side: int) -> bytes:
    return photo_jpeg(picture_of(photo, side), side)


def _units(classifier: Classifier, exciting_photos: dict[int, list[RunPhoto]]) -> Units:
    """Return the strongest hidden units of each person, or the outputs of a network without a hidden layer."""
    weights = None if classifier.hidden_weights is None else classifier.hidden_weights.cpu().numpy()
    limit = 0.0 if weights is None else limit_of(weights)
    units = classifier.unit_classes()
    shown = [
        Unit(
            unit_class.unit,
            unit_class.name,
            None if weights is None else tile_png(weights[unit_class.unit], limit),
            [_jpeg(photo, UNIT_PHOTO_SIDE) for photo in exciting_photos[unit_class.unit][:PHOTOS_A_UNIT]],
        )
        for unit_class in strongest(units)
    ]
    return Units(shown, len(units), hidden=bool(classifier.hidden))


def _calibration(metrics: dict[str, Any]) -> Calibration | None:
    """Return whether probabilities mean what they say; None without test photos."""
    measured = metrics["calibration"]
    if not measured["n"]:
        return None
    before, after = ([Bin(**each) for each in measured[when]["bins"]] for when in ("before", "after"))
    png = reliability_picture(before, after, f"{name_of(metrics)}: {count(measured['n'], 'answer')}")
    errors = measured["before"]["error"], measured["after"]["error"]
    return Calibration(measured["temperature"], measured["n"], *errors, png)


def _unknown(metrics: dict[str, Any]) -> Unknown | None:
    """Return what the threshold does; None without one, or without test photos."""
    measured = metrics["unknown"]
    if "known" not in measured:
        return None
    parts = {part: Accepted(**measured[part]) for part in ("known", "strangers") if part in measured}
    picture = b""
    if "curve" in measured:
        chosen = (parts["strangers"].share, parts["known"].share)
        picture = acceptance_picture(measured["curve"], chosen, f"{name_of(metrics)}: who is given a name")
    return Unknown(
        quantity=measured["quantity"],
        threshold=measured["threshold"],
        share=measured["share"],
        known=parts["known"],
        strangers=parts.get("strangers"),
        not_known=measured["not_known"] or "",
        curve_png=picture,
        before_changes=measured.get("before_changes", False),
    )


def _download(folder: Path) -> DownloadReport | None:
    """Return the counts of the download, None for a folder that was not downloaded."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        return DownloadReport(int(report["rows"]), int(report["ok"]), dict(report["reasons"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
