"""Where else a person is who is to be forgotten: runs trained on the photos, and folders of faces found in them.

A network that was trained cannot forget one of its people. So a run is removed but for what it was asked for:
`train-faces --resume` trains it again, on the people who are left. A run whose head is computed loses the person alone.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from data.atomic_folder import atomic_folder
from data.atomic_write import atomic_write
from data.folder_lock import locked
from data.photos.folder import person_key
from errors import FacesError, RunError, StorageError
from faces.detection.found_folder import in_use, remove_crops, source_of
from faces.enrolment import remove_person
from report.run_folder import METRICS, REQUEST, as_json, finished
from report.unfinished_run import read_request


def runs_with(runs: Path, photos: Path, person: str) -> list[Path]:
    """Return the runs in the folder `runs`, or itself, that were trained on the folder `photos` with this person in it.

    `person` is the name of the person's folder. Interrupted trainings are among them.
    """
    return [run for run in _folders(runs) if _was_trained_on(run, photos.resolve(), person)]


def faces_with(datasets: Path, runs: Sequence[Path], photos: Path, person: str) -> list[Path]:
    """Return the folders with faces of this person that were found in the folder `photos`: those in `datasets`, and
    those that `runs` were trained on."""
    place = photos.resolve()
    trained_on = [Path(str(metrics["data"])) for run in runs if (metrics := finished(run)) and "data" in metrics]
    folders = {folder.resolve(): folder for folder in [*trained_on, *_folders(datasets)]}
    return [folder for folder in folders.values() if source_of(folder) == place and any(_crops(folder, person))]


def left_run(run: Path, person: str) -> bool:
    """Take a person out of a run whose head is computed; return False where the run must be trained again.

    That is so for a head that was trained, when one person would be left, for an interrupted training, and where the
    frozen network is gone. StorageError when a training is working in it, or the disk refuses.
    """
    try:
        remove_person(run, person)
    except StorageError:
        raise
    except FacesError:
        return False
    return True


def forget_run(run: Path) -> bool:
    """Remove all of a run but what it was asked for; return whether that is known.

    StorageError when a training is working in it, or the disk refuses.
    """
    request = read_request(run)
    busy = f"a training is working in {run}: wait for it, then forget again"
    with locked(run, busy), atomic_folder(run, METRICS) as part:
        if request is not None:
            atomic_write(part / REQUEST, as_json(request))
    if request is None:
        run.rmdir()
    return request is not None


def forget_faces(faces: Path, person: str) -> int:
    """Remove the crops of a person; return how many there were. StorageError when the disk refuses."""
    with in_use(faces):
        crops = set(_crops(faces, person))
        return remove_crops(faces, lambda crop: crop in crops)


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield folder
        yield from sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _was_trained_on(run: Path, photos: Path, person: str) -> bool:
    try:
        metrics, request = finished(run) or {}, read_request(run) or {}
    except RunError:  # damaged: nobody can read the person out of it by this program
        return False
    places = {str(place) for place in (metrics.get("source"), metrics.get("data"), request.get("folder"))}
    known = metrics.get("classes")
    names = known if isinstance(known, list) else [person]  # an interrupted training does not say: it may be
    return str(photos) in places and person_key(person) in {person_key(str(name)) for name in names}


def _crops(faces: Path, person: str) -> Iterator[Path]:
    for crop in [*faces.glob("*/*.jpg"), *faces.glob("*/*/*.jpg")]:
        if person_key(crop.parent.name) == person_key(person):
            yield crop
