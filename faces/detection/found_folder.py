"""A folder of faces found in whole photos: its place, its crops, its record and its table.

It is a data set like any other: `TARGET/<person>/<photo>-<digest>.jpg`, with the first digits of the photo's SHA-256.
It belongs to one folder of photos: the file `found.json` records which one, the settings the crops were made with and
how many faces each photo has. `found.csv` says for people what was found. Crops of photos that were removed are removed
too, with all that was kept about them.
"""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.atomic_write import atomic_write, disk_error, is_part, remove_leftovers
from data.download.manifest import escape_formula
from data.folder_lock import LOCK, locked
from data.photos.folder import Photo
from errors import UsageError
from report.run_folder import as_json

RECORD = "found.json"
LIST = "found.csv"
_MOST_BYTES = 120  # of a photo's name in the name of its crop
_CROP = re.compile(r".+-[0-9a-f]{12}\.jpg")


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a photo that was searched."""

    faces: int  # that are large enough
    taken: int | None  # which of them is the person's, counted from the largest; None for none
    unlike: bool = False  # one face, which is not like those in the person's other photos


Record = dict[str, Looked]
"""SHA-256 of a photo -> what is known of it."""


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
    source, _, _ = _read(target)
    return None if source is None else Path(source)


def crop_of(target: Path, photo: Photo) -> Path:
    """Return the file of the crop of a photo's face."""
    stem = Path(photo.file).stem.encode(errors="replace")[:_MOST_BYTES].decode(errors="ignore")
    return target / (photo.part or "") / photo.name / f"{stem}-{photo.sha256[:12]}.jpg"


def prepare(source: Path, target: Path, made_with: dict[str, Any], photos: Iterable[Photo]) -> Record:
    """Return what is known of the photos; remove the crops of others, or that were made with other settings.

    UsageError when the folder holds other files, or the faces of another folder of photos.
    """
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file: expected a folder for the faces found")
    others = target.is_dir() and any(path.name != LOCK and not is_part(path.name) for path in target.iterdir())
    if others and not (target / RECORD).is_file():
        raise UsageError(f"{target} holds files that were not made by --detect: expected a new or an empty folder")
    earlier, made, record = _read(target)
    if earlier not in (None, str(source.resolve())):
        raise UsageError(f"{target} has the faces of the photos in {earlier}: name another folder with --out-faces")
    wanted = {crop_of(target, photo): photo.sha256 for photo in photos} if made == made_with else {}
    remove_crops(target, lambda crop: crop not in wanted)
    kept = {sha256: record[sha256] for sha256 in wanted.values() if sha256 in record}
    write_record(source, target, made_with, kept)
    remove_leftovers(target)
    return kept


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
            from faces.features.cache import forget  # torch, which those who ask `source_of` do not need

            forget(target, removed)
    except OSError as error:
        raise disk_error(target, error) from error
    for person in [*target.glob("*/*/"), *target.glob("*/")]:
        with suppress(OSError):  # it holds crops
            person.rmdir()
    return len(removed)


def write_record(source: Path, target: Path, made_with: dict[str, Any], record: Record) -> None:
    """Write what is known of the photos; StorageError when the disk refuses."""
    photos = {sha256: asdict(record[sha256]) for sha256 in sorted(record)}
    atomic_write(target / RECORD, as_json({"source": str(source.resolve()), "made_with": made_with, "photos": photos}))


def write_list(target: Path, found: Iterable[tuple[Photo, str]]) -> None:
    """Write what was found in each photo, and its crop if there is one, as a table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "person", "found", "crop"))
    for photo, what in found:
        crop = crop_of(target, photo)
        name = crop.relative_to(target).as_posix() if crop.exists() else ""
        writer.writerow(map(escape_formula, (photo.file, photo.name, what, name)))
    atomic_write(target / LIST, text.getvalue().encode(errors="backslashreplace"))


def _read(target: Path) -> tuple[str | None, Any, Record]:
    """Return the folder of photos, the settings and the record of an earlier run.

    Of an earlier version's file only the first; without any when it cannot be read: all photos are searched again.
    """
    try:
        content = json.loads((target / RECORD).read_text(encoding="utf-8"))
        source = content["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, None, {}
    try:
        photos = {str(sha256): Looked(**looked) for sha256, looked in content["photos"].items()}
        return source, content["made_with"], photos
    except (AttributeError, KeyError, TypeError):
        return source, None, {}
