"""Which face `--detect` takes of a photo that shows several people: how often it is the right one.

    python benchmarks/several_faces.py [--shared DIR] [--singles N ...] [--groups N] [--absent N] [--seed N]

A folder of the people of a FaceScrub list: N single photos each; N groups each, where the person stands beside one or
two of the others, of whom another photo is shown, in any order and each at a size of its own; and N groups of two
others without the person. Prints for each number of single photos, and each choice of `--several` that takes a face,
how many faces are the person's, another's, or left out, and how many single photos are said to be unlike the others.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.detect import SHARED
from data.download import read_list
from data.photos import flat, quiet_decoding
from data.rows import Box, Row
from faces.detection.detector import FaceDetector
from faces.detection.folder import detect_folder
from faces.detection.found import Several
from faces.detection.likeness import FaceFeatures

SIDES = (220, 420)  # pixels of a tile in a group, of which the face is half


def tiles(folder: Path, n: int) -> dict[str, list[Image.Image]]:
    """Return up to n photos of each person, spread over the list: squares about the listed face, twice its side."""
    answers = dict(
        line.split("\t")[:2] for line in (folder / "responses.tsv").read_text(encoding="utf-8").splitlines() if line
    )
    rows: dict[str, dict[str, Row]] = {}  # person -> photo -> row
    for row in read_list(folder / "list.tsv"):
        if isinstance(row, Row) and row.box is not None and answers.get(row.url) == row.sha256:
            rows.setdefault(row.name, {})[answers[row.url]] = row
    return {
        name: [_tile(folder / "responses" / photo, photos[photo].box) for photo in _spread(sorted(photos), n)]
        for name, photos in rows.items()
    }


def _spread(photos: list[str], n: int) -> list[str]:
    return [photos[number * len(photos) // n] for number in range(min(n, len(photos)))]


def _tile(photo: Path, box: Box | None) -> Image.Image:
    assert box is not None
    around = max(box.x2 - box.x1, box.y2 - box.y1)
    x, y = (box.x1 + box.x2) // 2 - around, (box.y1 + box.y2) // 2 - around
    with Image.open(photo) as stored:
        return flat(stored).convert("RGB").crop((x, y, x + 2 * around, y + 2 * around)).resize((SIDES[1],) * 2)


def group(pictures: list[Image.Image], generator: np.random.Generator) -> tuple[Image.Image, Box]:
    """Return the pictures beside each other in any order, and where the first of them lies."""
    sides = generator.integers(*SIDES, len(pictures)).tolist()
    canvas, left, first = Image.new("RGB", (sum(sides), max(sides)), "gray"), 0, Box(0, 0, 0, 0)
    for number in generator.permutation(len(pictures)).tolist():
        side = sides[number]
        canvas.paste(pictures[number].resize((side, side)), (left, canvas.height - side))
        if number == 0:
            first = Box(left, canvas.height - side, left + side, canvas.height)
        left += side
    return canvas, first


def write(
    people: dict[str, list[Image.Image]], folder: Path, singles: int, absent: int, generator: np.random.Generator
) -> dict[str, Box | None]:
    """Write the photos; return where in each group the person is, None for a group without the person."""
    where: dict[str, Box | None] = {}

    def write_group(name: str, number: int, photos: list[Image.Image], n: int, *, there: bool) -> None:
        others = generator.permutation(sorted(set(people) - {name}))[:n].tolist()
        beside = [people[other][generator.integers(len(people[other]))] for other in others]
        picture, place = group([*photos, *beside], generator)
        file = f"{name}/group-{number:02}.png"
        picture.save(folder / file)
        where[file] = place if there else None

    for name, photos in people.items():
        (folder / name).mkdir(parents=True)
        for number, photo in enumerate(photos[:singles]):
            photo.save(folder / name / f"single-{number:02}.png")
        for number, photo in enumerate(photos[singles:]):
            write_group(name, number, [photo], 1 + number % 2, there=True)
        for number in range(len(photos) - singles, len(photos) - singles + absent):
            write_group(name, number, [], 2, there=False)
    return where


def measure(
    folder: Path, where: dict[str, Box | None], several: Several, detector: FaceDetector, features: FaceFeatures
) -> None:
    """Find the faces and print what was taken."""
    with tempfile.TemporaryDirectory() as target:
        found = detect_folder(folder, Path(target, "faces"), 227, detector=detector, features=features, several=several)
    counts: Counter[str] = Counter()
    for file, place in where.items():
        looked = found.looked.get(file)
        kind = "with" if place else "without"
        if looked is None or looked.faces < 2:
            counts["fewer than two faces found"] += 1
        elif looked.taken is None:
            counts[f"{kind} the person: left out"] += 1
        else:
            with Image.open(folder / file) as photo:
                box = detector.find(photo)[looked.taken].box
            right = place is not None and place.x1 <= (box.x1 + box.x2) / 2 < place.x2
            counts[f"{kind} the person: {'right' if right else 'wrong'}"] += 1
    singles = [looked for file, looked in found.looked.items() if "single" in file and looked.faces == 1]
    counts["single photos unlike the others"] = sum(looked.unlike for looked in singles)
    print(f"  {several:8}", ", ".join(f"{n} {what}" for what, n in sorted(counts.items())), flush=True)


def main() -> None:
    """Print a line for each choice of `--several` that takes a face."""
    parser = argparse.ArgumentParser(description="Measure how often the right one of several faces is taken.")
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="folder that holds facescrub (default: %(default)s)"
    )
    parser.add_argument("--singles", type=int, nargs="+", default=[20, 2, 0], metavar="N", help="single photos of each")
    parser.add_argument("--groups", type=int, default=12, metavar="N", help="with each person (default: %(default)s)")
    parser.add_argument("--absent", type=int, default=4, metavar="N", help="without (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides who stands where, and how large")
    options = parser.parse_args()
    if not (options.shared / "facescrub" / "list.tsv").is_file():
        parser.error(f"no recorded web in {options.shared}: name the folder that holds facescrub with --shared")
    torch.set_num_threads(1)
    detector, features = FaceDetector(), FaceFeatures()
    for singles in options.singles:
        with tempfile.TemporaryDirectory() as place, quiet_decoding():
            people = tiles(options.shared / "facescrub", singles + options.groups)
            folder = Path(place, "photos")
            where = write(people, folder, singles, options.absent, np.random.default_rng(options.seed))
            print(f"{len(people)} people, {singles} single photos each, {len(where)} groups")
            for several in get_args(Several)[:2]:
                measure(folder, where, several, detector, features)


if __name__ == "__main__":
    main()
