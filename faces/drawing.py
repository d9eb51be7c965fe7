"""Photos with the names of the faces on them: what `predict` says, as pictures.

Each photo is opened again when all its predictions have come, so that no more than one is in memory. A picture is a
JPEG without the photo's metadata. It says in a comment of which photo it was made: one of the same photo is replaced,
and no other file ever is.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

from data.atomic_write import atomic_write, remove_leftovers
from data.file_names import ended, numbered
from data.photos.decoding import Opened, decode, flat, quiet_decoding
from data.photos.photo_files import PHOTO_NAMES
from data.reasons import Failure
from faces.predict import read_file
from faces.predictions import ANSWERED, Prediction, Status
from report.figures.labelled import MOST, Mark, labelled
from report.figures.style import FAINT, PALETTE

_QUALITY = 90
_HEAD = 4096  # bytes of a picture in which its comment is


class Drawings:
    """Draws photos into a folder. `people` are the names that can come: each has a colour of its own, while there are
    any; `below` says where in the folder the picture of a photo goes."""

    def __init__(
        self, out: Path, people: Sequence[str], below: Callable[[Path], Path], *, max_pixels: int | None = None
    ) -> None:
        self.drawn = 0
        self.failed: dict[Path, str] = {}
        """Photos that could be read for their predictions, but not again, and why."""
        self._out, self._below, self._max_pixels = out, below, max_pixels
        self._colours = {name: PALETTE[number % len(PALETTE)] for number, name in enumerate(people)}
        self._folders = set[Path]()  # that pictures have been written into

    def follow(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Yield the predictions, and draw each photo after its last one. StorageError when the disk refuses."""
        with quiet_decoding():
            for file, lines in groupby(predictions, key=lambda prediction: prediction.file):
                best: dict[object, Prediction] = {}  # of each face; the most probable name comes first
                for prediction in lines:
                    yield prediction
                    best.setdefault(prediction.box, prediction)
                faces = [prediction for prediction in best.values() if prediction.status in ANSWERED]
                if faces:
                    self._draw(file, faces)

    def _draw(self, file: Path, faces: list[Prediction]) -> None:
        data = read_file(file)
        opened = decode(data, _small, max_pixels=self._max_pixels) if isinstance(data, bytes) else data
        if not isinstance(opened, tuple):
            self.failed[file] = opened.detail if isinstance(opened, Failure) else str(opened)
            return
        photo, size = opened
        mark = b"faces predict " + hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest().encode()
        picture = io.BytesIO()
        drawn = labelled(photo, [self._mark(face) for face in faces], size)
        drawn.save(picture, "JPEG", quality=_QUALITY, comment=mark)
        path = self._out / self._below(file)
        name = path.stem if path.suffix.lower() in PHOTO_NAMES else path.name
        path = _free(path.with_name(ended(name, ".jpg")), mark)
        if path.parent not in self._folders and path.parent.is_dir():
            remove_leftovers(path.parent, below=False)
        self._folders.add(path.parent)
        atomic_write(path, picture.getvalue())
        self.drawn += 1

    def _mark(self, face: Prediction) -> Mark:
        if face.status == Status.NO_FACE:
            return Mark(None, "no face found", FAINT)
        if face.status == Status.UNKNOWN or face.name is None:
            return Mark(face.box, "unknown ?", FAINT, dashed=True)
        return Mark(face.box, f"{face.name} {face.probability:.0%}", self._colours[face.name])


def _small(opened: Opened) -> tuple[Image.Image, tuple[int, int]]:
    """Return an upright photo in RGB, no larger than is drawn if its decoder can do that, and its full size."""
    size = opened.seen
    opened.shrink(opened.photo.mode, max(size) / MOST)
    return flat(opened.upright()).convert("RGB"), size


def _free(path: Path, mark: bytes) -> Path:
    """Return the path, or the first one with a number, that no file has but an earlier picture of this photo."""
    return next(each for each in numbered(path) if not os.path.lexists(each) or _has(each, mark))


def _has(path: Path, mark: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return mark in file.read(_HEAD)
    except OSError:  # a folder of that name, or a link to nothing
        return False
