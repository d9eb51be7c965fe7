"""A run whose people change without a training: somebody is added from photos, or taken out.

The head is computed again (`TransferClassifier.enroll`, `remove`), and what is measured is measured again, on the test
photos that are still there. The new version takes the place of the run as a whole, as a training's does.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.inside import inside
from data.photos.cutting import Region
from data.photos.decoding import quiet_decoding
from data.photos.folder import PARTS, Photo, person_key, shown_name
from data.photos.images import ANY_SIZE, read_photo
from data.photos.placed import placed_in
from data.program import command
from data.reasons import Failure
from data.wording import count
from errors import RunError, UsageError
from faces.classifier import MOST_NEIGHBOURS
from faces.detection.landmarks import face_detector, face_finder, with_landmarks
from faces.open_set import OpenedPart, unknown_since
from faces.pictures import PHOTOS_A_UNIT
from faces.predict import Face, FaceSource, faces_in, read_file
from faces.predictions import Status
from faces.run import load_faces
from faces.run_files import measured, run_files
from faces.settings import MEMORY_LIMIT
from faces.transfer import TransferClassifier
from nn.training import fingerprint_of
from report.hidden_units import most_exciting
from report.progress import Bar, no_bar
from report.run_folder import SPLIT, read_json, read_metrics, versions
from report.unfinished_run import changing, publish_run

ENROLL, REMOVE = "enroll", "enroll --remove"  # the command of a change, in metrics.json
_LISTS = ("train", "validation", "test")
_WORDS = {
    Status.NO_FACE: "no face was found",
    Status.NO_PHOTO: "a folder without a photo, or one that may not be read",
    Status.UNREADABLE: "missing, or may not be read",
}

FileDigest = tuple[str, str]  # a photo's file, relative to the run's folder of photos or absolute, and its SHA-256


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What `enroll` has done."""

    name: str
    """As the run has it."""
    is_new: bool
    added: int
    """Photos; 0: all were there, and the run is as it was."""
    repeated: int
    """Photos that the run has of this person already, or that were given twice."""
    left_out: Mapping[str, str]
    """Photos that cannot be used -> why."""
    metrics: Mapping[str, Any]


def enroll(
    run: Path,
    name: str,
    files: Iterable[Path],
    *,
    detect: bool | None = None,
    weights: str | None = None,
    device: str = "auto",
    max_pixels: int | None = None,
    bar: Bar = no_bar,
) -> Enrolment:
    """Add a person to a run, or photos of one it knows, without a training.

    The faces are cut and aligned as the run's were; `detect` says whether they are found in whole photos, None: as in
    the run's training. Raises UsageError when no photo can be used, or the head was trained, RunError when there is no
    run, StorageError when another process has it; then the run stays as it was.
    """
    with _changed(run, weights, device) as changed:
        shown, left_out, used = changed.classifier.name_of(name), dict[str, str](), list[FileDigest]()
        if not shown:
            raise UsageError(f"expected the name of a person, got {name!r}")
        detect = changed.classifier.found_faces if detect is None else detect
        detector = face_detector(changed.classifier.torch_device.type) if detect else None
        source = FaceSource(find=None if detector is None else face_finder(detector))
        pixels, repeated = [], 0
        with bar("reading photos", None) as advance, quiet_decoding():
            for file in files:
                data = read_file(file)
                digest = hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""
                part, owner = changed.uses.get(digest, ("", shown))
                if owner == shown and part in ("train", "enrolled"):
                    repeated += 1
                elif part:
                    left_out[str(file)] = f"the run has it already, as a photo of {owner} ({part})"
                else:
                    found = _the_face(faces_in(file, data, source, changed.classifier, max_pixels))
                    if isinstance(found, str):
                        left_out[str(file)] = found
                    else:
                        pixels.append(found.pixels)
                        used.append((str(file.resolve()), digest))
                        changed.uses[digest] = "enrolled", shown
                advance("")
        if not (used or repeated):
            first = "".join(f": {file}: {why}" for file, why in list(left_out.items())[:1])
            raise UsageError(
                f"none of {count(len(left_out), 'photo')} of {shown} can be used{first}; {run} stays as it was"
            )
        is_new = shown not in changed.classifier.classes_
        metrics: Mapping[str, Any] = changed.metrics
        if used:
            changed.classifier.enroll(shown, changed.classifier.read(np.stack(pixels)))
            changed.enrolled[shown] = [*changed.enrolled.get(shown, ()), *used]
            metrics = changed.publish({"command": ENROLL, "name": shown, "photos": len(used)}, bar)
        return Enrolment(
            name=shown, is_new=is_new, added=len(used), repeated=repeated, left_out=left_out, metrics=metrics
        )


def remove_person(
    run: Path, name: str, *, weights: str | None = None, device: str = "auto", bar: Bar = no_bar
) -> dict[str, Any]:
    """Take a person out of a run without a training: out of all its files. Return the new metrics.json.

    Raises UsageError for somebody who is not there, when fewer than two people would stay, or the head was trained,
    RunError when there is no run, StorageError when another process has it; then the run stays as it was.
    """
    with _changed(run, weights, device) as changed:
        shown = changed.classifier.name_of(name)
        changed.classifier.remove(name)
        changed.forget(shown)
        return changed.publish({"command": REMOVE}, bar)


class _Changed:
    """A run that is being changed: its classifier, its lists of photos, its metrics."""

    def __init__(self, run: Path, classifier: TransferClassifier) -> None:
        """RunError when the files of the run are incomplete."""
        self._run, self.classifier = run, classifier
        self._people = {person_key(str(name)): str(name) for name in classifier.classes_}  # of the run as it was
        try:
            self.metrics, self._split = read_metrics(run), read_json(run, SPLIT)
            self._folder = Path(self.metrics["data"])
            self._sha256: dict[str, str] = self._split["sha256"]
            self._lists: dict[str, list[str]] = {part: list(self._split[part]) for part in _LISTS}
            self.enrolled: dict[str, list[FileDigest]] = {
                str(name): [(photo["file"], photo["sha256"]) for photo in own]
                for name, own in self._split.get("enrolled", {}).items()
            }
            self.uses = {
                self._sha256[file]: (part, self._person_on(file)) for part in _LISTS for file in self._lists[part]
            } | {sha256: ("enrolled", name) for name, own in self.enrolled.items() for _, sha256 in own}
            missing = {"counts", "unknown", "asked", "left_out", "aligned"} - self.metrics.keys()
            if missing or len(self._kept_photos()) != len(classifier.neighbours):
                raise ValueError(f"without {', '.join(sorted(missing))}" if missing else f"{SPLIT} lists other photos")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{run} is incomplete, or of an earlier version ({error}): train again") from error

    def forget(self, name: str) -> None:
        """Take a person who has left the classifier out of all that is kept about the run."""
        self.enrolled.pop(name, None)
        for part in _LISTS:
            self._lists[part] = [file for file in self._lists[part] if self._person_on(file) != name]
        named = _naming(name)
        asked = dict(self.metrics["asked"])
        asked["people"] = {other: what for other, what in asked.get("people", {}).items() if other != name}
        self.metrics |= {
            "asked": asked,
            "left_out": [line for line in self.metrics["left_out"] if not named(line)],
            "aligned": "; ".join(part for part in self.metrics["aligned"].split("; ") if not named(part)),
            "changes": [
                {key: value for key, value in change.items() if key != "name" or value != name}
                for change in self.metrics.get("changes", ())
            ],
        }

    def publish(self, change: Mapping[str, Any], bar: Bar) -> dict[str, Any]:
        """Measure again, and put the new version into the place of the run."""
        with bar("measuring again", None) as advance:
            photos, why = self._test_photos()
            test = OpenedPart(self._opened(photos, lambda: advance("")), [photo.name for photo in photos])
            listed, people = len(self._lists["test"]), set(self.classifier.classes_.tolist())
            again = f"{len(photos)} of {listed} test photos are still there and were measured again"
            kept = {name: value for name, value in self.metrics.items() if name != "files"}
            metrics = {
                **kept,
                "classes": self.classifier.classes_.tolist(),
                "counts": {
                    part: {name: n for name, n in own.items() if name in people}
                    for part, own in self.metrics["counts"].items()
                },
                "train_accuracy": None,
                "validation_accuracy": None,
                **measured(self.classifier, {"test": test}),
                "unknown": unknown_since(self.metrics["unknown"], self.classifier, test),
                "enrolled": {name: len(own) for name, own in sorted(self.enrolled.items())},
                "changes": [*self.metrics.get("changes", ()), change],
                "measured_again": again,
                "not_tested": why,
                "guard": fingerprint_of(self.metrics["asked"]),
                "device": str(self.classifier.torch_device),
                "versions": versions(),
            }
        with bar("writing the report", None):
            files = run_files(
                self.classifier, metrics, self._folder, self._new_split(), photos, test.photos, self._exciting(), {}
            )
            return publish_run(self._run, files, metrics)

    def _person_on(self, file: str) -> str:
        """Return who is on a photo of the split: its folder, or the one in the folder of its part, has the name.

        KeyError when it is none of the people of the classifier.
        """
        people = self._people
        folders = [person_key(shown_name(folder)) for folder in file.split("/")[:-1]]
        places = folders[1:2] if folders[0] in PARTS and folders[0] not in people else folders[:1]
        return people[places[0]]

    def _kept_photos(self) -> list[FileDigest]:
        """Return the photo of each vector that the classifier keeps, in order."""
        theirs: dict[str, list[FileDigest]] = {str(name): [] for name in self.classifier.classes_}
        for file in self._lists["train"]:
            own = theirs[self._person_on(file)]
            if len(own) < MOST_NEIGHBOURS:
                own.append((file, self._sha256[file]))
        return [photo for name, own in theirs.items() for photo in (*own, *self.enrolled.get(name, ()))]

    def _exciting(self) -> list[list[FileDigest]]:
        """Return for each output the photos that excite it most, of those whose vectors are kept."""
        classifier, photos = self.classifier, self._kept_photos()
        activations = classifier.network.forward(classifier.neighbours).cpu().numpy()
        return [[photos[index] for index in unit] for unit in most_exciting(activations, PHOTOS_A_UNIT)]

    def _new_split(self) -> dict[str, Any]:
        used = {file for own in self._lists.values() for file in own}
        return {
            **self._split,
            **self._lists,
            "sha256": {file: sha256 for file, sha256 in self._sha256.items() if file in used},
            "enrolled": {
                name: [{"file": file, "sha256": sha256} for file, sha256 in own]
                for name, own in sorted(self.enrolled.items())
            },
        }

    def _test_photos(self) -> tuple[list[Photo], str | None]:
        """Return the test photos that are as they were in the training; and why there is none, if some were."""
        photos = []
        for file in self._lists["test"]:
            path, sha256 = inside(self._folder, file, links=True), self._sha256[file]
            data = None if path is None else read_photo(path, sha256)
            if isinstance(data, bytes):
                photos.append(Photo(file, self._person_on(file), sha256, 0, None, placed_in(data)))
        listed = len(self._lists["test"])
        if listed and not photos:
            return [], f"None of the {listed} test photos is in {self._folder} as it was in the training"
        if photos and self.classifier.align:
            try:
                device = self.classifier.torch_device.type
                return with_landmarks(self._folder, photos, device=device, max_pixels=ANY_SIZE), None
            except UsageError as error:  # without the extra that finds the points
                return [], f"The test photos cannot be aligned ({error})"
        return photos, None

    def _opened(self, photos: list[Photo], on_photo: Callable[[], None]) -> Any:
        classifier = self.classifier
        if not photos:
            return classifier.read(np.empty((0, 3, classifier.image_size, classifier.image_size), np.uint8))
        classifier.max_pixels = ANY_SIZE  # the training was allowed to open them
        on_disk = len(photos) * classifier.bytes_a_photo > MEMORY_LIMIT << 20
        return (classifier.open_stored if on_disk else classifier.open)(self._folder, photos, on_photo)


@contextmanager
def _changed(run: Path, weights: str | None, device: str) -> Iterator[_Changed]:
    """Hold a run whose people can be changed; raises as `enroll` says."""
    with changing(run):
        classifier = load_faces(run, weights=weights, device=device)
        if not isinstance(classifier, TransferClassifier) or not classifier.is_computed:
            again = command("train-faces", "DIR", "--model", "face")
            raise UsageError(
                f"{run} was trained as a whole: people are added and removed only where the head is computed; train "
                f"one so: {again}"
            )
        yield _Changed(run, classifier)


def _the_face(faces: list[Face]) -> Region | str:
    """Return the one face of a photo, or why there is none."""
    if len(faces) > 1:
        return f"{len(faces)} faces: it does not say which is this person's"
    found = faces[0].found
    if isinstance(found, Failure):
        return f"{found.reason}: {found.detail}"
    return _WORDS[found] if isinstance(found, Status) else found


def _naming(name: str) -> Callable[[str], bool]:
    """Return whether a line of a run names a person, in any spelling; names in lines may have escapes in them."""
    spelled = {unicodedata.normalize(form, name) for form in ("NFC", "NFD")}
    keys = {person_key(written) for one in spelled for written in (one, ascii(one)[1:-1])}
    pattern = re.compile("|".join(re.escape(key) for key in sorted(keys)))
    return lambda line: pattern.search(person_key(line)) is not None
