"""Who is on these photos? Files in, one answer a face out, in order and as they come; a bad photo never stops the rest.

Photos are opened by threads, a few ahead of the network, which gets them a batch of faces at a time: so memory is
bounded however many there are.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from data.photos.box_table import BoxTable
from data.photos.cutting import Region, find_regions, open_regions
from data.photos.decoding import quiet_decoding
from data.photos.images import MOST_BYTES
from data.reasons import Failure, Reason
from data.rows import Box
from errors import UsageError
from faces.classifier import Classifier
from faces.predictions import Prediction, Status


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which parts of a photo are faces: what the table says of it, or else what `find` finds, or else the box.

    Without any of them it is the whole photo.
    """

    table: BoxTable | None = None
    box: Box | None = None
    find: Callable[[Image.Image], Sequence[Box]] | None = None


@dataclass(frozen=True, kw_only=True)
class PredictSettings:
    """How the answers are made."""

    top: int = 1  # answers a face, the most probable name first
    threshold: float | None = None  # instead of the classifier's own
    batch_size: int = 64  # faces the network is given at once
    threads: int = os.cpu_count() or 1  # that open photos
    max_pixels: int | None = None  # of a photo, as `DownloadSettings` says

    def __post_init__(self) -> None:
        for name in ("top", "batch_size", "threads"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class _Face:
    """A part of a photo on its way to the network, or the word for why there is none."""

    file: Path
    box: Box | None
    found: Region | Status | Failure


def predict(
    classifier: Classifier,
    files: Iterable[Path],
    wanted: Wanted | None = None,
    settings: PredictSettings | None = None,
) -> Iterator[Prediction]:
    """Yield `settings.top` answers for each face of each file, and one for each file that shows none, in order."""
    wanted, settings = wanted or Wanted(), settings or PredictSettings()
    with quiet_decoding(), closing(_opened(classifier, files, wanted, settings)) as faces:
        while batch := list(islice(faces, settings.batch_size)):
            yield from _answers(classifier, batch, settings)


def _answers(classifier: Classifier, batch: list[_Face], settings: PredictSettings) -> Iterator[Prediction]:
    named = _named(classifier, [face.found for face in batch if isinstance(face.found, Region)], settings)
    for face in batch:
        if isinstance(face.found, Region):
            for name, probability, status in next(named):
                yield Prediction(face.file, face.box, name, probability, status)
        elif isinstance(face.found, Failure):
            yield Prediction(face.file, face.box, None, None, face.found.reason, face.found.detail)
        else:
            yield Prediction(face.file, face.box, None, None, face.found)


def _named(
    classifier: Classifier, regions: list[Region], settings: PredictSettings
) -> Iterator[list[tuple[str, float, Status]]]:
    """Yield the best names of each face with their probabilities, and whether the face is of somebody known."""
    if not regions:
        return
    photos = classifier.read(np.stack([region.pixels for region in regions]))  # (N, ...)
    probabilities = classifier.predict_proba(photos)  # (N, classes)
    threshold = classifier.threshold_ if settings.threshold is None else settings.threshold
    known = np.ones(len(regions), bool) if threshold is None else classifier.known_scores(photos) >= threshold  # (N,)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, : settings.top]  # (N, top)
    for row, columns, is_known in zip(probabilities, best, known, strict=True):
        status = Status.OK if is_known else Status.UNKNOWN
        yield [(str(classifier.classes_[column]), float(row[column]), status) for column in columns]


def _opened(
    classifier: Classifier, files: Iterable[Path], wanted: Wanted, settings: PredictSettings
) -> Generator[_Face, None, None]:
    """Open the files in threads, at most twice as many ahead as there are threads; yield their faces in order."""
    ahead: deque[Future[list[_Face]]] = deque()
    pool = ThreadPoolExecutor(settings.threads)
    try:
        for file in files:
            ahead.append(pool.submit(_open, file, wanted, classifier, settings.max_pixels))
            if len(ahead) > 2 * settings.threads:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    finally:  # also when nobody wants the rest
        pool.shutdown(cancel_futures=True)


def _open(file: Path, wanted: Wanted, classifier: Classifier, max_pixels: int | None) -> list[_Face]:
    size, mode = classifier.size, classifier.image_mode
    listed = wanted.table.of(file) if wanted.table else []
    boxes = listed or [wanted.box]
    data = _read(file)
    if not isinstance(data, bytes):
        return [_Face(file, box, data) for box in boxes]
    if wanted.find and not listed:
        found = find_regions(data, wanted.find, size, mode, max_pixels=max_pixels)
        if isinstance(found, Failure):
            return [_Face(file, None, found)]
        return [_Face(file, region.box, region) for region in found] or [_Face(file, None, Status.NO_FACE)]
    regions = open_regions(data, boxes, size, mode, max_pixels=max_pixels)
    if isinstance(regions, Failure):
        return [_Face(file, box, regions) for box in boxes]
    return [
        _Face(file, box, region) if isinstance(region, Failure) else _Face(file, region.box, region)
        for box, region in zip(boxes, regions, strict=True)
    ]


def _read(file: Path) -> bytes | Status | Failure:
    try:
        with file.open("rb") as source:
            data = source.read(MOST_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return Status.NO_PHOTO if file.is_dir() else Status.UNREADABLE
    return Failure(Reason.TOO_LARGE, f"more than {MOST_BYTES} bytes") if len(data) > MOST_BYTES else data
