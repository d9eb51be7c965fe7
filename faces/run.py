"""The files of a run, and reading a trained classifier back from them.

model.safetensors     the classifier: weights, normalisation, class names, settings
metrics.json          what was measured; written last, so that its presence says the run is whole
history.csv           a line an epoch
split.json            which photo was used for what
learning_curve.png    loss and accuracy by epoch
confusion.png         who was taken for whom on the test photos
weights.png           what the hidden units look for
training.safetensors  while a training runs: all that `--resume` needs
"""

import json
from pathlib import Path
from typing import Any

from errors import RunError, UsageError
from faces.hidden import HiddenClassifier
from nn import checkpoint

MODEL = "model.safetensors"
METRICS = "metrics.json"
HISTORY = "history.csv"
SPLIT = "split.json"
CURVE = "learning_curve.png"
CONFUSION = "confusion.png"
WEIGHTS = "weights.png"
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


def load_classifier(run: Path) -> HiddenClassifier:
    """Read the classifier of a run folder. Raises RunError when it is missing, damaged or of another kind or format."""
    tensors, metadata = _checkpoint(run)
    return HiddenClassifier().load(tensors, metadata)


def read_metrics(run: Path) -> dict[str, Any]:
    """Read metrics.json. Raises RunError when it is missing or not JSON."""
    try:
        metrics = json.loads((run / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{run / METRICS} cannot be read ({error}): expected a finished run; train again") from error
    if not isinstance(metrics, dict):
        raise RunError(f"{run / METRICS} is not a run's metrics: expected a JSON object; train again")
    return metrics


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
