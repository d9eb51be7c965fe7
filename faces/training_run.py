"""train-faces: a folder of photos a person in, a run folder out.

Reads and splits the photos, trains, measures on photos the training never saw, and publishes the run: pictures first,
`metrics.json` last. Of several ranks all read and train, and the first alone measures and writes.
"""

import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from data.folder import read_folder
from data.images import FILTER
from data.publish import publish, sweep
from data.settings import SplitSizes
from data.split import Split, split
from faces.classifier import Classifier
from faces.pictures import PHOTOS_A_UNIT, weights_picture
from faces.run import SPLIT, UNITS
from faces.run_page import page_of_run
from faces.settings import MEMORY_LIMIT
from faces.strangers import OpenedPart, leave_each_out, rounds
from nn.ranks import ALONE, Ranks
from nn.resume import StateKeeper, guard_of, left_behind
from report import run_folder as files
from report.confusion import confusion_picture, macro_f1
from report.curves import learning_curve
from report.hidden_units import most_exciting
from report.progress import Bar, no_bar

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What one run is asked to do."""

    folder: Path
    out: Path
    classifier: Classifier
    """Not yet trained; afterwards it is."""
    sizes: SplitSizes = field(default_factory=SplitSizes)
    resume: bool = False
    memory_limit: int = MEMORY_LIMIT
    """MiB; where the photos' features are more, they stay on the disk and are read as they are needed."""
    ranks: Ranks = ALONE


def train_faces(task: TrainingRun, bar: Bar = no_bar) -> dict[str, Any]:
    """Train, measure, publish `task.out`; return what metrics.json holds, {} from a rank that wrote nothing."""
    ranks = task.ranks
    if ranks.is_first:
        files.check_out(task.out)
    started = time.perf_counter()
    classifier = task.classifier
    folder = read_folder(task.folder)
    parts = split(folder.photos, task.sizes, np.random.default_rng(classifier.seed))
    ranks.check_samples(len(parts.train), "photos")
    guard = _guard(task, parts)
    state = None
    if task.resume:
        state, finished = left_behind(task.out / files.STATE, lambda: files.finished(task.out), guard, ranks)
        if finished is not None:
            return finished
    train, validation, test = _open(task, parts, bar)
    watched = (validation.photos, validation.names) if validation.names else None
    if not ranks.is_first:
        classifier.fit(train.photos, train.names, watched, ranks=ranks)
        return {}
    files.make_out(task.out)
    sweep(task.out)
    with bar("training", classifier.options.epochs) as advance:
        keeper = StateKeeper(partial(publish, task.out / files.STATE), guard, advance)
        classifier.fit(train.photos, train.names, watched, on_epoch=keeper, resume=state, ranks=ranks)
    metrics = {
        "format": FORMAT,
        "model": classifier.kind,
        "data": str(task.folder),
        "seed": classifier.seed,
        "classes": classifier.classes_.tolist(),
        "counts": parts.counts(),
        **_measure(classifier, train, validation, test),
        "unknown": _unknown(classifier, train, validation, test, bar),
        "seconds": round(time.perf_counter() - started, 2),
        **classifier.identity(),
        "split_sizes": asdict(task.sizes),
        "device": str(classifier.device),
        "processes": ranks.size,
        "guard": guard,
        "versions": files.versions(),
    }
    _publish(task, parts, train, test, metrics)
    return metrics


def accuracy_line(metrics: dict[str, Any]) -> str:
    """Return the line a training ends with: `test accuracy 0.8750 (105 of 120)`."""
    confusion = np.asarray(metrics["confusion"])
    n, right = int(confusion.sum()), int(confusion.trace())
    return f"test accuracy {right / n:.4f} ({right} of {n})" if n else "no test photos, no test accuracy"


def _guard(task: TrainingRun, parts: Split) -> str:
    """Return the digest of what is trained, how, and on what; classifier not yet trained."""
    classifier = task.classifier
    photos = {name: [photo.sha256 for photo in getattr(parts, name)] for name in ("train", "validation", "test")}
    order = {"stored": True} if _stay_on_disk(task, parts) else {}
    asked = {"model": classifier.kind, "seed": classifier.seed, "photos": photos}
    return guard_of(asked | classifier.identity() | task.ranks.identity() | order)


def _open(task: TrainingRun, parts: Split, bar: Bar) -> list[OpenedPart]:
    """Return the photos of the three parts; the test photos only to the rank that measures on them."""
    ranks, classifier = task.ranks, task.classifier
    groups = [parts.train, parts.validation, parts.test if ranks.is_first else ()]
    if ranks.size > 1:
        own = [*parts.train, *parts.validation, *parts.test][ranks.rank :: ranks.size]
        with bar("preparing photos", len(own)) as advance:
            classifier.keep(task.folder, own, lambda: advance(""))
        ranks.wait()
    open_photos = classifier.open_stored if _stay_on_disk(task, parts) else classifier.open
    with bar("opening photos", sum(map(len, groups))) as advance:
        return [
            OpenedPart(open_photos(task.folder, photos, lambda: advance("")), [photo.name for photo in photos])
            for photos in groups
        ]


def _stay_on_disk(task: TrainingRun, parts: Split) -> bool:
    """Whether the photos' features are more than the training may hold."""
    photos = len(parts.train) + len(parts.validation) + len(parts.test)
    return photos * task.classifier.bytes_a_photo > task.memory_limit << 20


def _measure(classifier: Classifier, train: OpenedPart, validation: OpenedPart, test: OpenedPart) -> dict[str, Any]:
    """Return the accuracies, None for an empty part, and the confusion of the test photos (true person, predicted)."""
    accuracies = {
        f"{name}_accuracy": classifier.score(part.photos, part.names) if part.names else None
        for name, part in (("train", train), ("validation", validation), ("test", test))
    }
    confusion = np.zeros((len(classifier.classes_),) * 2, dtype=int)
    if test.names:
        true = np.searchsorted(classifier.classes_, test.names)
        predicted = np.searchsorted(classifier.classes_, classifier.predict(test.photos))
        np.add.at(confusion, (true, predicted), 1)
    return accuracies | {"macro_f1": macro_f1(confusion), "confusion": confusion.tolist()}


def _unknown(
    classifier: Classifier, train: OpenedPart, validation: OpenedPart, test: OpenedPart, bar: Bar
) -> dict[str, Any]:
    """Return the threshold for "none of these", and what it does to strangers where that is quick to measure.

    With features on the disk it is not.
    """
    known = {"quantity": classifier.quantity, "threshold": classifier.threshold_}
    if not classifier.quick_to_train or not isinstance(train.photos, np.ndarray):
        return known
    with bar("leaving each person out", len(rounds(sorted(set(train.names))))) as advance:
        measured = leave_each_out(classifier, train, validation, test, lambda: advance(""))
    return known if measured is None else known | asdict(measured)


def _publish(task: TrainingRun, parts: Split, train: OpenedPart, test: OpenedPart, metrics: dict[str, Any]) -> None:
    """Write the run. The old `metrics.json` goes first, the new one comes last: with it, all files are of one run."""
    out, classifier = task.out, task.classifier
    about = {key: metrics[key] for key in ("counts", "guard", "versions")}
    about["image"] = {"mode": classifier.image_mode, "size": classifier.image_size, "filter": FILTER}
    about["metrics"] = {"test_accuracy": metrics["test_accuracy"], "n": len(parts.test)}
    restored = classifier.options.patience is not None and metrics["validation_accuracy"] is not None
    title = f"{task.folder.name}: {accuracy_line(metrics)}"
    (out / files.METRICS).unlink(missing_ok=True)
    publish(out / files.MODEL, classifier.to_bytes(about))
    publish(out / files.HISTORY, classifier.history.to_csv().encode())
    publish(out / SPLIT, files.as_json(_split_lists(task, parts)))
    curve = learning_curve(classifier.history.columns(), title, classifier.history.best_epoch if restored else None)
    confusion = confusion_picture(metrics["confusion"], metrics["classes"], title)
    publish(out / files.CURVE, curve)
    publish(out / files.CONFUSION, confusion)
    units = _units(task, parts, train)
    favourites = {unit["unit"]: [task.folder / file for file in unit["photos"]] for unit in units}
    publish(out / UNITS, files.as_json(units))
    publish(out / files.WEIGHTS, weights_picture(classifier, title, favourites))
    answers = classifier.predict_proba(test.photos)
    page = page_of_run(task.folder, classifier, metrics, parts.test, answers, favourites, curve, confusion)
    publish(out / files.PAGE, page)
    publish(out / files.METRICS, files.as_json(metrics))
    (out / files.STATE).unlink(missing_ok=True)


def _units(task: TrainingRun, parts: Split, train: OpenedPart) -> list[dict[str, Any]]:
    """Return whom each hidden unit speaks for, and the files of the training photos that excite it most."""
    exciting = most_exciting(task.classifier.activations(train.photos), PHOTOS_A_UNIT)
    return [
        asdict(voice) | {"photos": [parts.train[index].file for index in exciting[voice.unit]]}
        for voice in task.classifier.voices()
    ]


def _split_lists(task: TrainingRun, parts: Split) -> dict[str, Any]:
    lists = {name: [photo.file for photo in getattr(parts, name)] for name in ("train", "validation", "test")}
    return {"seed": task.classifier.seed, "sizes": asdict(task.sizes), **lists}
