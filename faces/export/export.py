"""A run -> one file, which is run and compared with the classifier before it is kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.atomic_write import atomic_write
from data.inside import inside
from data.mnist.files import SIDE
from data.photos.decoding import quiet_decoding
from data.photos.images import ANY_SIZE, open_photo
from errors import FacesError, RunError, UsageError
from faces.classifier import Classifier
from faces.export import onnx_file
from faces.export.about import about_run
from faces.export.onnx_file import onnx_bytes, run_onnx
from faces.export.recorded import Recorded
from faces.export.torchscript_file import run_torchscript, torchscript_bytes
from faces.run import load
from faces.run_photo import RunPhoto
from mnist.classifier import DigitClassifier
from report.run_folder import SPLIT, check_outside, finished, read_json

FORMATS = {"onnx": ".onnx", "torchscript": ".pt"}
OUTPUTS = ("probabilities", "score")
TOLERANCE = 1e-4  # of a probability and of a score, between the file and the classifier
CHECKED = 7  # images that both are asked about: another number than is recorded
_LISTED = 100  # test photos of a run that are looked at for those


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    file: Path
    bytes: int
    about: dict[str, Any]
    """What it says of itself."""
    difference: float | None
    """Between it and the classifier, at most, of a probability or score; None: nothing is installed that runs it."""
    images: str
    """Which both were asked about."""


def export_run(
    run: Path, format: str, out: Path | None = None, *, weights: str | None = None, overwrite: bool = False
) -> Exported:
    """Write a run, or a model that was saved by itself, as one file in one of `FORMATS`.

    `out` None: named as the run, in the current folder. `weights` is as in `faces.load`. Raises UsageError when the
    file is there, or ONNX is asked for and not installed; RunError when the run cannot be read or written as such a
    file, or the file answers otherwise than the classifier.
    """
    out = Path(f"{run.resolve().name.removesuffix('.safetensors')}{FORMATS[format]}") if out is None else out
    _check_out(run, out, overwrite)
    if format == "onnx":
        onnx_file.check_installed()
    classifier = load(run, weights=weights, device="cpu")
    if isinstance(classifier, Classifier):
        classifier.precision = "float32"
        shape: tuple[int, ...] = (_channels(classifier), classifier.image_size, classifier.image_size)
    else:
        shape = (1, SIDE, SIDE)
    outputs = OUTPUTS if isinstance(classifier, Classifier) else OUTPUTS[:1]
    about = about_run(run, classifier) | {"outputs": outputs}
    to_bytes, runner = (onnx_bytes, run_onnx) if format == "onnx" else (torchscript_bytes, run_torchscript)
    recorded = Recorded(classifier.answers())
    try:
        data = to_bytes(recorded, shape, outputs, json.dumps(about, allow_nan=False))
        answer = runner(data)
    except (FacesError, MemoryError):
        raise
    except Exception as error:  # of torch's exporters, and of ONNX Runtime, which have many
        first = str(error).strip().partition("\n")[0][:200]
        others = " or ".join(other for other in FORMATS if other != format)
        raise RunError(f"{run} cannot be written as {format} ({first}): try --format {others}") from error
    pixels, images = _some_images(run, classifier, shape)
    difference = None if answer is None else _difference(classifier, answer, pixels)
    if difference is not None and not difference <= TOLERANCE:
        raise RunError(
            f"{run} as {format} answers otherwise than the run itself, by up to {difference:.2g} of a probability or "
            f"score, expected at most {TOLERANCE}: nothing was written"
        )
    atomic_write(out, data)
    return Exported(out, len(data), about, difference, images)


def _check_out(run: Path, out: Path, overwrite: bool) -> None:
    check_outside(run, out)
    if out.exists() and not overwrite:
        raise UsageError(f"{out} is there already: replace it with --overwrite, or name another file with --out")


def _channels(classifier: Classifier) -> int:
    return 1 if classifier.image_mode == "L" else 3


def _difference(
    classifier: Classifier | DigitClassifier, answer: Callable[[Tensor], list[Tensor]], pixels: NDArray[np.uint8]
) -> float:
    """Return the largest difference between the classifier and the file, asked about all images and about one.

    Where two names are as probable as each other to the digits that are compared, a score may be of either of them: it
    is left out.
    """
    if isinstance(classifier, Classifier):
        photos = classifier.read(pixels)
        expected = [classifier.predict_proba(photos), classifier.known_scores(photos)]
    else:
        expected = [classifier.predict_proba(torch.from_numpy(pixels).float().div_(255))]
    second, first = np.sort(expected[0], 1)[:, -2:].T
    clear = first - second > TOLERANCE
    worst = [0.0]
    for few in (slice(None), slice(1)):
        found = [output.numpy() for output in answer(torch.from_numpy(pixels[few]))]
        apart = [np.abs(one - two[few]) for one, two in zip(found, expected, strict=True)]
        apart[1:] = [scores[clear[few]] for scores in apart[1:]]
        worst += [float(numbers.max(initial=0)) for numbers in apart]
    return float(np.max(worst))  # NaN if one is


def _some_images(
    run: Path, classifier: Classifier | DigitClassifier, shape: tuple[int, ...]
) -> tuple[NDArray[np.uint8], str]:
    """Return images to compare on, (CHECKED, *shape), and what they are: test photos of the run that are still there,
    or random pixels."""
    if isinstance(classifier, Classifier) and (photos := _test_photos(run, classifier)):
        return np.stack([photos[index % len(photos)] for index in range(CHECKED)]), "its own test photos"
    return np.random.default_rng(0).integers(0, 256, (CHECKED, *shape), dtype=np.uint8), "random pixels"


def _test_photos(run: Path, classifier: Classifier) -> list[NDArray[np.uint8]]:
    """Return up to CHECKED test photos of a run, (C, size, size) each, aligned if their files say where the face lies.

    The run may be a stranger's: what its lists say wrongly, or of photos outside of its folder, is passed over.
    """
    metrics = finished(run)
    if metrics is None or not isinstance(metrics.get("data"), str):
        return []
    split = read_json(run, SPLIT) if (run / SPLIT).exists() else None
    listed = split.get("test") if isinstance(split, dict) else None
    digests = split.get("sha256") if isinstance(split, dict) else None
    if not isinstance(listed, list) or not isinstance(digests, dict):
        return []
    found: list[NDArray[np.uint8]] = []
    size, mode, margin = classifier.image_size, classifier.image_mode, classifier.margin_if_aligned
    with quiet_decoding():
        for file in listed[:: max(1, len(listed) // CHECKED)][:_LISTED]:
            path = inside(Path(metrics["data"]), file, links=True)
            sha256 = None if path is None else digests.get(file)
            data = RunPhoto(path, sha256).read() if path is not None and isinstance(sha256, str) else None
            if data is None:
                continue
            try:
                picture = open_photo(data, size, mode, ANY_SIZE, margin=margin)
            except ValueError:
                continue
            found.append(np.asarray(picture).reshape(size, size, -1).transpose(2, 0, 1))
            if len(found) == CHECKED:
                break
    return found
