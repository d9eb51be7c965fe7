"""How quickly faces are aligned, and how far the points that are found lie from those that are known.

    python benchmarks/align.py [--photos 240]

The drawn portraits know where their eyes, noses and mouths are. Their points are found twice: in the box of the whole
photo, as a download does, and in a crop with nothing around the box, as a training does with crops of another program.
Distances are shares of the face's side. For the speed crops are opened, searched and aligned with all cores.
"""

import argparse
import io
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.cores import cores
from data.photos.alignment import aligned, similarity
from data.photos.landmarks import Landmarks
from data.portraits import Gallery
from data.rows import Box
from faces.detection.landmarks import face_detector

SIDE, MARGIN = 150, 0.25  # of the aligned pictures


def off(found: Landmarks, known: Landmarks) -> float:
    """Return the mean distance of the points, as a share of the side of the known face."""
    factor, _ = similarity(known, 1, 0.0)
    return float(np.linalg.norm(found.array() - known.array(), axis=1).mean() * abs(factor))


def line(title: str, offs: list[float], photos: int) -> str:
    """Return how many faces were found, and quantiles of the distances."""
    low, high = np.quantile(offs, [0.5, 0.95])
    return f"{title:<28} {len(offs)} of {photos} found; points off by {low:.3f} (median), {high:.3f} (95 of 100)"


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=240)
    count = parser.parse_args().photos
    gallery, detector = Gallery(), face_detector("cpu")
    numbers = [(n % gallery.people, n // gallery.people % gallery.photos) for n in range(count)]
    in_boxes, in_crops, crops = [], [], []
    for person, photo in numbers:
        portrait = gallery.draw(person, photo)
        known, box = Landmarks(*Gallery.landmarks_url(portrait.url)), Box(*portrait.box)
        whole = Image.open(io.BytesIO(portrait.jpeg)).convert("RGB")
        crop = whole.crop(box)
        crops.append(crop)
        if (found := detector.landmarks(whole, box)) is not None:
            in_boxes.append(off(found, known))
        if (found := detector.landmarks(crop)) is not None:
            in_crops.append(off(found, known.moved(1, -box.x1, -box.y1)))
    print(line("in the box of a photo:", in_boxes, count))
    print(line("in a crop of the box alone:", in_crops, count))

    def align(crop: Image.Image) -> None:
        if (points := detector.landmarks(crop)) is not None:
            aligned(crop, points, SIDE, MARGIN)

    with ThreadPoolExecutor(cores()) as pool:
        started = time.perf_counter()
        for _ in pool.map(align, crops):
            pass
        seconds = time.perf_counter() - started
    print(f"{count / seconds:.0f} faces/s found and aligned on {cores()} cores")


if __name__ == "__main__":
    main()
