"""`train-faces --detect`: a folder of whole photos per person in, a folder of crops of their faces out.

A photo with one face gives its crop at once. Photos with several are decided when all have been searched: the record
says which face is taken before any of their crops is written. So a crop of a photo that the record does not know has
the only face of it, and a run that is killed at any moment goes on as if it had not been.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from data.cores import cores
from data.photos.decoding import quiet_decoding
from data.photos.folder import Photo, read_folder
from data.photos.placed import Placed
from data.reasons import Failure
from data.settings import DownloadSettings
from errors import DatasetError
from faces.detection.crops import Cutter, Searched
from faces.detection.detector import FaceDetector
from faces.detection.found import Found, Several, in_words
from faces.detection.found_folder import Looked, Record, crop_of, prepare, write_list, write_record
from faces.detection.likeness import FaceFeatures, fitting, unlike


def detect_folder(
    source: Path,
    target: Path,
    size: int,
    on_photo: Callable[[], None] = lambda: None,
    detector: FaceDetector | None = None,
    features: FaceFeatures | None = None,
    several: Several = "fit",
    strict: bool = False,
    max_pixels: int | None = None,
) -> Found:
    """Write a face of each photo of `source/<person>/` as an RGB crop, its box `size` pixels long, that says where it
    lies.

    `several` says what is done with photos that show several faces. `on_photo` is called once for each photo that is
    searched. A person without a face is left out. Raises UsageError when `target` holds other files or is of another
    folder of photos, or the packages of the detector or the face network are not installed; DatasetError when faces of
    fewer than two people are found; StorageError when a file cannot be written.
    """
    detector = detector or FaceDetector()
    if several == "fit":
        features = features or FaceFeatures()
    folder = read_folder(source, strict=strict, max_pixels=max_pixels)
    around = DownloadSettings.around
    made_with = {"size": size, "around": around, "detector": detector.identity(), "several": several}
    made_with |= {"features": features.identity()} if features else {}
    known = prepare(source, target, made_with, folder.photos)
    with quiet_decoding(), ThreadPoolExecutor(cores()) as pool:
        cutter = Cutter(source, target, size, detector, features, max_pixels, on_photo, pool)
        record, searched, chosen = _looked(folder.photos, known, cutter, several)
        write_record(source, target, made_with, record)
        failures = {photo: result for photo, result in searched.items() if isinstance(result, Failure)}
        failures |= cutter.cut(chosen)
    unreadable: dict[str, str] = {photo.file: failure.reason for photo, failure in failures.items()}
    looked = {photo.file: record[photo.sha256] for photo in folder.photos if photo.sha256 in record}
    write_list(
        target,
        ((p, unreadable.get(p.file) or in_words(looked[p.file], several)) for p in folder.photos),
    )
    crops = {photo: crop_of(target, photo) for photo in folder.photos}
    return Found(
        target=target,
        photos=len(folder.photos),
        fresh=len(searched),
        looked=looked,
        several=several,
        too_small=sum(result.too_small for result in searched.values() if isinstance(result, Searched)),
        min_face=detector.settings.min_face,
        unreadable=unreadable,
        notes=(*folder.notes, *_people_without_faces(crops)),
        originals={crop.relative_to(target).as_posix(): photo.file for photo, crop in crops.items()},
    )


def _looked(
    photos: Sequence[Photo], known: Record, cutter: Cutter, several: Several
) -> tuple[Record, dict[Photo, Searched | Failure], dict[Photo, Placed]]:
    """Search what is new; return what is known of all photos then, what was searched, and the faces chosen of several.

    Of photos with several faces, which one is taken stays as it is known; where none was, they are searched again as
    soon as their person has new photos.
    """
    record, new = dict(known), [photo for photo in photos if photo.sha256 not in known]
    cropped = {photo for photo in photos if crop_of(cutter.target, photo).exists()}
    wanted = (photo for photo in photos if photo not in cropped)
    searched = cutter.search([p for p in wanted if p.sha256 not in known or known[p.sha256].taken is not None], known)
    for photo in new:
        result = searched.get(photo)
        if isinstance(result, Searched):
            n = len(result.faces)
            record[photo.sha256] = Looked(n, 0 if n == 1 or (n and several == "largest") else None)
        elif photo in cropped:  # by a run that was killed
            record[photo.sha256] = Looked(1, 0)
    if several == "fit":
        grown = {photo.name for photo in new if photo.sha256 in record and record[photo.sha256].faces}
        again = [p for p in photos if p.name in grown and p not in searched and _is_open(record.get(p.sha256))]
        searched |= cutter.search(again, known)
        for name in sorted(grown):
            _choose([photo for photo in photos if photo.name == name], record, searched, cutter)
    chosen = {
        photo: result.faces[taken]
        for photo, result in searched.items()
        if isinstance(result, Searched) and len(result.faces) > 1
        if (taken := record[photo.sha256].taken) is not None and not crop_of(cutter.target, photo).exists()
    }
    return record, searched, chosen


def _choose(
    photos: Sequence[Photo], record: Record, searched: Mapping[Photo, Searched | Failure], cutter: Cutter
) -> None:
    """Set in the record which face is taken of a person's photos with several, and which only ones are unlike it."""
    taken = [photo for photo in photos if photo.sha256 in record and crop_of(cutter.target, photo).exists()]
    features = dict(zip(taken, cutter.features_of(taken), strict=True))
    alone = [photo for photo in taken if record[photo.sha256].faces == 1]
    crowded = {
        photo: result.features
        for photo in photos
        if isinstance(result := searched.get(photo), Searched) and result.features
    }
    chosen = fitting(crowded, [features[photo] for photo in alone or taken])
    for photo, face in chosen.items():
        record[photo.sha256] = replace(record[photo.sha256], taken=face)
    others = [features[photo] for photo in taken if photo not in alone]
    others += [crowded[photo][face] for photo, face in chosen.items() if face is not None]
    for photo, is_unlike in zip(alone, unlike([features[photo] for photo in alone], others), strict=True):
        record[photo.sha256] = replace(record[photo.sha256], unlike=is_unlike)


def _is_open(looked: Looked | None) -> bool:
    """Whether a photo has several faces of which none has been taken."""
    return looked is not None and looked.faces > 1 and looked.taken is None


def _people_without_faces(crops: Mapping[Photo, Path]) -> list[str]:
    """Return a line for each person without a crop. DatasetError when fewer than two people have one."""
    found = {photo.name for photo, crop in crops.items() if crop.exists()}
    people = sorted({photo.name for photo in crops})
    if len(found) < 2:
        raise DatasetError(
            f"faces were found of {len(found)} of {len(people)} people: expected at least two; add photos"
        )
    return [f"no face in any photo of {name} is used: left out" for name in people if name not in found]
