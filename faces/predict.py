"""Who is on these photos? Files in, a `Prediction` for each face out, in order; a bad photo does not stop the others.

Threads open the photos, a few ahead of the network, which computes one batch of faces at a time: memory does not grow
with the number of photos.
"""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from data.cores import cores
from data.in_order import in_order
from data.photos.box_table import BoxTable
from data.photos.cutting import Region, find_regions, open_face, open_regions, outside
from data.photos.decoding import quiet_decoding
from data.photos.images import MOST_BYTES
from data.photos.placed import Placed, placed_in
from data.reasons import Failure, Reason
from data.rows import Box
from errors import UsageError
from faces.classifier import Classifier
from faces.predictions import Prediction, Status


@dataclass(frozen=True, kw_only=True)
class FaceSource:
    """Where the boxes of the faces come from: the table if it lists the photo, else `find` if given, else the box.

    With none of them, the face is the whole photo, or where its file says. `find` is as in `find_regions`.
    """

    table: BoxTable | None = None
    box: Box | None = None
    find: Callable[[Image.Image, int], Sequence[Placed]] | None = None


@dataclass(frozen=True, kw_only=True)
class PredictSettings:
    """How faces are predicted. Raises UsageError for a value that is not allowed."""

    top: int = 1  # predictions per face, the most probable name first
    threshold: float | None = None  # None: the classifier's own
    batch_size: int = 64  # faces computed together
    threads: int = cores()  # that open photos
    max_pixels: int | None = None  # of a photo, as `DownloadSettings` says

    def __post_init__(self) -> None:
        for name in ("top", "batch_size", "threads"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Face:
    """A part of a photo before the prediction, or the reason why there is none."""

    file: Path
    box: Box | None
    found: Region | Status | Failure


def predict(
    classifier: Classifier,
    files: Iterable[Path],
    source: FaceSource | None = None,
    settings: PredictSettings | None = None,
) -> Iterator[Prediction]:
    """Yield `settings.top` predictions for each face of each file, and one for each file without a face, in order."""
    source, settings = source or FaceSource(), settings or PredictSettings()
    with quiet_decoding(), closing(_opened(classifier, files, source, settings)) as faces:
        while batch := list(islice(faces, settings.batch_size)):
            yield from _predictions(classifier, batch, settings)


def _predictions(classifier: Classifier, batch: list[Face], settings: PredictSettings) -> Iterator[Prediction]:
    named = _named(classifier, [face.found for face in batch if isinstance(face.found, Region)], settings)
    for face in batch:
        if isinstance(face.found, Region):
            for name, probability, status, score in next(named):
                yield Prediction(face.file, face.box, name, probability, status, score)
        elif isinstance(face.found, Failure):
            yield Prediction(face.file, face.box, None, None, face.found.reason, detail=face.found.detail)
        else:
            yield Prediction(face.file, face.box, None, None, face.found)


def _named(
    classifier: Classifier, regions: list[Region], settings: PredictSettings
) -> Iterator[list[tuple[str, float, Status, float]]]:
    """Yield the `top` names of each face with their probabilities, OK or UNKNOWN by the threshold, and the score."""
    if not regions:
        return
    photos = classifier.read(np.stack([region.pixels for region in regions]))  # (N, ...)
    probabilities = classifier.predict_proba(photos)  # (N, classes)
    threshold = classifier.threshold_ if settings.threshold is None else settings.threshold
    scores = classifier.known_scores(photos)  # (N,)
    known = np.ones(len(regions), bool) if threshold is None else scores >= threshold
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, : settings.top]  # (N, top)
    for row, columns, score, is_known in zip(probabilities, best, scores, known, strict=True):
        status = Status.OK if is_known else Status.UNKNOWN
        yield [(str(classifier.classes_[column]), float(row[column]), status, float(score)) for column in columns]


def _opened(
    classifier: Classifier, files: Iterable[Path], source: FaceSource, settings: PredictSettings
) -> Generator[Face, None, None]:
    """Open the files in threads, at most 2 * threads ahead; yield their faces in order."""

    def open_photo(file: Path) -> list[Face]:
        return faces_in(file, read_file(file), source, classifier, settings.max_pixels)

    pool = ThreadPoolExecutor(settings.threads)
    try:
        for faces in in_order(pool, open_photo, files, 2 * settings.threads):
            yield from faces
    finally:  # also when the caller stops early
        pool.shutdown(cancel_futures=True)


def faces_in(
    file: Path,
    data: bytes | Status | Failure,
    source: FaceSource,
    classifier: Classifier,
    max_pixels: int | None = None,
) -> list[Face]:
    """Return the faces in a photo, of which `read_file` has returned the data, or what is wrong with it."""
    listed = source.table.of(file) if source.table else []
    boxes = listed or [source.box]
    if not isinstance(data, bytes):
        return [Face(file, box, data) for box in boxes]
    if source.find and not listed:
        found = _found(data, source.find, classifier, max_pixels)
        if isinstance(found, Failure):
            return [Face(file, None, found)]
        return [Face(file, region.box, region) for region in found] or [Face(file, None, Status.NO_FACE)]
    regions = _cut(data, boxes, classifier, max_pixels)
    if isinstance(regions, Failure):
        return [Face(file, box, regions) for box in boxes]
    return [
        Face(file, box, region) if isinstance(region, Failure) else Face(file, region.box, region)
        for box, region in zip(boxes, regions, strict=True)
    ]


def _found(
    data: bytes, find: Callable[[Image.Image, int], Sequence[Placed]], classifier: Classifier, max_pixels: int | None
) -> list[Region] | Failure:
    """Return the faces that `find` finds, as the network takes them: aligned, if it was trained on aligned ones."""
    size, mode, margin = classifier.image_size, classifier.image_mode, classifier.margin_if_aligned
    return find_regions(data, find, size, mode, margin=margin, max_pixels=max_pixels)


def _cut(
    data: bytes, boxes: Sequence[Box | None], classifier: Classifier, max_pixels: int | None
) -> list[Region | Failure] | Failure:
    """Return the faces in these boxes as the network takes them, or why there is none; None is the whole photo, or
    where its file says that the face lies."""
    size, mode, margin = classifier.image_size, classifier.image_mode, classifier.margin_if_aligned
    said = placed_in(data)
    if list(boxes) == [None] and (margin is None or said.points is not None):
        picture = open_face(data, said, size, mode, margin, max_pixels=max_pixels)
        return picture if isinstance(picture, Failure) else [Region(None, picture)]
    if margin is None:
        return open_regions(data, boxes, size, mode, max_pixels=max_pixels)
    places: list[Box | Failure | None] = []

    def place(picture: Image.Image, scale: int) -> list[Placed]:
        """Return where the faces lie; boxes that are not in the picture are noted."""
        width, height = picture.size
        inside = [box and Box(*(edge // scale for edge in box)).within(width, height) for box in boxes]
        for box, seen in zip(boxes, inside, strict=True):
            places.append(outside(box, scale * width, scale * height) if box and not seen else box)
        return [
            Placed(seen, classifier.place(picture, seen).points)
            for box, seen in zip(boxes, inside, strict=True)
            if seen or not box
        ]

    found = _found(data, place, classifier, max_pixels)
    if isinstance(found, Failure):
        return found
    regions = iter(found)
    return [place if isinstance(place, Failure) else next(regions) for place in places]


def read_file(file: Path) -> bytes | Status | Failure:
    """Return the bytes of a file, or why there are none."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return Status.NO_PHOTO if os.path.isdir(file) else Status.UNREADABLE  # noqa: PTH112 - False for any name
    return Failure(Reason.TOO_LARGE, f"more than {MOST_BYTES} bytes") if len(data) > MOST_BYTES else data
