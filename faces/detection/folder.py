"""`train-faces --detect`: a folder of whole photos per person in, a folder of crops of their faces out.

The target is a data set like any other: `TARGET/<person>/<photo>-<digest>.jpg`, with the first digits of the photo's
SHA-256. The file `found.json` beside the crops records the settings they were made with and the photos without a face,
so that the next run searches only new photos. Crops of photos that were removed are removed too.
"""

import io
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.atomic_write import atomic_write, disk_error, remove_leftovers
from data.photos.cutting import find_regions
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo, read_folder
from data.reasons import Failure, Reason
from errors import DatasetError, UsageError
from faces.detection.cascade import FaceDetector
from faces.predictions import Status

RECORD = "found.json"
_QUALITY = 95
_MOST_BYTES = 120  # of a photo's name in the name of its crop
_CROP = re.compile(r".+-[0-9a-f]{12}\.jpg")


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of `detect_folder`. Files of photos are relative to the folder."""

    photos: int
    fresh: int  # photos that were searched in this run, not in an earlier one
    without: tuple[str, ...]  # photos without a face
    unreadable: dict[str, str]  # photo -> the reason why it cannot be opened

    @property
    def line(self) -> str:
        """Return the result as one line, with the first few photos that gave no face."""
        failed = [*self.without, *(f"{file} ({reason})" for file, reason in self.unreadable.items())]
        first = ", ".join(failed[:3]) + (", ..." if len(failed) > 3 else "")
        found = f"faces found in {self.photos - len(failed)} of {self.photos} photos, {self.fresh} of them searched now"
        return found + (f"; none in {len(self.without)}, {len(self.unreadable)} unreadable: {first}" if failed else "")


def detect_folder(
    source: Path,
    target: Path,
    size: int,
    on_photo: Callable[[], None] = lambda: None,
    detector: FaceDetector | None = None,
) -> Found:
    """Write the largest face of each photo of `source/<person>/` as an RGB crop of size x size pixels.

    `on_photo` is called once for each photo that is searched. Raises UsageError when OpenCV is missing or `target`
    holds other files, DatasetError when `source` has no folder of photos per person or no face of a person is found,
    StorageError when a file cannot be written.
    """
    detector = detector or FaceDetector()
    photos = read_folder(source).photos
    crops = {photo: target / photo.name / _crop_name(photo) for photo in photos}
    made_with = {"size": size, "detector": asdict(detector.settings)}
    without = _prepare_target(target, made_with, set(crops.values()))
    fresh = [photo for photo in photos if photo.sha256 not in without and not crops[photo].exists()]

    def search(photo: Photo) -> Status | Reason:
        status = _write_crop(source / photo.file, crops[photo], size, detector)
        on_photo()
        return status

    with quiet_decoding(), ThreadPoolExecutor(os.cpu_count()) as pool:
        statuses = dict(zip(fresh, pool.map(search, fresh), strict=True))
    without |= {photo.sha256 for photo, status in statuses.items() if status is Status.NO_FACE}
    _write_record(target, made_with, without)
    for name in dict.fromkeys(photo.name for photo in photos):
        if not any(crop.exists() for photo, crop in crops.items() if photo.name == name):
            raise DatasetError(f"no face was found in any photo of {source / name}: add photos or remove the folder")
    return Found(
        photos=len(photos),
        fresh=len(fresh),
        without=tuple(photo.file for photo in photos if photo.sha256 in without),
        unreadable={photo.file: status for photo, status in statuses.items() if isinstance(status, Reason)},
    )


def _write_crop(photo: Path, crop: Path, size: int, detector: FaceDetector) -> Status | Reason:
    """Write the crop if there is a face; return OK, NO_FACE, or why the photo cannot be opened."""
    found = find_regions(photo.read_bytes(), lambda upright: detector.find(upright)[:1], size, "RGB")
    if isinstance(found, Failure):
        return found.reason
    for face in found:
        file = io.BytesIO()
        face.picture.save(file, "JPEG", quality=_QUALITY, subsampling=0)
        atomic_write(crop, file.getvalue())
    return Status.OK if found else Status.NO_FACE


def _crop_name(photo: Photo) -> str:
    stem = Path(photo.file).stem.encode(errors="replace")[:_MOST_BYTES].decode(errors="ignore")
    return f"{stem}-{photo.sha256[:12]}.jpg"


def _prepare_target(target: Path, made_with: dict[str, Any], crops: set[Path]) -> set[str]:
    """Remove the crops in `target` that are not in `crops` or were made with other settings.

    Return the SHA-256 of the photos that an earlier run found without a face.
    """
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file: expected a folder for the faces found")
    if target.is_dir() and any(target.iterdir()) and not (target / RECORD).is_file():
        raise UsageError(f"{target} holds files that were not made by --detect: expected a new or an empty folder")
    record = _read_record(target / RECORD)
    same = record.get("made_with") == made_with
    without = set(record["without"]) if same else set()
    try:
        for crop in target.glob("*/*.jpg"):
            if _CROP.fullmatch(crop.name) and not (same and crop in crops):
                crop.unlink()
    except OSError as error:
        raise disk_error(target, error) from error
    _write_record(target, made_with, without)
    remove_leftovers(target)
    return without


def _write_record(target: Path, made_with: dict[str, Any], without: set[str]) -> None:
    record = {"made_with": made_with, "without": sorted(without)}
    atomic_write(target / RECORD, (json.dumps(record, indent=1) + "\n").encode())


def _read_record(file: Path) -> dict[str, Any]:
    """Return the record of an earlier run; {} when it cannot be read, so that all photos are searched again."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return {"made_with": record["made_with"], "without": [str(digest) for digest in record["without"]]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
