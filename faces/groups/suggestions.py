"""Who the faces of a group may be, as a trained run says."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from data.inside import inside
from data.photos.folder import person_key
from faces.classifier import Classifier
from faces.groups.values import Face
from faces.predict import PredictSettings, predict
from faces.predictions import Status

_NAMES = 10  # of a face, the most probable ones: so many may be rejected one after the other


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name, and its probability in [0, 1]."""

    name: str
    probability: float


class Suggestions:
    """What a run says of faces. Several threads may use it."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier, self._lock = classifier, Lock()
        self._names: dict[str, dict[str, float]] = {}  # SHA-256 of a crop -> name -> probability; empty: nobody known

    def learn(self, folder: Path, faces: Iterable[Face], on_face: Callable[[], None] = lambda: None) -> None:
        """Ask the run about the faces it was not asked about. `on_face` is called for each."""
        by_path = {
            path: face.sha256
            for face in faces
            if face.sha256 not in self._names and (path := inside(folder, face.path)) is not None
        }
        settings = PredictSettings(top=min(_NAMES, len(self._classifier.classes_)))
        last = None
        for prediction in predict(self._classifier, by_path, settings=settings):
            if prediction.file != last:
                last = prediction.file
                on_face()
            with self._lock:
                names = self._names.setdefault(by_path[prediction.file], {})
                if prediction.status is Status.OK and prediction.name is not None and prediction.probability:
                    names[prediction.name] = prediction.probability

    def of(self, faces: Sequence[Face], rejected: Mapping[int, Collection[str]]) -> Suggestion | None:
        """Return who these faces of one person are: the name with the largest mean probability.

        A name counts for no face that it was rejected for, by its key. None where the run does not know most of them.
        """
        sums: dict[str, float] = {}
        known = 0
        with self._lock:
            for face in faces:
                names = self._names.get(face.sha256, {})
                known += bool(names)
                for name, probability in names.items():
                    if person_key(name) not in rejected.get(face.number, ()):
                        sums[name] = sums.get(name, 0.0) + probability
        if not sums or 2 * known < len(faces):
            return None
        name = max(sums, key=lambda one: (sums[one], one))
        return Suggestion(name, sums[name] / len(faces))
