"""`predict`: photos in, a line for each face out. The format of a line is in `faces/predictions`."""

import argparse
from pathlib import Path
from typing import Any

from commands.arguments import box, number, positive, share
from commands.console import lines_of_stdin, log, write
from commands.flags import add_max_pixels
from commands.parser import add_command
from errors import UsageError
from faces.settings import DEVICES, MIN_FACE


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Say who is on photos: one line per face, with the columns file,box,name,probability,status,score. Status is "
        "ok; unknown (most likely none of the people, as score is below the threshold; name is the best guess all the "
        "same); no_face; or the reason why a photo cannot be used, which makes the exit code 1. Boxes count pixels of "
        "the photo as it is seen, upright; the box printed is the part looked at, empty for the whole photo."
    )
    example, brief = "predict runs/six holiday/ --detect", "name the faces on photos"
    add = add_command(commands, "predict", predict, about, example, brief)
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces")
    add(
        "photo",
        nargs="+",
        metavar="PHOTO",
        help="a photo, a folder with all photos below it, or - for names on stdin, one a line",
    )
    add("--box", type=box, metavar="X1,Y1,X2,Y2", help="the face's place, in every photo")
    add(
        "--boxes",
        type=Path,
        metavar="CSV",
        help="a table with the columns file,box, one row per face; for photos without a row the other options count",
    )
    add(
        "--detect",
        action=argparse.BooleanOptionalAction,
        help="find the faces in each photo, the largest first (default: if RUN was trained on faces found so)",
    )
    add("--min-face", type=positive, default=MIN_FACE, metavar="N", help="--detect: faces of fewer pixels are not used")
    add("--top", type=positive, default=1, metavar="K", help="lines per face: its K most probable names")
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
    add(
        "--format",
        choices=("csv", "json"),
        default="csv",
        help="csv with a header, or one JSON object per line with the same keys, box as a list or null",
    )
    add_max_pixels(add)
    add("--weights", metavar="W", help="AlexNet's weights, if they are no longer where the training found them")
    add("--device", choices=DEVICES, default="auto", help="where to compute")


def predict(options: argparse.Namespace) -> int:
    """Print the predictions of each face when they are computed; return 1 when a photo could not be used."""
    if options.box and options.detect:
        raise UsageError("--box and --detect: expected one of them, as each says where the faces are")
    if options.threshold is not None and options.strangers is not None:
        raise UsageError("--threshold and --strangers: expected one of them, as each says who is unknown")
    from data.photos.box_table import BoxTable
    from data.photos.photo_files import PhotoFiles
    from faces.detection.detector import DetectorSettings, FaceDetector
    from faces.detection.landmarks import face_finder
    from faces.device import choose_device
    from faces.predict import FaceSource, PredictSettings
    from faces.predict import predict as predictions_of
    from faces.predictions import ANSWERED, FORMATS
    from faces.run import load_faces

    table = BoxTable(options.boxes) if options.boxes else None
    device = choose_device(options.device)
    classifier = load_faces(options.run, weights=options.weights, device=device)
    threshold = options.threshold if options.strangers is None else classifier.threshold_for(options.strangers)
    settings = PredictSettings(top=options.top, threshold=threshold, max_pixels=options.max_pixels)
    detect = classifier.found_faces and not options.box if options.detect is None else options.detect
    detector = FaceDetector(DetectorSettings(min_face=options.min_face), device=device) if detect else None
    source = FaceSource(table=table, box=options.box, find=None if detector is None else face_finder(detector))
    walk = PhotoFiles(options.photo, lines_of_stdin())
    heading, line = FORMATS[options.format]
    failed = False
    write(heading)
    for prediction in predictions_of(classifier, walk, source, settings):
        write(line(prediction))
        failed |= prediction.status not in ANSWERED
        if prediction.detail:
            log(f"{prediction.file}: {prediction.detail}")
    for note in walk.skipped.lines():
        log(note)
    if table and table.unused:
        log(f"{options.boxes}: {len(table.unused)} of its photos were not given, the first is {table.unused[0]!r}")
    return int(failed)
