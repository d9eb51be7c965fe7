"""Where the face lies in each photo of a folder of crops: in a crop that says it itself, or found and kept beside it.

What is found is kept in the hidden file `.landmarks.json` of the folder, so that the next training only looks at new
photos. A photo in which no face is found, or one with points that no face has, is taken as it is.
"""

import json
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from data.atomic_write import atomic_write
from data.cores import cores
from data.photos.alignment import is_sensible
from data.photos.cutting import find_regions
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo
from data.photos.images import read_photo
from data.photos.landmarks import Landmarks
from data.photos.placed import Placed
from data.program import install
from data.reasons import Failure
from data.rows import Box
from data.wording import count
from errors import StorageError
from faces.detection import extra
from faces.detection.detector import FaceDetector, FoundFace
from nn.threads import threads

KEPT = ".landmarks.json"
_DIGITS = 2  # of a pixel
_MOST_NAMED = 5  # photos in a line

Points = dict[str, Landmarks | None]  # SHA-256 of a photo -> the points of its face


@cache
def face_detector(device: str) -> FaceDetector:
    """Return the detector with its own settings, made once for a device. Raises as `FaceDetector` does."""
    return FaceDetector(device=device)


def place_face(picture: Image.Image, box: Box | None, device: str) -> Placed:
    """Return where the face lies in this box of a picture; None: in a picture that is a crop of a face.

    UsageError without the extra.
    """
    return Placed(box, _rounded(face_detector(device).landmarks(picture, box)))


def face_finder(detector: FaceDetector) -> Callable[[Image.Image, int], list[Placed]]:
    """Return what finds the faces in a photo, the largest first, as `data.photos.cutting.find_regions` asks for it."""
    return lambda picture, scale: [placed(face) for face in detector.find(picture)]


def placed(face: FoundFace) -> Placed:
    """Return where a face lies that was found; without points that no face has."""
    return Placed(face.box, _rounded(face.landmarks) if is_sensible(face.landmarks) else None)


def align_photos(
    folder: Path, photos: Sequence[Photo], align: bool | None, **options: Any
) -> tuple[list[Photo], bool, str]:
    """Return the photos, with the points of their faces if these are to be aligned; whether; and a line about it.

    `align` None: where the points of all photos are known, or the extra is installed that finds them. `options` and
    errors are those of `with_landmarks`.
    """
    known = all(photo.face.points is not None for photo in photos)
    if not (known or extra.can_find_faces() if align is None else align):
        how = "" if align is False else f": finding eyes, nose and mouth needs an extra, {install('face')}"
        return list(photos), False, f"faces are taken as they are, not aligned{how}"
    found = with_landmarks(folder, photos, **options)
    without = [photo.file for photo in found if photo.face.points is None]
    line = f"{len(found) - len(without):,} of {count(len(found), 'face')} aligned by eyes, nose and mouth"
    if without:
        some = ", ".join(without[:_MOST_NAMED]) + (", ..." if len(without) > _MOST_NAMED else "")
        line += f"; where these are not found, a face is taken as it is: {some}"
    return found, True, line


def with_landmarks(
    folder: Path,
    photos: Sequence[Photo],
    *,
    device: str = "cpu",
    max_pixels: int | None = None,
    on_photo: Callable[[], None] = lambda: None,
) -> list[Photo]:
    """Return the photos with the points of their faces, in order; without them where none are found.

    `on_photo` is called for each photo, from any thread. UsageError when some photo does not say where its face lies
    and the extra that finds it is not installed.
    """
    unknown = [photo for photo in photos if photo.face.points is None]
    found = _found(folder, unknown, device, max_pixels, on_photo) if unknown else {}
    for _ in range(len(photos) - len(unknown)):
        on_photo()
    return [
        photo if photo.face.points is not None else replace(photo, face=replace(photo.face, points=found[photo.sha256]))
        for photo in photos
    ]


def forget(folder: Path, photos: Collection[str]) -> None:
    """Remove what is kept about the photos with these SHA-256. StorageError when the disk refuses."""
    file = folder / KEPT
    if file.exists():
        kept = _kept(file, None)
        _keep(file, kept[0], {photo: points for photo, points in kept[1].items() if photo not in photos})


def _found(
    folder: Path, photos: Sequence[Photo], device: str, max_pixels: int | None, on_photo: Callable[[], None]
) -> Points:
    """Return the points of these photos, from the file that keeps them or found now."""
    detector = face_detector(device)
    _, known = _kept(folder / KEPT, detector.identity())
    fresh = [photo for photo in photos if photo.sha256 not in known]

    def find(photo: Photo) -> Landmarks | None:
        points = _points_in(folder / photo.file, photo, detector, max_pixels)
        on_photo()
        return points

    for _ in range(len(photos) - len(fresh)):
        on_photo()
    if fresh:
        with quiet_decoding(), threads(1), _pool() as pool:
            points = pool.map(find, fresh)
            known |= {photo.sha256: found for photo, found in zip(fresh, points, strict=True)}
        with suppress(StorageError):  # they are found again
            _keep(folder / KEPT, detector.identity(), known)
    return known


def _pool() -> ThreadPoolExecutor:
    """Return threads that compute on one core each: what another thread has set does not count for them."""
    return ThreadPoolExecutor(cores(), initializer=torch.set_num_threads, initargs=(1,))


def _points_in(path: Path, photo: Photo, detector: FaceDetector, max_pixels: int | None) -> Landmarks | None:
    """Return the points of the face in a photo; None where none are found, or it cannot be read any more."""
    data = read_photo(path, photo.sha256)
    points: Landmarks | None = None

    def find(picture: Image.Image, scale: int) -> Sequence[Placed]:
        nonlocal points
        box = photo.face.box
        small = detector.landmarks(picture, box and Box(*(edge // scale for edge in box)))
        points = None if small is None else _rounded(small.moved(scale, 0, 0))
        return ()

    if not isinstance(data, Failure):
        find_regions(data, find, 1, "L", max_pixels=max_pixels)
    return points


def _rounded(points: Landmarks | None) -> Landmarks | None:
    """Return the points with as many digits as are kept, so that what is found now and what was kept is the same."""
    return None if points is None else Landmarks(*((round(x, _DIGITS), round(y, _DIGITS)) for x, y in points))


def _keep(file: Path, identity: Any, points: Points) -> None:
    atomic_write(file, json.dumps({"detector": identity, "points": points}).encode())


def _kept(file: Path, identity: Any) -> tuple[Any, Points]:
    """Return what is kept in the file: by which detector, and the points; none of another detector than `identity`,
    nor where the file cannot be read."""
    try:
        content = json.loads(file.read_bytes())
        if identity is not None and content["detector"] != identity:
            return identity, {}
        return content["detector"], {str(photo): _read(points) for photo, points in content["points"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return identity, {}


def _read(points: Any) -> Landmarks | None:
    """Return points of the file. ValueError for some that no face has."""
    read = None if points is None else Landmarks(*((float(x), float(y)) for x, y in points))
    if read is not None and not is_sensible(read):
        raise ValueError(read)
    return read
