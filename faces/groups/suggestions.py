"""Who the faces of a group may be, as a trained run says."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from data.inside import inside
from data.photos.folder import person_key
from faces.groups.values import Face
from faces.predictions import Status

if TYPE_CHECKING:
    from faces.classifier import Classifier

_LEAST = 0.2  # probability: a name that is less likely is not suggested
_NAMES = 10  # of a face, the most probable ones: so many may be rejected one after the other


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name, and its probability in [0, 1]."""

    name: str
    probability: float


class Suggestions:
    """What a run says of faces. Several threads may use it."""

    def __init__(self, classifier: "Classifier") -> None:
        self._classifier, self._lock = classifier, Lock()
        self._names: dict[str, dict[str, float]] = {}  # SHA-256 of a crop -> name -> probability; empty: nobody known

    def learn(
        self, folder: Path, faces: Iterable[Face], on_face: Callable[[], None] = lambda: None, *, last: bool = True
    ) -> None:
        """Ask the run about the faces it was not asked about. `on_face` is called for each.

        Unless it is the `last` time, a crop that is not there, as when it is just being moved, is to be asked about
        again.
        """
        from faces.predict import PredictSettings, predict  # torch, which a page without a run does not need

        by_path = {
            path: face.sha256
            for face in faces
            if face.sha256 not in self._names and (path := inside(folder, face.path)) is not None
        }
        settings = PredictSettings(top=min(_NAMES, len(self._classifier.classes_)))
        before = None
        for prediction in predict(self._classifier, by_path, settings=settings):
            if prediction.status is Status.UNREADABLE and not last:
                continue
            with self._lock:
                names = self._names.setdefault(by_path[prediction.file], {})
                if prediction.status is Status.OK and prediction.name is not None and prediction.probability:
                    names[prediction.name] = prediction.probability
            if prediction.file != before:
                before = prediction.file
                on_face()

    def of(self, faces: Sequence[Face], rejected: Mapping[int, Collection[str]]) -> Suggestion | None:
        """Return who these faces of one person are: the name with the largest mean probability.

        A name counts for no face that it was rejected for, by its key. None where the run was not asked about each yet,
        or does not know most of them, or finds nobody likely.
        """
        sums: dict[str, float] = {}
        known = 0
        with self._lock:
            for face in faces:
                names = self._names.get(face.sha256)
                if names is None:
                    return None
                known += bool(names)
                for name, probability in names.items():
                    if person_key(name) not in rejected.get(face.number, ()):
                        sums[name] = sums.get(name, 0.0) + probability
        if not sums or 2 * known < len(faces):
            return None
        name = max(sums, key=lambda one: (sums[one], one))
        probability = sums[name] / len(faces)
        return Suggestion(name, probability) if probability >= _LEAST else None
