"""How well faces are found in whole photos: what `--detect` finds, beside dlib's HOG detector.

    python benchmarks/detect.py [--shared DIR] [--photos N] [--seed N]

Photos of a FaceScrub list with one listed face each, at most 1,200 pixels a side: as they are, with a turned head, on
their side, with a face of 24 pixels, and as groups of twelve in one picture of 2,000 x 1,500. A listed face counts as
found when a box has an intersection over union with it of at least 0.35. The list was made with a detector, so that the
photos as they are are easier than others. The time is that of one thread, without decoding, for the photos as they are.
dlib takes a photo twice as large, so that it finds smaller faces; it is left out where it is not installed.
"""

import argparse
import hashlib
import importlib.util
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.download import read_list
from data.photos import flat, quiet_decoding
from data.rows import Box, Row
from faces.detection.detector import DetectorSettings, FaceDetector

SHARED = Path(os.environ.get("FACES_SHARED", Path(__file__).resolve().parents[2] / "shared"))
FOUND_AT = 0.35
LARGEST = 1200
SMALL = 24  # pixels of a small face's longer side
FEWER = "--min-face 16"  # as a face of so many pixels may be measured as smaller than the limit, which is 24 too

Find = Callable[[Image.Image], Sequence[Box]]
Labelled = tuple[Image.Image, list[Box]]


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    width, height = min(a.x2, b.x2) - max(a.x1, b.x1), min(a.y2, b.y2) - max(a.y1, b.y1)
    shared = max(width, 0) * max(height, 0)
    return shared / (_area(a) + _area(b) - shared)


def _area(box: Box) -> int:
    return (box.x2 - box.x1) * (box.y2 - box.y1)


def listed(folder: Path, n: int) -> list[Labelled]:
    """Return n photos, spread over the list, whose SHA-256 is the listed one and that have one listed box each."""
    answers = dict(
        line.split("\t")[:2] for line in (folder / "responses.tsv").read_text(encoding="utf-8").splitlines() if line
    )
    photos: dict[Path, list[Box]] = {}
    for row in read_list(folder / "list.tsv"):
        if isinstance(row, Row) and row.box is not None and answers.get(row.url) == row.sha256:
            photos.setdefault(folder / "responses" / answers[row.url], []).append(row.box)
    single = [(photo, boxes) for photo, boxes in photos.items() if len(boxes) == 1]
    chosen = [single[number * len(single) // n] for number in range(min(n, len(single)))]
    return [_opened(photo, boxes[0]) for photo, boxes in chosen]


def _opened(photo: Path, box: Box) -> Labelled:
    if hashlib.sha256(photo.read_bytes()).hexdigest() != photo.name:
        raise SystemExit(f"{photo} is not the photo that it was: its SHA-256 differs from its name")
    with Image.open(photo) as stored:  # boxes count pixels of the photo as stored, not turned upright
        picture = flat(stored).convert("RGB")
    return scaled(picture, [box], min(1.0, LARGEST / max(picture.size)))


def scaled(picture: Image.Image, boxes: list[Box], scale: float) -> Labelled:
    """Return the photo in another size."""
    size = (max(round(scale * picture.width), 1), max(round(scale * picture.height), 1))
    small = picture.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    return small, [Box(*(round(scale * edge) for edge in box)) for box in boxes]


def turned(picture: Image.Image, boxes: list[Box], degrees: float) -> Labelled:
    """Return the photo turned counter-clockwise, whole on a larger canvas; a box stays upright, about its centre."""
    angle = math.radians(degrees)
    canvas = picture.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    moved = []
    for box in boxes:
        x, y = (box.x1 + box.x2 - picture.width) / 2, (box.y1 + box.y2 - picture.height) / 2
        right = canvas.width / 2 + x * math.cos(angle) + y * math.sin(angle)
        down = canvas.height / 2 - x * math.sin(angle) + y * math.cos(angle)
        half = max(box.x2 - box.x1, box.y2 - box.y1) / 2
        moved.append(Box(*map(round, (right - half, down - half, right + half, down + half))))
    return canvas, moved


def group(photos: Sequence[Labelled]) -> Labelled:
    """Return up to twelve people in one picture of 2,000 x 1,500, four beside each other, each cut out of a photo."""
    side = 500
    picture, boxes = Image.new("RGB", (4 * side, 3 * side), "gray"), []
    for number, (photo, (box,)) in enumerate(photos):
        around = max(box.x2 - box.x1, box.y2 - box.y1)
        x, y = (box.x1 + box.x2) // 2 - around, (box.y1 + box.y2) // 2 - around
        part = photo.crop((x, y, x + 2 * around, y + 2 * around)).resize((side, side))
        left, top = number % 4 * side, number // 4 * side
        picture.paste(part, (left, top))
        scale = side / (2 * around)
        edges = ((box.x1 - x), (box.y1 - y), (box.x2 - x), (box.y2 - y))
        boxes.append(Box(*(round(scale * edge) + (left, top)[place % 2] for place, edge in enumerate(edges))))
    return picture, boxes


def kinds(photos: list[Labelled], generator: np.random.Generator) -> Iterator[tuple[str, list[Labelled]]]:
    """Yield what is looked at."""
    ways = generator.choice([-1, 1], len(photos)).tolist()
    both = list(zip(photos, ways, strict=True))
    yield "as they are", photos
    yield "head turned by 25 degrees", [turned(*photo, way * 25) for photo, way in both]
    yield "head turned by 40 degrees", [turned(*photo, way * 40) for photo, way in both]
    yield "photo on its side", [turned(*photo, way * 90) for photo, way in both]
    longer = [max(box.x2 - box.x1, box.y2 - box.y1) for _, (box,) in photos]
    small = [scaled(*photo, SMALL / side) for photo, side in zip(photos, longer, strict=True)]
    yield f"face of {SMALL} pixels", small
    yield f"the same, {FEWER}", small
    yield "groups of twelve", [group(photos[first : first + 12]) for first in range(0, len(photos), 12)]


def boxes_of(detector: FaceDetector) -> Find:
    """Return a function that finds boxes."""
    return lambda picture: [face.box for face in detector.find(picture)]


def dlib_finder() -> Find | None:
    """Return dlib's HOG detector, where it is installed."""
    if importlib.util.find_spec("dlib") is None:
        return None
    import dlib

    detector = dlib.get_frontal_face_detector()
    return lambda picture: [
        Box(found.left(), found.top(), found.right() + 1, found.bottom() + 1)
        for found in detector(np.asarray(picture), 1)
    ]


def main() -> None:
    """Print a line for each kind of photo."""
    parser = argparse.ArgumentParser(description="Measure how well faces are found in whole photos.")
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="folder that holds facescrub (default: %(default)s)"
    )
    parser.add_argument("--photos", type=int, default=60, metavar="N", help="how many photos (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides which way each photo is turned")
    options = parser.parse_args()
    if not (options.shared / "facescrub" / "list.tsv").is_file():
        parser.error(f"no recorded web in {options.shared}: name the folder that holds facescrub with --shared")
    torch.set_num_threads(1)
    detector = FaceDetector()
    print(detector.identity())
    usual, fewer = boxes_of(detector), boxes_of(FaceDetector(DetectorSettings(min_face=int(FEWER.split()[1]))))
    finders: dict[str, Find] = {"--detect": usual}
    if hog := dlib_finder():
        finders["dlib's HOG"] = hog
    with quiet_decoding():
        photos = listed(options.shared / "facescrub", options.photos)
    print(f"{'found of the listed faces':28}", *(f"{name:>22}" for name in finders))
    times: dict[str, list[float]] = {name: [] for name in finders}
    for kind, pictures in kinds(photos, np.random.default_rng(options.seed)):
        finders["--detect"] = fewer if kind.endswith(FEWER) else usual
        found, others = dict.fromkeys(finders, 0), dict.fromkeys(finders, 0)
        for picture, boxes in pictures:
            for name, find in finders.items():
                started = time.perf_counter()
                ours = find(picture)
                if kind == "as they are":
                    times[name].append(time.perf_counter() - started)
                right = {max(ours, key=lambda face: overlap(box, face)) for box in boxes if ours}
                hits = [box for box in boxes if any(overlap(box, face) >= FOUND_AT for face in right)]
                found[name] += len(hits)
                others[name] += len(ours) - len(hits)
        n = sum(len(boxes) for _, boxes in pictures)
        print(f"{kind:28}", *(f"{found[name] / n:.0%} ({others[name]} others)".rjust(22) for name in finders))
    medians = {name: f"{1e3 * statistics.median(seconds):.0f} ms" for name, seconds in times.items()}
    print(f"{'a photo as it is, median':28}", *(f"{medians[name]:>22}" for name in finders))


if __name__ == "__main__":
    main()
