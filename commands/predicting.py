"""What commands that name the faces on photos share: their flags, and the classifier with its settings."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commands.arguments import number, positive, share
from commands.flags import add_device, add_max_pixels
from commands.parser import Add
from errors import UsageError
from faces.settings import MIN_FACE

if TYPE_CHECKING:
    from data.photos.box_table import BoxTable
    from data.rows import Box
    from faces.classifier import Classifier
    from faces.predict import FaceSource, PredictSettings


@dataclass(frozen=True)
class Asked:
    """What `faces.predict.predict` asks for beside the photos."""

    classifier: "Classifier"
    source: "FaceSource"
    settings: "PredictSettings"


def add_photos(add: Add) -> None:
    """RUN and PHOTO."""
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces")
    add(
        "photo",
        nargs="+",
        metavar="PHOTO",
        help="a photo, a folder with all photos below it, or - for names on stdin, one a line",
    )


def add_finding(add: Add, default: bool | None, about: str) -> None:
    """--detect, with its default and its help, and --min-face."""
    add("--detect", action=argparse.BooleanOptionalAction, default=default, help=about)
    add("--min-face", type=positive, default=MIN_FACE, metavar="N", help="--detect: faces of fewer pixels are not used")


def add_threshold(add: Add) -> None:
    """--threshold and --strangers."""
    add(
        "--threshold",
        type=number,
        metavar="T",
        help="a face less like the known people than T is unknown (default: what the training found)",
    )
    add(
        "--strangers",
        type=share,
        metavar="X",
        help="take the threshold that lets this share of strangers pass (default: the one that the training was asked)",
    )


def add_computing(add: Add) -> None:
    """--max-pixels, --weights and --device."""
    add_max_pixels(add)
    add("--weights", metavar="W", help="AlexNet's weights, if they are no longer where the training found them")
    add_device(add)


def asked_for(
    options: argparse.Namespace, *, table: "BoxTable | None" = None, box: "Box | None" = None, top: int = 1
) -> Asked:
    """Return the classifier of the run and the settings that the flags ask for. UsageError for flags that conflict."""
    if options.threshold is not None and options.strangers is not None:
        raise UsageError("--threshold and --strangers: expected one of them, as each says who is unknown")
    from faces.detection.detector import DetectorSettings, FaceDetector
    from faces.detection.landmarks import face_finder
    from faces.predict import FaceSource, PredictSettings
    from faces.run import load_faces
    from nn.device import choose_device

    device = choose_device(options.device)
    classifier = load_faces(options.run, weights=options.weights, device=device)
    threshold = options.threshold if options.strangers is None else classifier.threshold_for(options.strangers)
    detect = classifier.found_faces and not box if options.detect is None else options.detect
    detector = FaceDetector(DetectorSettings(min_face=options.min_face), device=device) if detect else None
    return Asked(
        classifier,
        FaceSource(table=table, box=box, find=None if detector is None else face_finder(detector)),
        PredictSettings(top=top, threshold=threshold, max_pixels=options.max_pixels),
    )
