"""The folder of a run: the files that every run has, where a new one may go, and what is read back from it.

model.safetensors     the network: weights, normalisation, classes, settings
metrics.json          what was measured; written last, so that its presence says the run is whole
history.csv           a line per epoch
predictions.csv       a line per test sample: true class, predicted class, probability
learning_curve.png    loss and accuracy by epoch
confusion.png         true by predicted classes of the test data
weights.png           weights as pictures
report.html           the page of the run
training.safetensors  what `--resume` needs, while a training runs

Faces and digits add files of their own.
"""

import json
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
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
STATE = "training.safetensors"
_LINE = 120  # characters of a line of JSON that holds more than numbers


def check_out(out: Path) -> None:
    """Raise UsageError when `out` is something else than a run folder, an empty folder, or nothing."""
    try:
        found = {path.name for path in out.iterdir()}
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise UsageError(f"{out} is a file, or in one: expected a folder for the run; choose another --out") from error
    except OSError as error:
        raise UsageError(f"{out} cannot be read: {error.strerror}; choose another --out") from error
    if found and not found & {MODEL, METRICS, STATE}:
        raise UsageError(f"{out} holds files that are no run's: choose another --out, or an empty folder")


def model_file(path: Path) -> Path:
    """Return the file for a model that is saved by itself: `path`, or in it where `path` is a folder.

    Raises UsageError for the folder of a whole run, whose other files are of another model.
    """
    if path.suffix == ".safetensors":
        return path
    if (path / METRICS).exists():
        raise UsageError(f"{path} holds a run: choose another folder, or a file ending in .safetensors")
    return path / MODEL


def make_out(out: Path) -> None:
    """Make the folder of a run if it is not there. StorageError when the disk refuses."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write {out}: {error.strerror}; choose another --out") from error


def publish_run(
    out: Path,
    contents: Iterable[tuple[str, bytes | None]],
    metrics: dict[str, Any],
    atomic_write: Callable[[Path, bytes], None],
) -> None:
    """Write the files of a run, each as soon as `contents` yields its name and content; None: there is no such file.

    The old `metrics.json` is removed first and the new one written last: where it is, all files are of one run.
    `atomic_write(path, content)` replaces a file at once; `report` does not import the one of `data`.
    """
    (out / METRICS).unlink(missing_ok=True)
    for name, content in contents:
        if content is None:
            (out / name).unlink(missing_ok=True)
        else:
            atomic_write(out / name, content)
    atomic_write(out / METRICS, as_json(metrics))
    (out / STATE).unlink(missing_ok=True)


def free_out(runs: Path, name: str) -> Path:
    """Make the first of `runs/name`, `runs/name-2`, ... that does not exist, and return it.

    A folder is taken by making it: two trainings that start together get two. StorageError when the disk refuses.
    """
    number = 1
    while True:
        path = runs / (name if number == 1 else f"{name}-{number}")
        make_out(runs)
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        except FileNotFoundError:  # another one has just removed `runs`, which was empty
            continue
        except OSError as error:
            raise StorageError(f"cannot make {path}: {error.strerror}; name another folder with --out") from error
        else:
            return path


def leave_out(out: Path) -> None:
    """Remove what `free_out` made if nothing was written into it."""
    with suppress(OSError):  # it holds files: it stays
        out.rmdir()
        out.parent.rmdir()


def poster_file(run: Path, units: Sequence[int] | None) -> Path:
    """Return the file of a run's poster: weights.png for all units (None), else a name with their numbers."""
    if units is None:
        return run / WEIGHTS
    return run / f"weights-{'-'.join(str(unit) for unit in dict.fromkeys(units))[:100]}.png"


def read_model(run: Path) -> bytes:
    """Read the checkpoint of a run folder, or of a file ending in .safetensors. RunError when there is none."""
    file = run / MODEL if run.is_dir() else run
    if file.suffix != ".safetensors":
        raise RunError(f"{run} is not a folder: expected a run folder, as train-faces and train-mnist make them")
    try:
        return file.read_bytes()
    except OSError as error:
        raise RunError(
            f"{file} cannot be read ({error.strerror}): expected a run folder of train-faces or train-mnist"
        ) from error


def read_metrics(run: Path) -> dict[str, Any]:
    """Read metrics.json. Raises RunError when it is missing or not JSON."""
    metrics = read_json(run / METRICS)
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


def read_json(file: Path) -> Any:
    """Read one of a run's JSON files. Raises RunError when it is missing or not JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{file} cannot be read ({error}): expected a finished run; train again") from error


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
