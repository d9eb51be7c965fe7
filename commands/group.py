"""`group`: a heap of photos into groups of faces that look alike, for `name`."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from commands.arguments import count as whole
from commands.arguments import positive, share
from commands.console import lines_of_stdin, log, print_json, progress
from commands.flags import add_device, add_max_pixels, add_output
from commands.parser import add_command
from commands.stopping import going_on, stopped_after
from data.program import command
from data.wording import count
from faces.settings import FACE_LIMIT, MIN_FACE, MIN_FACES


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Find every face of every photo and put faces that look alike into one folder: DIR/group-001/, the largest "
        "group first, and DIR/unsorted/ for those that are like no others. manifest.csv says where each face was "
        "found. Run again, it searches new photos alone, and what was named stays. A photo that cannot be used is "
        "named, and makes the exit code 1. The originals are only read."
    )
    example, brief = "group holiday/ --out datasets/holiday", "find the faces in a heap of photos, and group them"
    add = add_command(commands, "group", group, about, example, brief)
    add(
        "photo",
        nargs="+",
        metavar="PHOTOS",
        help="a folder with all photos below it, a photo, or - for names on stdin, one a line",
    )
    add(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="where the groups go; the same folder again for more photos",
    )
    add("--min-faces", type=positive, default=MIN_FACES, metavar="N", help="smaller groups are unsorted")
    add(
        "--limit",
        type=share,
        default=FACE_LIMIT,
        metavar="X",
        help="distance below which two faces may be of one person; lower where people are mixed up, as in a family",
    )
    add("--min-face", type=positive, default=MIN_FACE, metavar="N", help="faces of fewer pixels are not used")
    add("--seed", type=whole, default=0, metavar="N", help="decides the order in which faces are compared")
    add_max_pixels(add)
    add_device(add)
    add_output(add)


def group(options: argparse.Namespace) -> int:
    """Search and group; return 1 when a photo could not be used."""
    from data.photos.photo_files import PhotoFiles
    from faces.detection.detector import DetectorSettings, FaceDetector
    from faces.detection.likeness import FaceFeatures
    from faces.groups.finding import workers
    from faces.groups.heap import group_photos
    from nn.device import choose_device

    device = choose_device(options.device)
    detector = FaceDetector(DetectorSettings(min_face=options.min_face), device=device, at_once=workers())
    walk, done = PhotoFiles(options.photo, lines_of_stdin(), results=options.out), 0
    with progress("finding faces", None, quiet=options.quiet) as advance:

        def on_photo() -> None:
            nonlocal done
            done += 1
            advance("")

        with going_on(lambda: stopped_after(done, None, "photo")):
            heap = group_photos(
                walk,
                options.out,
                detector,
                FaceFeatures(device=device),
                min_faces=options.min_faces,
                limit=options.limit,
                seed=options.seed,
                max_pixels=options.max_pixels,
                on_photo=on_photo,
            )
    for line in (*heap.notes, *walk.skipped.lines(), *(f"{file}: {why}" for file, why in heap.unreadable.items())):
        log(line)
    if options.json:
        print_json({**asdict(heap), "folder": str(options.out)})
        return int(bool(heap.unreadable))
    earlier = f", {heap.earlier:,} known from before or there twice" if heap.earlier else ""
    print(f"{count(heap.searched, 'photo')} searched{earlier}: {count(heap.new, 'new face')}")
    if heap.too_small:
        print(f"{count(heap.too_small, 'face')} of fewer than {options.min_face} pixels not used (--min-face)")
    named = f", {heap.named} of them with a name" if heap.named else ""
    print(
        f"{options.out}: {count(heap.faces, 'face')} in {count(heap.groups, 'group')}{named}, {heap.unsorted} unsorted"
    )
    if heap.faces:
        print(f"to name them: {command('name', str(options.out))}")
    return int(bool(heap.unreadable))
