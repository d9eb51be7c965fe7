"""What an exported file says of itself: whom it names, from when on, and how another program makes a crop for it."""

import hashlib
from pathlib import Path
from typing import Any

import faces
from data.photos.alignment import places
from data.photos.images import FILTER
from faces.classifier import Classifier
from mnist.classifier import DigitClassifier
from report.results import confusion_of
from report.run_folder import finished, read_measured, read_model

FORMAT = 1


def about_run(run: Path, classifier: Classifier | DigitClassifier) -> dict[str, Any]:
    """Return it, as JSON. Raises RunError when the run's metrics cannot be read."""
    return {
        "format": FORMAT,
        "version": faces.__version__,
        "model": classifier.kind if isinstance(classifier, Classifier) else classifier.model,
        "model_sha256": hashlib.sha256(read_model(run)).hexdigest(),
        "classes": [str(name) for name in classifier.classes_],
        "test": _test(run),
        **(_of_faces(classifier) if isinstance(classifier, Classifier) else _of_digits(classifier)),
    }


def _test(run: Path) -> dict[str, Any] | None:
    """Return what the run measured on its test photos; None without any."""
    if finished(run) is None:  # a model that was saved by itself
        return None
    counts = confusion_of(read_measured(run))
    right, n = int(counts.trace()), int(counts.sum())
    return {"accuracy": right / n, "right": right, "n": n} if n else None


def _of_faces(classifier: Classifier) -> dict[str, Any]:
    size, mode, margin = classifier.image_size, classifier.image_mode, classifier.margin_if_aligned
    image = {"size": size, "mode": mode, "layout": "N, C, height, width", "dtype": "uint8", "margin": margin}
    grey = "as one grey channel, 0.299 R + 0.587 G + 0.114 B" if mode == "L" else "as RGB"
    if margin is None:
        crop = (
            f"the box of the face, or a photo that is a crop of one, resized to {size} x {size} pixels ({FILTER}, "
            f"averaging where it shrinks), {grey}; its sides may be scaled by different factors"
        )
        where = {}
    else:
        crop = (
            f"the upright photo is turned, scaled and moved, without a mirror image, so that the sum of the squared "
            f"distances of eyes, nose and corners of the mouth from `points` is least; {size} x {size} pixels, {grey}, "
            "averaged where it shrinks, the photo's edge repeated beyond it"
        )
        points = places(size, margin)
        where = {
            "points": {name: [round(x, 3), round(y, 3)] for name, (x, y) in points._asdict().items()},
            "points_are": "x, y in pixels from the upper left corner of the crop, left and right as seen in it; the "
            "centre of the first pixel is 0.5, 0.5",
        }
    return {
        "threshold": classifier.threshold_,
        "score": classifier.quantity,
        "unknown": "a face whose score is below threshold is none of the classes; null: there is none",
        "image": image,
        "crop": crop,
        **where,
    }


def _of_digits(classifier: DigitClassifier) -> dict[str, Any]:
    return {
        "threshold": None,
        "image": {"size": 28, "mode": "L", "layout": "N, C, height, width", "dtype": "uint8", "margin": None},
        "crop": "a digit as MNIST has it: 28 x 28 grey pixels, white ink on black, in the middle",
    }
