"""The files of a run, and reading a trained classifier back from them.

model.safetensors     the classifier: weights, normalisation, class names, settings
metrics.json          what was measured; written last, so that its presence says the run is whole
history.csv           a line an epoch
split.json            which photo was used for what
learning_curve.png    loss and accuracy by epoch
confusion.png         who was taken for whom on the test photos
weights.png           what the hidden units look for
units.json            whom each hidden unit speaks for, and the training photos that excite it most
report.html           the page of the run
training.safetensors  while a training runs: all that `--resume` needs
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from errors import RunError, UsageError
from faces.classifier import Classifier
from faces.head import HeadClassifier, load_head
from faces.hidden import HiddenClassifier
from nn import checkpoint

MODEL = "model.safetensors"
METRICS = "metrics.json"
HISTORY = "history.csv"
SPLIT = "split.json"
CURVE = "learning_curve.png"
CONFUSION = "confusion.png"
WEIGHTS = "weights.png"
UNITS = "units.json"
PAGE = "report.html"
STATE = "training.safetensors"


def check_out(out: Path) -> None:
    """Raise UsageError when `out` is something else than a run folder, an empty folder, or nothing."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file: expected a folder for the run; choose another --out")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in (MODEL, METRICS, STATE)):
        raise UsageError(f"{out} holds files that are no run's: choose another --out, or an empty folder")


def free_out(runs: Path, name: str) -> Path:
    """Return the first of `runs/name`, `runs/name-2`, ... that does not exist."""
    number = 1
    while (path := runs / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return path


def load_classifier(run: Path, weights: str | None = None, device: str = "cpu") -> Classifier:
    """Read the classifier of a run folder. Raises RunError when it is missing, damaged or of another kind or format.

    `weights` names AlexNet's weights if they are no longer where the training found them.
    """
    tensors, metadata = _checkpoint(run)
    try:
        if metadata.get("model") == HeadClassifier.kind:
            return load_head(tensors, metadata, weights, device)
        return HiddenClassifier(device=device).load(tensors, metadata)
    except RunError as error:
        raise RunError(f"{run / MODEL}: {error}") from error


def read_metrics(run: Path) -> dict[str, Any]:
    """Read metrics.json. Raises RunError when it is missing or not JSON."""
    metrics = _read_json(run / METRICS)
    if not isinstance(metrics, dict):
        raise RunError(f"{run / METRICS} is not a run's metrics: expected a JSON object; train again")
    return metrics


def read_favourites(run: Path, data: Path) -> dict[int, list[Path]]:
    """Read which photos of `data` excite each hidden unit most, {unit: photos}. RunError when it cannot be read."""
    try:
        return {entry["unit"]: [data / file for file in entry["photos"]] for entry in _read_json(run / UNITS)}
    except (KeyError, TypeError) as error:
        raise RunError(f"{run / UNITS} is not a run's list of hidden units; train again") from error


def poster_file(run: Path, units: Sequence[int] | None) -> Path:
    """Return where `show-weights` puts its picture: the run's own poster, or one named after the units."""
    if units is None:
        return run / WEIGHTS
    return run / f"weights-{'-'.join(str(unit) for unit in dict.fromkeys(units))[:100]}.png"


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read ({error}): expected a finished run; train again") from error


def _checkpoint(run: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    file = run / MODEL
    if not run.is_dir():
        raise RunError(f"{run} is not a folder: expected a run folder, as train-faces makes them")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RunError(f"{file} cannot be read ({error.strerror}): expected a run folder of train-faces") from error
    try:
        return checkpoint.load(data)
    except RunError as error:
        raise RunError(f"{file}: {error}") from error
