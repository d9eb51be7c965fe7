"""The files that a run on faces has beside those of `report.run_folder`, and reading its classifier back.

split.json   which photo was used for what
units.json   whom each hidden unit speaks for, and the training photos that excite it most
"""

from pathlib import Path

from errors import RunError
from faces.classifier import Classifier
from faces.hidden import HiddenClassifier
from faces.transfer import TransferClassifier, load_transfer
from nn import checkpoint
from report.run_folder import MODEL, read_json, read_model

SPLIT = "split.json"
UNITS = "units.json"


def load_classifier(run: Path, weights: str | None = None, device: str = "cpu") -> Classifier:
    """Read the classifier of a run folder. Raises RunError when it is missing, damaged or of another kind or format.

    `weights` names AlexNet's weights if they are no longer where the training found them.
    """
    data = read_model(run)
    try:
        tensors, metadata = checkpoint.load(data)
        if metadata.get("model") == TransferClassifier.kind:
            return load_transfer(tensors, metadata, weights, device)
        return HiddenClassifier(device=device).load(tensors, metadata)
    except RunError as error:
        raise RunError(f"{run / MODEL}: {error}") from error


def read_favourites(run: Path, data: Path) -> dict[int, list[Path]]:
    """Read which photos of `data` excite each hidden unit most, {unit: photos}. RunError when it cannot be read."""
    try:
        return {entry["unit"]: [data / file for file in entry["photos"]] for entry in read_json(run / UNITS)}
    except (KeyError, TypeError) as error:
        raise RunError(f"{run / UNITS} is not a run's list of hidden units; train again") from error
