"""`group`: a heap of whole photos in, groups of the faces in them out.

A photo is searched once: its crops are written, then the database knows it. Groups are made of all faces at the end. A
face that has a group keeps it, with whatever name it has been given, and draws new ones to it.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.atomic_write import atomic_write, remove_leftovers
from data.photos.photo_files import is_leftover
from data.settings import DownloadSettings
from data.unnamed import GROUPS
from data.unnamed import UNSORTED as UNSORTED_FOLDER
from errors import UsageError
from faces.detection.detector import FaceDetector
from faces.detection.likeness import FaceFeatures
from faces.groups.clustering import FREE, group_faces
from faces.groups.files import crop_name, follow, stat_of, take_over
from faces.groups.finding import Known, Searched, Unreadable, find_faces
from faces.groups.store import Groups
from faces.groups.values import NOT_FACES, UNSORTED, Face, Kind, NewFace
from faces.settings import FACE_LIMIT, MIN_FACES


@dataclass
class Heap:
    """What `group_photos` has done."""

    folder: Path
    searched: int = 0  # photos, in this run
    earlier: int = 0  # photos that were known, or are there twice
    new: int = 0  # faces found in this run
    too_small: int = 0  # faces that are not used
    unreadable: dict[str, str] = field(default_factory=dict)  # photo that cannot be used -> why
    notes: list[str] = field(default_factory=list)
    faces: int = 0
    groups: int = 0
    named: int = 0  # of the groups
    unsorted: int = 0  # faces


def group_photos(
    files: Iterable[Path],
    folder: Path,
    detector: FaceDetector,
    features: FaceFeatures,
    *,
    min_faces: int = MIN_FACES,
    limit: float = FACE_LIMIT,
    seed: int = 0,
    max_pixels: int | None = None,
    on_photo: Callable[[], None] = lambda: None,
) -> Heap:
    """Search the photos that the folder does not know yet, and group the faces that belong to no group.

    `on_photo` is called after each photo. Raises UsageError when the folder holds other files, or its faces were found
    in another way; StorageError when it is in use, or the disk refuses.
    """
    _check_free(folder)
    size, around = DownloadSettings.size, DownloadSettings.around
    made_with = {"size": size, "around": around, "detector": detector.identity(), "features": features.identity()}
    heap = Heap(folder)
    with Groups(folder, made_with) as groups:
        remove_leftovers(folder)
        heap.notes = take_over(groups)
        for found in find_faces(
            _outside(files, folder, heap.unreadable),
            groups.is_searched,
            detector,
            features,
            size,
            max_pixels=max_pixels,
        ):
            if isinstance(found, Unreadable):
                heap.unreadable[str(found.file)] = found.why
            elif isinstance(found, Known):
                heap.earlier += 1
            else:
                _store(groups, found)
                heap.searched += 1
                heap.new += len(found.faces)
                heap.too_small += found.too_small
            on_photo()
        regroup(groups, min_faces, limit, seed)
        follow(groups)
        _count(heap, groups)
    return heap


def regroup(groups: Groups, min_faces: int, limit: float, seed: int) -> None:
    """Group the faces that are unsorted; all others stay where they are. What is no face has no part in it."""
    known = {face.number: face for face in groups.faces()}
    numbers, vectors = groups.features()
    used = [place for place, number in enumerate(numbers) if _takes_part(known[number])]
    if not used:
        return
    faces = [known[numbers[place]] for place in used]
    labels = np.array([face.group if face.group > 0 else FREE for face in faces])
    keys, names = groups.rejected(), groups.keys()
    forbidden = {
        place: [names[key] for key in keys[face.number] if key in names]
        for place, face in enumerate(faces)
        if face.number in keys
    }
    generator = np.random.default_rng(seed)
    found = group_faces(
        vectors[used], [face.photo for face in faces], labels, limit=limit, forbidden=forbidden, generator=generator
    )
    sizes = np.bincount(found)
    first = groups.new_number()
    new = sorted({int(label) for label in found if label not in labels and sizes[label] >= min_faces})
    numbers_of = {label: first + place for place, label in enumerate(new)} | {
        label: label for label in set(labels.tolist())
    }
    moved = {
        face.number: numbers_of[label]
        for face, label in zip(faces, found.tolist(), strict=True)
        if face.group == UNSORTED and label in numbers_of
    }
    groups.regroup(moved)


def _outside(files: Iterable[Path], folder: Path, left_out: dict[str, str]) -> Iterator[Path]:
    """Yield the files that do not lie in the folder of groups; note the others, which are crops of it."""
    own = folder.resolve()
    for file in files:
        with suppress(ValueError):  # a NUL in the name
            if Path(os.path.realpath(file)).is_relative_to(own):
                left_out[str(file)] = f"lies in {folder}, where the groups go"
                continue
        yield file


def _takes_part(face: Face) -> bool:
    """Whether a face is grouped, or draws others into its group."""
    return face.group > 0 or (face.group == UNSORTED and not face.is_placed)


def _store(groups: Groups, found: Searched) -> None:
    new = []
    for number, face in enumerate(found.faces, 1):
        path = f"{UNSORTED_FOLDER}/{crop_name(found.file, found.sha256, number)}"
        atomic_write(groups.folder / path, face.jpeg)
        sha256, stat = hashlib.sha256(face.jpeg).hexdigest(), stat_of(groups.folder / path)
        new.append(NewFace(path, face.box, face.side, face.sharpness, face.features, sha256, stat))
    file = os.fsencode(os.path.realpath(found.file)).decode(errors="backslashreplace")
    groups.add_photo(found.sha256, file, found.too_small, new)


def _check_free(folder: Path) -> None:
    """UsageError when the folder holds files and is no folder of groups."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: expected a folder for the groups")
    if folder.is_dir() and not (folder / GROUPS).is_file():
        others = sorted(path.name for path in folder.iterdir() if not is_leftover(path.name))
        if others:
            raise UsageError(f"{folder} holds {others[0]}, which `group` has not made: name a new or an empty folder")


def _count(heap: Heap, groups: Groups) -> None:
    faces = groups.faces()
    used = {face.group for face in faces}
    people = [group for group in groups.groups() if group.kind is Kind.PERSON and group.number in used]
    heap.faces = sum(face.group != NOT_FACES for face in faces)
    heap.groups, heap.named = len(people), sum(group.name is not None for group in people)
    heap.unsorted = sum(face.group == UNSORTED for face in faces)
