"""Every face of every photo: files in, what was found in each out, in order; a bad photo does not stop the others.

Threads read and search the photos, a few ahead of the caller: memory does not grow with the number of photos.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.in_order import in_order
from data.photos.cutting import find_regions
from data.photos.decoding import quiet_decoding
from data.photos.images import read_photo
from data.photos.landmarks import Landmarks
from data.photos.placed import Placed
from data.reasons import Failure
from data.rows import Box
from faces.detection.crops import crop_file
from faces.detection.detector import FaceDetector
from faces.detection.landmarks import placed
from faces.detection.likeness import FaceFeatures
from faces.features.extract import workers_and_threads
from faces.groups.sharpness import sharpness
from nn.threads import worker_pool

_FACES = 8  # whose features are computed together, with their mirror images: of each alone it takes half as long again
_PHOTOS = 32  # that wait for so many faces at most


@dataclass(frozen=True, eq=False)
class FaceInPhoto:
    """A face, in pixels of the whole photo as it is shown, upright."""

    box: Box
    landmarks: Landmarks | None  # None: without points that a face can have
    sharpness: float  # of the aligned face, as `sharpness` measures it
    features: NDArray[np.float32]  # (128,), of the crop
    jpeg: bytes  # the crop, a file that says where in it the face lies

    @property
    def side(self) -> int:
        """The longer side of the box."""
        return max(self.box.x2 - self.box.x1, self.box.y2 - self.box.y1)


@dataclass(frozen=True)
class Searched:
    """A photo that was searched."""

    file: Path
    sha256: str
    faces: list[FaceInPhoto]  # the largest first
    too_small: int  # faces smaller than the detector's `min_face`


@dataclass(frozen=True)
class Known:
    """A photo that needs no search: its bytes are known, or are those of an earlier file of this run."""

    file: Path
    sha256: str


@dataclass(frozen=True)
class Unreadable:
    """A file that is no photo, and why."""

    file: Path
    why: str
    sha256: str | None = None  # None: its bytes could not be read


Result = Searched | Known | Unreadable


@dataclass(frozen=True)
class _Read:
    """A file that was read."""

    file: Path
    sha256: str
    data: bytes


@dataclass(frozen=True)
class _Cut:
    """A face that was cut out of a photo."""

    place: Placed  # in the whole photo
    jpeg: bytes
    face: Image.Image  # as the network takes it


@dataclass(frozen=True)
class _Seen:
    """A photo that was searched, before its faces are compared."""

    file: Path
    sha256: str
    cuts: list[_Cut]
    too_small: int


def find_faces(
    files: Iterable[Path],
    known: Callable[[str], bool],
    detector: FaceDetector,
    features: FaceFeatures,
    size: int,
    *,
    max_pixels: int | None = None,
) -> Iterator[Result]:
    """Yield what is found in each file, in order. Crops have their box `size` pixels long.

    `known` says of a SHA-256 whether photos with these bytes have been searched before; it is called in this thread, a
    few files ahead of the results. `max_pixels` is as in `DownloadSettings`. The detector should search `at_once` as
    many photos as `workers` says.
    """

    def search(photo: _Read | Known | Unreadable) -> _Seen | Known | Unreadable:
        return _seen(photo, detector, features, size, max_pixels) if isinstance(photo, _Read) else photo

    def describe(photos: list[_Seen | Known | Unreadable]) -> list[Result]:
        return _described(photos, features)

    number, each = workers_and_threads()
    unreadable: dict[str | None, Unreadable] = {}
    with quiet_decoding(), worker_pool(number, each) as pool:
        seen = in_order(pool, search, _new(in_order(pool, _read, files, number), known), number)
        for results in in_order(pool, describe, _batches(seen), number):
            for result in results:
                if isinstance(result, Known) and result.sha256 in unreadable:  # by an earlier file of this run
                    result = replace(unreadable[result.sha256], file=result.file)
                if isinstance(result, Unreadable):
                    unreadable[result.sha256] = result
                yield result


def workers() -> int:
    """Return how many photos `find_faces` works on at the same time, on this machine."""
    return workers_and_threads()[0]


def _read(file: Path) -> _Read | Unreadable:
    data = read_photo(file)
    return _unreadable(file, data) if isinstance(data, Failure) else _Read(file, hashlib.sha256(data).hexdigest(), data)


def _new(photos: Iterable[_Read | Unreadable], known: Callable[[str], bool]) -> Iterator[_Read | Known | Unreadable]:
    """Yield the photos; `Known` in the place of those that need no search."""
    begun = set[str]()
    for photo in photos:
        if isinstance(photo, _Read) and (photo.sha256 in begun or known(photo.sha256)):
            yield Known(photo.file, photo.sha256)
        else:
            begun |= {photo.sha256} if photo.sha256 else set()
            yield photo


def _seen(
    photo: _Read, detector: FaceDetector, features: FaceFeatures, size: int, max_pixels: int | None
) -> _Seen | Unreadable:
    cuts, too_small = list[_Cut](), 0

    def look(picture: Image.Image, scale: int) -> Sequence[Placed]:
        nonlocal too_small
        found = detector.search(picture)
        too_small = found.too_small
        for face in map(placed, found.faces):
            crop = crop_file(picture, face, size)
            cuts.append(_Cut(_in_whole_photo(face, scale), crop, features.aligned(crop)))
        return ()

    failure = find_regions(photo.data, look, 1, "L", max_pixels=max_pixels)
    if isinstance(failure, Failure):
        return _unreadable(photo.file, failure, photo.sha256)
    return _Seen(photo.file, photo.sha256, cuts, too_small)


def _in_whole_photo(face: Placed, scale: int) -> Placed:
    """Return where a face lies in a photo that was decoded `scale` times smaller."""
    return Placed(
        face.box and Box(*(scale * edge for edge in face.box)), face.points and face.points.moved(scale, 0, 0)
    )


def _batches(photos: Iterable[_Seen | Known | Unreadable]) -> Iterator[list[_Seen | Known | Unreadable]]:
    """Yield the photos in lists with about `_FACES` faces, and not many without a face."""
    batch: list[_Seen | Known | Unreadable] = []
    faces = 0
    for photo in photos:
        batch.append(photo)
        faces += len(photo.cuts) if isinstance(photo, _Seen) else 0
        if faces >= _FACES or len(batch) >= _PHOTOS:
            yield batch
            batch, faces = [], 0
    if batch:
        yield batch


def _described(photos: list[_Seen | Known | Unreadable], features: FaceFeatures) -> list[Result]:
    """Return the photos with the features of their faces, which are computed together."""
    cuts = [cut for photo in photos if isinstance(photo, _Seen) for cut in photo.cuts]
    numbers = iter(features.of_several([cut.face for cut in cuts]) if cuts else ())
    return [
        Searched(photo.file, photo.sha256, [_face(cut, next(numbers)) for cut in photo.cuts], photo.too_small)
        if isinstance(photo, _Seen)
        else photo
        for photo in photos
    ]


def _face(cut: _Cut, features: NDArray[np.float32]) -> FaceInPhoto:
    assert cut.place.box is not None
    return FaceInPhoto(cut.place.box, cut.place.points, sharpness(cut.face), features, cut.jpeg)


def _unreadable(file: Path, failure: Failure, sha256: str | None = None) -> Unreadable:
    return Unreadable(file, f"{failure.reason}: {failure.detail}", sha256)
