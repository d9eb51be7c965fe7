"""The folder of a finished run: its files, and what is read back from it. `unfinished_run` writes it.

model.safetensors     the network: weights, normalisation, classes, settings
metrics.json          what was measured, and the SHA-256 of each of the other files: by it they belong together
history.csv           a line per epoch
predictions.csv       a line per test sample: true class, predicted class, probability
learning_curve.png    loss and accuracy by epoch
confusion.png         true by predicted classes of the test data
weights.png           weights as pictures
report.html           the page of the run
split.json            of faces: which photo was used for what
units.json            of faces: whom each hidden unit speaks for, and the training photos that excite it most
mistakes.png          of digits: the misread ones, if there are any
"""

import hashlib
import json
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from errors import RunError, StorageError, UsageError
from report.results import confusion_of

MODEL = "model.safetensors"
METRICS = "metrics.json"
HISTORY = "history.csv"
PREDICTIONS = "predictions.csv"
CURVE = "learning_curve.png"
CONFUSION = "confusion.png"
WEIGHTS = "weights.png"
PAGE = "report.html"
SPLIT = "split.json"
UNITS = "units.json"
MISTAKES = "mistakes.png"
REQUEST = "training.json"  # these three while a training runs, or where one was interrupted
STATE = "training.safetensors"
STATE_BEFORE = "training.previous.safetensors"
UNFINISHED = (REQUEST, STATE, STATE_BEFORE)
FILES = frozenset((MODEL, METRICS, HISTORY, PREDICTIONS, CURVE, CONFUSION, WEIGHTS, PAGE, SPLIT, UNITS, MISTAKES))
_LINE = 120  # characters of a line of JSON that holds more than numbers


def make_out(out: Path) -> None:
    """Make a folder for results if it is not there. StorageError when the disk refuses."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write {out}: {error.strerror}; choose another --out") from error


def model_file(path: Path) -> Path:
    """Return the file for a model that is saved by itself: `path`, or in it where `path` is a folder.

    Raises UsageError for the folder of a whole run, whose other files are of another model.
    """
    if path.suffix == ".safetensors":
        return path
    if (path / METRICS).exists():
        raise UsageError(f"{path} holds a run: choose another folder, or a file ending in .safetensors")
    return path / MODEL


def check_outside(run: Path, out: Path) -> None:
    """Raise UsageError for a file of results that is a folder, or in a run's folder, which then holds foreign files."""
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder: expected a file")
    if run.is_dir() and out.resolve().is_relative_to(run.resolve()):
        raise UsageError(f"--out {out} lies in {run}, which holds the files of the run alone: choose another place")


def poster_file(run: Path, units: Sequence[int] | None) -> Path:
    """Return the file of a run's poster: weights.png for all units (None), else a name with their numbers."""
    if units is None:
        return run / WEIGHTS
    return run / f"weights-{'-'.join(str(unit) for unit in dict.fromkeys(units))[:100]}.png"


def read_model(run: Path) -> bytes:
    """Read the checkpoint of a run folder, or of a file ending in .safetensors.

    Raises RunError when there is none, or when the folder is one of a run and the file is not that run's.
    """
    if run.is_dir():
        return read_file(run, MODEL) if (run / METRICS).exists() else _read_saved(run)
    if run.suffix != ".safetensors":
        raise RunError(f"{run} is not a folder: expected a run folder, as train-faces and train-mnist make them")
    return _read(run)


def read_file(run: Path, name: str) -> bytes:
    """Read a file of a run folder. RunError when there is none, or when it is not this run's by its SHA-256.

    Runs of earlier versions do not list them.
    """
    data = _read(run / name)
    listed = (finished(run) or {}).get("files")
    if isinstance(listed, dict) and listed.get(name) != hashlib.sha256(data).hexdigest():
        raise RunError(
            f"{run / name} is not the file that this run's {METRICS} lists: the files of {run} do not belong together; "
            "train again"
        )
    return data


def read_metrics(run: Path) -> dict[str, Any]:
    """Read metrics.json. Raises RunError when it is missing or not JSON."""
    metrics = _json(run / METRICS, _read(run / METRICS))
    if not isinstance(metrics, dict):
        raise RunError(f"{run / METRICS} is not a run's metrics: expected a JSON object; train again")
    return metrics


def read_measured(run: Path) -> dict[str, Any]:
    """Read metrics.json with what a picture of the run needs. Raises RunError when it lacks that."""
    metrics = read_metrics(run)
    try:
        confusion_of(metrics)
    except ValueError as error:
        raise RunError(f"{run / METRICS} is not a run's metrics: in confusion, {error}; train again") from error
    if not isinstance(metrics.get("data"), str):
        raise RunError(f"{run / METRICS} is not a run's metrics: expected the data's folder in data; train again")
    return metrics


def finished(run: Path) -> dict[str, Any] | None:
    """Return the metrics of a finished run, None where there is none."""
    return read_metrics(run) if (run / METRICS).exists() else None


def read_json(run: Path, name: str) -> Any:
    """Read one of a run's JSON files. Raises RunError when it is missing, not JSON, or not this run's."""
    return _json(run / name, read_file(run, name))


def as_json(value: object) -> bytes:
    """Return a value as the content of a JSON file that people can read.

    What fits a line is on one, numbers are at any length; of anything else each item has a line of its own.
    """
    text = _json_text(value, 0)  # a path that is no UTF-8 becomes JSON's escapes
    return (text + "\n").encode(errors="backslashreplace")


def _json_text(value: object, depth: int) -> str:
    whole = json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        (start, end), numbers = "{}", False
        items = [f"{json.dumps(key, ensure_ascii=False)}: {_json_text(item, depth + 1)}" for key, item in value.items()]
    elif isinstance(value, list | tuple):
        (start, end), numbers = "[]", all(isinstance(item, int | float) for item in value)
        items = [_json_text(item, depth + 1) for item in value]
    else:
        return whole
    if numbers or depth + len(whole) <= _LINE:
        return whole
    line = "\n" + " " * depth
    return f"{start}{line} {f',{line} '.join(items)}{line}{end}"


def versions() -> dict[str, str]:
    """Return the versions that a run's numbers may depend on."""
    return {"python": platform.python_version(), "torch": version("torch"), "numpy": version("numpy")}


def peak_memory() -> int | None:
    """Return the most memory this process has had so far, in MiB; None where the system does not say."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20


def _read_saved(folder: Path) -> bytes:
    """Read the model that was saved into a folder by itself. RunError where there are other files of a run too."""
    others = sorted(name for name in FILES - {MODEL} if (folder / name).exists())
    if others:
        raise RunError(f"{folder} holds {others[0]} and no {METRICS}: its files are not those of one run; train again")
    return _read(folder / MODEL)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        why = (
            "it holds a training that has not ended: go on with --resume"
            if _is_unfinished(file.parent)
            else ("expected a run folder of train-faces or train-mnist")
        )
        raise RunError(f"{file} cannot be read ({error.strerror}): {why}") from error


def _is_unfinished(folder: Path) -> bool:
    return any((folder / name).exists() for name in UNFINISHED)


def _json(file: Path, data: bytes) -> Any:
    try:
        return json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise RunError(f"{file} cannot be read ({error}): expected a finished run; train again") from error
