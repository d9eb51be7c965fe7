"""`train-faces --detect`: folders of whole photos per person in, folders of the faces in them out.

The target is a data set like any other: `TARGET/<person>/<photo>-<digest>.jpg`, the digest being the photo's. Beside
the crops lies what they were made with and which photos show no face, so that a second run looks only at what is new;
the crop of a photo that is gone goes too.
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
from data.photos.images import read_photo
from data.reasons import Failure, Reason
from errors import DatasetError, UsageError
from faces.detection.cascade import FaceDetector
from faces.predictions import Status

MARK = "found.json"
_QUALITY = 95
_MOST_BYTES = 120  # of a photo's name that its crop keeps
_CROP = re.compile(r".+-[0-9a-f]{12}\.jpg")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of a folder of photos. Photos are named relative to it."""

    photos: int
    fresh: int  # photos that were looked at now, and not in an earlier run
    without: tuple[str, ...]  # photos in which no face was found
    unreadable: dict[str, str]  # photo -> the reason why it cannot be opened

    @property
    def line(self) -> str:
        """Say it in one line, naming the first few photos that gave no face."""
        lost = [*self.without, *(f"{file} ({reason})" for file, reason in self.unreadable.items())]
        named = ", ".join(lost[:3]) + (", ..." if len(lost) > 3 else "")
        found = f"faces found in {self.photos - len(lost)} of {self.photos} photos, {self.fresh} of them looked at now"
        return found + (f"; none in {len(self.without)}, {len(self.unreadable)} unreadable: {named}" if lost else "")


def detect_folder(
    source: Path,
    target: Path,
    size: int,
    on_photo: Callable[[], None] = lambda: None,
    detector: FaceDetector | None = None,
    max_pixels: int | None = None,
) -> Found:
    """Write the largest face of each photo of `source/<person>/` as a crop of size x size pixels in colour.

    `on_photo` is called once for each photo that is looked at. Raises UsageError when OpenCV is missing or `target`
    holds something else, DatasetError when `source` has no folder of photos per person or someone is left
    without a face, StorageError when the disk refuses.
    """
    detector = detector or FaceDetector()
    photos = read_folder(source).photos
    crops = {photo: target / photo.name / _crop_name(photo) for photo in photos}
    made_with = {"size": size, "detector": asdict(detector.settings)}
    without = _take_up(target, made_with, set(crops.values()))
    fresh = [photo for photo in photos if photo.sha256 not in without and not crops[photo].exists()]

    def look(photo: Photo) -> Status | Reason:
        status = _look(source / photo.file, crops[photo], size, detector, max_pixels)
        on_photo()
        return status

    with quiet_decoding(), ThreadPoolExecutor(os.cpu_count()) as pool:
        came = dict(zip(fresh, pool.map(look, fresh), strict=True))
    without |= {photo.sha256 for photo, status in came.items() if status is Status.NO_FACE}
    _remember(target, made_with, without)
    for name in dict.fromkeys(photo.name for photo in photos):
        if not any(crop.exists() for photo, crop in crops.items() if photo.name == name):
            raise DatasetError(f"no face was found in any photo of {source / name}: add photos or remove the folder")
    return Found(
        photos=len(photos),
        fresh=len(fresh),
        without=tuple(photo.file for photo in photos if photo.sha256 in without),
        unreadable={photo.file: status for photo, status in came.items() if isinstance(status, Reason)},
    )


def _look(photo: Path, crop: Path, size: int, detector: FaceDetector, max_pixels: int | None) -> Status | Reason:
    """Write the crop if there is a face; return what came of the photo."""
    data = read_photo(photo)
    if isinstance(data, Failure):
        return data.reason
    found = find_regions(data, lambda upright: detector.find(upright)[:1], size, "RGB", max_pixels=max_pixels)
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


def _take_up(target: Path, made_with: dict[str, Any], wanted: set[Path]) -> set[str]:
    """Make `target` ready: the crops in it are wanted and made as asked. Return the photos known to show no face."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file: expected a folder for the faces found")
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise UsageError(f"{target} holds files that were not made by --detect: expected a new or an empty folder")
    before = _read(target / MARK)
    same = before.get("made_with") == made_with
    without = set(before["without"]) if same else set()
    try:
        for crop in target.glob("*/*.jpg"):
            if _CROP.fullmatch(crop.name) and not (same and crop in wanted):
                crop.unlink()
    except OSError as error:
        raise disk_error(target, error) from error
    _remember(target, made_with, without)
    remove_leftovers(target)
    return without


def _remember(target: Path, made_with: dict[str, Any], without: set[str]) -> None:
    mark = {"made_with": made_with, "without": sorted(without)}
    atomic_write(target / MARK, (json.dumps(mark, indent=1) + "\n").encode())


def _read(mark: Path) -> dict[str, Any]:
    """What an earlier run remembers; nothing when it cannot be read, so that all is done again."""
    try:
        known = json.loads(mark.read_text(encoding="utf-8"))
        return {"made_with": known["made_with"], "without": [str(digest) for digest in known["without"]]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
