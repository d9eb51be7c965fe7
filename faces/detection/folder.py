"""`train-faces --detect`: a folder of whole photos per person in, a folder of crops of their faces out.

The target is a data set like any other: `TARGET/<person>/<photo>-<digest>.jpg`, with the first digits of the photo's
SHA-256. It belongs to one folder of photos: the file `found.json` records which one, the settings the crops were made
with and the photos without a face, so that the next run searches only new photos. `found.csv` says for people what was
found in each photo. Crops of photos that were removed are removed too, with all that was kept about them.
"""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from PIL import Image

from data.atomic_write import atomic_write, disk_error, is_part, remove_leftovers
from data.download.manifest import escape_formula
from data.folder_lock import LOCK, locked
from data.photos.cutting import find_regions
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo, read_folder
from data.photos.images import read_photo
from data.photos.placed import Placed
from data.reasons import Failure
from data.wording import count
from errors import DatasetError, UsageError
from faces.detection.detector import FaceDetector
from faces.detection.landmarks import placed
from faces.features.cache import forget as forget_features
from report.run_folder import as_json

RECORD = "found.json"
LIST = "found.csv"
Several = Literal["largest", "skip"]  # faces in one photo: take the largest, or leave the photo out
_QUALITY = 95
_MOST_NAMED = 10  # photos in a line
_MOST_BYTES = 120  # of a photo's name in the name of its crop
_CROP = re.compile(r".+-[0-9a-f]{12}\.jpg")


class _Counts(NamedTuple):
    """The faces in one photo, and those that are too small to be used."""

    faces: int = 0
    too_small: int = 0


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of `detect_folder`. Files of photos are relative to the folder."""

    target: Path
    photos: int
    fresh: int  # photos that were searched in this run, not in an earlier one
    without: tuple[str, ...]  # photos without a face
    several: tuple[str, ...]  # photos with more than one face
    too_small: int  # faces in the photos searched in this run that are not used,
    min_face: int  # as they have fewer pixels a side
    skipped: bool  # whether those were left out
    unreadable: dict[str, str]  # photo -> the reason why it cannot be opened
    notes: tuple[str, ...]  # lines about the folder: what was left out, joined or recognised
    originals: dict[str, str]  # crop, relative to the target -> the photo it was cut from

    @property
    def lines(self) -> list[str]:
        """Return the result as lines: how many faces were found, and which photos need a look."""
        failed = len(self.without) + len(self.unreadable)
        lines = [f"faces found in {self.photos - failed} of {self.photos} photos, {self.fresh} of them searched now"]
        if self.without:
            lines.append(f"no face found in {count(len(self.without), 'photo')}: {self._some(self.without)}")
        if self.too_small:
            small = f"{count(self.too_small, 'face')} of fewer than {self.min_face} pixels"
            lines.append(f"{small} in the photos searched now: not used (--min-face)")
        for file, why in self.unreadable.items():
            lines.append(f"cannot be read, left out: {file}: {why}")
        what = (
            "left out"
            if self.skipped
            else "the largest is taken, whoever it is (--several skip leaves such photos out)"
        )
        if self.several:
            lines.append(f"{count(len(self.several), 'photo')} with several faces, {what}: {self._some(self.several)}")
        return [*self.notes, *lines]

    def _some(self, files: Sequence[str]) -> str:
        shown = ", ".join(files[:_MOST_NAMED])
        return shown if len(files) <= _MOST_NAMED else f"{shown}, ...; all are in {self.target / LIST}"


def faces_folder(datasets: Path, source: Path) -> Path:
    """Return the folder in `datasets` for the faces of the photos in `source`: no two folders of photos share one."""
    place = source.resolve()
    return datasets / f"{place.name or 'photos'}-faces-{hashlib.sha256(os.fsencode(place)).hexdigest()[:8]}"


@contextmanager
def in_use(target: Path) -> Iterator[None]:
    """Hold the folder of faces, so that no other process changes it. StorageError when another one has it."""
    busy = f"another process is using the faces in {target}: wait for it, or name another folder with --out-faces"
    with locked(target, busy):
        yield


def source_of(target: Path) -> Path | None:
    """Return the folder of photos that the faces in `target` were found in; None when it is no folder of faces."""
    source = _read_record(target / RECORD).get("source")
    return None if source is None else Path(source)


def detect_folder(
    source: Path,
    target: Path,
    size: int,
    on_photo: Callable[[], None] = lambda: None,
    detector: FaceDetector | None = None,
    several: Several = "largest",
    strict: bool = False,
    max_pixels: int | None = None,
) -> Found:
    """Write the largest face of each photo of `source/<person>/` as an RGB crop of size x size pixels.

    `several` says what is done with photos that show several faces. `on_photo` is called once for each photo that is
    searched. A person without a face is left out. Raises UsageError when `target` holds other files or is of another
    folder of photos, or the detector's packages are not installed; DatasetError when faces of fewer than two people are
    found; StorageError when a file cannot be written.
    """
    detector = detector or FaceDetector()
    folder = read_folder(source, strict=strict, max_pixels=max_pixels)
    photos, digests = folder.photos, {photo.sha256 for photo in folder.photos}
    crops = {photo: target / (photo.part or "") / photo.name / _crop_name(photo) for photo in photos}
    made_with = {"size": size, "detector": detector.identity(), "several": several}
    record = _prepare_target(source, target, made_with, set(crops.values()))
    fresh = [photo for photo in photos if photo.sha256 not in record["without"] and not crops[photo].exists()]

    def search(photo: Photo) -> _Counts | Failure:
        faces = _write_crop(source / photo.file, photo.sha256, crops[photo], size, detector, several, max_pixels)
        on_photo()
        return faces

    with quiet_decoding(), ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(fresh, pool.map(search, fresh), strict=True))
    faces = {photo: result for photo, result in results.items() if not isinstance(result, Failure)}
    crowded = {photo.sha256 for photo, counts in faces.items() if counts.faces > 1}
    record["several"] = (record["several"] | crowded) & digests
    faceless = {photo.sha256 for photo, counts in faces.items() if not counts.faces} | (
        crowded if several == "skip" else set()
    )
    record["without"] = (record["without"] | faceless) & digests
    _write_record(source, target, made_with, record)
    unreadable: dict[str, str] = {
        photo.file: result.reason for photo, result in results.items() if isinstance(result, Failure)
    }
    _write_list(target, crops, record, unreadable)
    notes = [*folder.notes, *_people_without_faces(crops)]
    return Found(
        target=target,
        photos=len(photos),
        fresh=len(fresh),
        without=tuple(p.file for p in photos if p.sha256 in record["without"] - record["several"]),
        several=tuple(photo.file for photo in photos if photo.sha256 in record["several"]),
        too_small=sum(counts.too_small for counts in faces.values()),
        min_face=detector.settings.min_face,
        skipped=several == "skip",
        unreadable=unreadable,
        notes=tuple(notes),
        originals={crop.relative_to(target).as_posix(): photo.file for photo, crop in crops.items()},
    )


def _write_list(
    target: Path, crops: Mapping[Photo, Path], record: Mapping[str, set[str]], unreadable: Mapping[str, str]
) -> None:
    """Write what was found in each photo, and its crop if there is one, as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "person", "found", "crop"))
    for photo, crop in crops.items():
        faces = "several faces" if photo.sha256 in record["several"] else "one face"
        found = "no face" if photo.sha256 in record["without"] - record["several"] else faces
        name = crop.relative_to(target).as_posix() if crop.exists() else ""
        row = (photo.file, photo.name, unreadable.get(photo.file, found), name)
        writer.writerow(map(escape_formula, row))
    atomic_write(target / LIST, text.getvalue().encode(errors="backslashreplace"))


def _people_without_faces(crops: Mapping[Photo, Path]) -> list[str]:
    """Return a line for each person without a crop. DatasetError when fewer than two people have one."""
    found = {photo.name for photo, crop in crops.items() if crop.exists()}
    people = sorted({photo.name for photo in crops})
    if len(found) < 2:
        raise DatasetError(
            f"faces were found of {len(found)} of {len(people)} people: expected at least two; add photos"
        )
    return [f"no face in any photo of {name}: left out" for name in people if name not in found]


def _write_crop(
    photo: Path, sha256: str, crop: Path, size: int, detector: FaceDetector, several: Several, max_pixels: int | None
) -> _Counts | Failure:
    """Write the crop if there is a face; return how many there are, or why the photo cannot be used."""
    counts = _Counts()

    def largest(upright: Image.Image, scale: int) -> Sequence[Placed]:
        nonlocal counts
        faces, too_small = detector.search(upright)
        counts = _Counts(len(faces), too_small)
        return () if several == "skip" and len(faces) > 1 else [placed(face) for face in faces[:1]]

    data = read_photo(photo, sha256)
    if isinstance(data, Failure):
        return data
    found = find_regions(data, largest, size, "RGB", max_pixels=max_pixels)
    if isinstance(found, Failure):
        return found
    for face in found:
        file = io.BytesIO()
        face.picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)
        atomic_write(crop, file.getvalue())
    return counts


def _crop_name(photo: Photo) -> str:
    stem = Path(photo.file).stem.encode(errors="replace")[:_MOST_BYTES].decode(errors="ignore")
    return f"{stem}-{photo.sha256[:12]}.jpg"


def _prepare_target(source: Path, target: Path, made_with: dict[str, Any], crops: set[Path]) -> dict[str, set[str]]:
    """Remove the crops in `target` that are not in `crops` or were made with other settings.

    Return the SHA-256 of the photos that an earlier run found without a face, and with several.
    """
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file: expected a folder for the faces found")
    others = target.is_dir() and any(path.name != LOCK and not is_part(path.name) for path in target.iterdir())
    if others and not (target / RECORD).is_file():
        raise UsageError(f"{target} holds files that were not made by --detect: expected a new or an empty folder")
    record = _read_record(target / RECORD)
    if record.get("source") not in (None, str(source.resolve())):
        raise UsageError(
            f"{target} has the faces of the photos in {record['source']}: name another folder with --out-faces"
        )
    same = record.get("made_with") == made_with
    known = {kind: set(record[kind]) if same else set[str]() for kind in ("without", "several")}
    remove_crops(target, lambda crop: not (same and crop in crops))
    _write_record(source, target, made_with, known)
    remove_leftovers(target)
    return known


def remove_crops(target: Path, unwanted: Callable[[Path], bool]) -> int:
    """Remove crops of the folder of faces, what is kept about them, and folders of people that are then empty; return
    how many crops there were. StorageError when the disk refuses."""
    removed: set[str] = set()
    try:
        for crop in [*target.glob("*/*.jpg"), *target.glob("*/*/*.jpg")]:
            if _CROP.fullmatch(crop.name) and unwanted(crop):
                removed.add(hashlib.sha256(crop.read_bytes()).hexdigest())
                crop.unlink()
        if removed and any(target.glob(".features-*")):
            forget_features(target, removed)
    except OSError as error:
        raise disk_error(target, error) from error
    for person in [*target.glob("*/*/"), *target.glob("*/")]:
        with suppress(OSError):  # it holds crops
            person.rmdir()
    return len(removed)


def _write_record(source: Path, target: Path, made_with: dict[str, Any], known: dict[str, set[str]]) -> None:
    record = {"source": str(source.resolve()), "made_with": made_with}
    record |= {kind: sorted(digests) for kind, digests in known.items()}
    atomic_write(target / RECORD, as_json(record))


def _read_record(file: Path) -> dict[str, Any]:
    """Return the record of an earlier run; {} when it cannot be read, so that all photos are searched again."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        digests = {kind: [str(digest) for digest in record[kind]] for kind in ("without", "several")}
        return {"source": record.get("source"), "made_with": record["made_with"], **digests}
    except (AttributeError, OSError, ValueError, KeyError, TypeError):
        return {}
