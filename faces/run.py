"""Reading a run of faces back: the trained classifier, and the photos that excite its hidden units."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from errors import RunError
from faces.classifier import Classifier
from faces.hidden import HiddenClassifier
from faces.run_photo import RunPhoto, photos_of
from faces.transfer import TransferClassifier
from nn import checkpoint
from report.run_folder import MODEL, UNITS, read_json, read_model

if TYPE_CHECKING:
    from mnist.classifier import DigitClassifier


def load(path: str | Path, *, weights: str | None = None, device: str = "auto") -> "Classifier | DigitClassifier":
    """Read a trained classifier: `path` is a run folder, of faces or digits, or what `save` has written.

    `weights` names the frozen network's weights if they are no longer where the training found them. Raises RunError
    when the model is missing, damaged, of another format, or of an unknown kind.
    """
    from mnist.classifier import DigitClassifier
    from mnist.networks import NETWORKS

    data = read_model(Path(path))
    try:
        tensors, metadata = checkpoint.load(data)
        model = metadata.get("model")
        if model in NETWORKS:
            return DigitClassifier.from_checkpoint(tensors, metadata, device=device)
        if "backbone" in metadata:
            return TransferClassifier.from_checkpoint(tensors, metadata, device=device, weights=weights)
        return HiddenClassifier.from_checkpoint(tensors, metadata, device=device)
    except RunError as error:
        raise RunError(f"{Path(path) / MODEL if Path(path).is_dir() else path}: {error}") from error


def load_faces(run: str | Path, *, weights: str | None = None, device: str = "auto") -> Classifier:
    """Do as `load` does, for faces alone. RunError when the run is one of digits."""
    classifier = load(run, weights=weights, device=device)
    if not isinstance(classifier, Classifier):
        raise RunError(f"{run} tells digits apart (model {classifier.model!r}): expected a run of train-faces")
    return classifier


def read_exciting_photos(run: Path, data: Path) -> dict[int, list[RunPhoto]]:
    """Read which photos of `data` excite each hidden unit most, {unit: photos}. RunError when it cannot be read.

    A photo that a run, which may be a stranger's, places outside of `data` is left out.
    """
    try:
        return {int(unit["unit"]): photos_of(unit, data) for unit in _list_of(read_json(run, UNITS))}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{run / UNITS} is not a run's list of hidden units; train again") from error


def _list_of(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a {type(value).__name__}")
    return value
