"""`predict`: photos in, a line for each face out. The format of a line is in `faces/predictions`."""

import argparse
from pathlib import Path
from typing import Any

from commands.arguments import box, positive
from commands.console import lines_of_stdin, log, write
from commands.parser import add_command
from commands.predicting import add_computing, add_finding, add_photos, add_threshold, asked_for
from data.wording import count
from errors import UsageError


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
    add_photos(add)
    add("--box", type=box, metavar="X1,Y1,X2,Y2", help="the face's place, in every photo")
    add(
        "--boxes",
        type=Path,
        metavar="CSV",
        help="a table with the columns file,box, one row per face; for photos without a row the other options count",
    )
    found = "find the faces in each photo, the largest first (default: if RUN was trained on faces found so)"
    add_finding(add, None, found)
    add("--top", type=positive, default=1, metavar="K", help="lines per face: its K most probable names")
    add_threshold(add)
    add(
        "--format",
        choices=("csv", "json"),
        default="csv",
        help="csv with a header, or one JSON object per line with the same keys, box as a list or null",
    )
    add(
        "--draw",
        type=Path,
        metavar="OUT",
        help="write each photo with its boxes and names into this folder too, as a JPEG of at most 2560 pixels a side "
        "and without metadata; where no face was found it says so; names of files are as below PHOTO, numbered where "
        "taken, and the photos stay as they are",
    )
    add_computing(add)


def predict(options: argparse.Namespace) -> int:
    """Print the predictions of each face when they are computed; return 1 when a photo could not be used."""
    if options.box and options.detect:
        raise UsageError("--box and --detect: expected one of them, as each says where the faces are")
    from data.photos.box_table import BoxTable
    from data.photos.photo_files import PhotoFiles
    from faces.predict import predict as predictions_of
    from faces.predictions import ANSWERED, FORMATS

    table = BoxTable(options.boxes) if options.boxes else None
    asked = asked_for(options, table=table, box=options.box, top=options.top)
    walk = PhotoFiles(options.photo, lines_of_stdin(), results=options.draw)
    heading, line = FORMATS[options.format]
    failed = False
    write(heading)
    predictions = predictions_of(asked.classifier, walk, asked.source, asked.settings)
    drawings = None
    if options.draw:
        from faces.drawing import Drawings

        people = [str(name) for name in asked.classifier.classes_]
        drawings = Drawings(options.draw, people, walk.below, max_pixels=options.max_pixels)
        predictions = drawings.follow(predictions)
    for prediction in predictions:
        write(line(prediction))
        failed |= prediction.status not in ANSWERED
        if prediction.detail:
            log(f"{prediction.file}: {prediction.detail}")
    for note in walk.skipped.lines():
        log(note)
    if table and table.unused:
        log(f"{options.boxes}: {len(table.unused)} of its photos were not given, the first is {table.unused[0]!r}")
    if drawings:
        for file, why in drawings.failed.items():
            log(f"not drawn: {file}: {why}")
        log(f"{count(drawings.drawn, 'photo')} drawn in {options.draw}")
        failed |= bool(drawings.failed)
    return int(failed)
