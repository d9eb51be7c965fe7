"""Runs of faces or digits read back to be compared: what each said of its test photos, and the photos themselves.

A run may be a stranger's: what its files say is checked, and a photo is shown only if it lies in the run's folder of
photos and has the SHA-256 that the run lists.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from data.download.manifest import escape_formula
from data.inside import inside
from errors import DatasetError, RunError, UsageError
from faces.pictures import picture_of
from faces.run_photo import RunPhoto
from mnist.digits import load_digits
from mnist.pictures import digit_png
from mnist.run_page import WORDS
from report.comparison import AnsweredRun, Said
from report.page import ANSWER_SIDE, Words, photo_jpeg
from report.run_folder import METRICS, PREDICTIONS, SPLIT, read_file, read_json, read_metrics

MOST_RUNS = 12  # on one page: 66 pairs
_FACES = ["file", "person", "predicted", "probability"]  # the first columns of predictions.csv
_DIGITS = ["index", "label", "predicted", "probability"]
_HAD_A_PART = ("train", "validation")

Picture = Callable[[str], bytes]
"""A photo's SHA-256, or whatever else tells it -> JPEG or PNG."""


def read_runs(runs: Sequence[Path]) -> tuple[list[AnsweredRun], Picture]:
    """Read two or more runs, and return also how their photos are pictured.

    Raises UsageError for fewer or the same one twice, RunError when one cannot be read, or they are of faces and of
    digits.
    """
    if not 2 <= len(runs) <= MOST_RUNS:
        raise UsageError(f"expected 2 to {MOST_RUNS} runs to compare, got {len(runs)}")
    if len({run.resolve() for run in runs}) < len(runs):
        raise UsageError("a run is named twice: expected different runs")
    read, places = [], dict[str, RunPhoto]()
    for run, name in zip(runs, _names(runs), strict=True):
        tested, photos = _read(run, name)
        read.append(tested)
        places = photos | places
    if len({run.of_people for run in read}) > 1:
        raise RunError("some of the runs tell people apart and others digits: expected runs of one kind")
    if read[0].of_people:
        return read, lambda photo: photo_jpeg(picture_of(places[photo], ANSWER_SIDE), ANSWER_SIDE)
    return read, _digits(runs[0])


def words_of(runs: Sequence[AnsweredRun]) -> Words:
    """Return the nouns of the page."""
    return Words() if runs[0].of_people else WORDS


def _names(runs: Sequence[Path]) -> list[str]:
    """Return what each run is called: its folder's name, or all of its path where two have the same."""
    names = [run.resolve().name for run in runs]
    return [name if names.count(name) == 1 else str(run) for name, run in zip(names, runs, strict=True)]


def _read(run: Path, name: str) -> tuple[AnsweredRun, dict[str, RunPhoto]]:
    metrics = read_metrics(run)
    try:
        columns, *lines = csv.reader(io.StringIO(read_file(run, PREDICTIONS).decode()))
        classes, model = _texts(metrics["classes"]), metrics["model"]
        if not isinstance(model, str) or not isinstance(metrics["data"], str):
            raise TypeError(f"{METRICS} has no model or data")
        if columns[:4] == _FACES:
            split, folder = read_json(run, SPLIT), Path(metrics["data"])
            digests = _digests(split)
            written = {escape_formula(file) or "": file for file in _texts(split["test"])}
            people = {escape_formula(one) or "": one for one in classes}
            said, photos = dict[str, Said](), dict[str, RunPhoto]()
            for line in lines:
                file = written[line[0]]
                said[digests[file]] = Said(file, people.get(line[1], line[1]), people[line[2]], _share(line[3]))
                path = inside(folder, file, links=True)
                if path is None:
                    raise ValueError(f"{SPLIT} lists {file!r}, which does not lie in its folder")
                photos[digests[file]] = RunPhoto(path, digests[file])
            used = {digests[file] for part in _HAD_A_PART for file in _texts(split[part])}
            return AnsweredRun(
                name=name,
                model=_model_of(metrics, model),
                classes=classes,
                said=said,
                trained=frozenset(used | _enrolled(split)),
            ), photos
        if columns[:4] == _DIGITS:
            tests = str(metrics["asked"]["digits"]["test digits"])  # in another set, the same number is another digit
            said = {
                f"{tests} {int(line[0])}": Said(f"test image {int(line[0])}", line[1], line[2], _share(line[3]))
                for line in lines
            }
            return AnsweredRun(name=name, model=model, classes=classes, said=said, of_people=False), {}
        raise ValueError(f"its columns are {','.join(columns)[:60]}")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise RunError(f"{run}: its {PREDICTIONS}, {SPLIT} or {METRICS} is no run's ({error}): train again") from error


def _digits(run: Path) -> Picture:
    """Return the picture of a test digit by what tells it. DatasetError when the run's digits are no longer there."""
    metrics = read_metrics(run)
    loaded: list[Any] = []

    def picture(photo: str) -> bytes:
        if not loaded:
            _, test = load_digits(Path(metrics["data"]))
            if test.identity != metrics["asked"]["digits"]["test digits"]:
                raise DatasetError(f"{metrics['data']} has other test digits than those of {run}: put them back")
            loaded.append(test)
        return digit_png(loaded[0].x[int(photo.rpartition(" ")[2])])

    return picture


def _model_of(metrics: Mapping[str, Any], model: str) -> str:
    """Return the network, and on a frozen one the head."""
    head = metrics.get("head")
    return f"{model}, head {head}" if isinstance(head, str) else model


def _digests(split: Any) -> dict[str, str]:
    """Return file -> SHA-256 of split.json."""
    digests = split["sha256"]
    if not all(isinstance(file, str) and isinstance(sha256, str) for file, sha256 in digests.items()):
        raise TypeError(f"{SPLIT} lists no files with their SHA-256")
    return dict(digests)


def _enrolled(split: Any) -> set[str]:
    return {str(photo["sha256"]) for own in split.get("enrolled", {}).values() for photo in own}


def _texts(values: object) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("expected a list of names")
    return values


def _share(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 <= value <= 1 + 1e-6):
        raise ValueError(f"{text} is no probability")
    return min(value, 1.0)
