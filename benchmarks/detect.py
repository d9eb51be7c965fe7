"""How well faces are found in whole photos: the boxes of a FaceScrub list beside what `predict --detect` finds.

    python benchmarks/detect.py [--shared DIR] [--limit N]

Only photos with the listed SHA-256 count. A listed box counts as found when one of our boxes has an intersection over
union with it of at least 0.5. Other boxes are not always wrong: a photo may show more people than the list names. The
result is better than it would be on other photos: FaceScrub's boxes were found by a detector of the same kind, so that
photos without a found face are not in the list. The time is that of one thread, without decoding the photo.
"""

import argparse
import hashlib
import io
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.download import read_list
from data.photos import flat, quiet_decoding
from data.rows import Box, Row
from faces.detection.cascade import FaceDetector

SHARED = Path(os.environ.get("FACES_SHARED", Path(__file__).resolve().parents[2] / "shared"))
FOUND_AT = 0.5


@dataclass
class Tally:
    """Counts over all photos."""

    photos: int = 0
    listed: int = 0
    found: int = 0
    largest: int = 0  # listed boxes that overlap the largest face found
    others: int = 0  # faces found that no listed box overlaps
    empty: int = 0  # photos in which nothing was found
    overlaps: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, listed: list[Box], ours: list[Box], seconds: float) -> None:
        """Count one photo; `ours` has the largest first."""
        best = [max((overlap(box, face), -n) for n, face in enumerate(ours)) if ours else (0.0, 0) for box in listed]
        right = {-n for value, n in best if value >= FOUND_AT}
        self.photos += 1
        self.listed += len(listed)
        self.found += sum(value >= FOUND_AT for value, _ in best)
        self.largest += sum(value >= FOUND_AT and n == 0 for value, n in best)
        self.others += len(ours) - len(right)
        self.empty += not ours
        self.overlaps += [value for value, _ in best if value >= FOUND_AT]
        self.seconds.append(seconds)

    def lines(self) -> list[str]:
        """Return the results as text."""
        return [
            f"{self.found} of {self.listed} listed boxes found ({self.found / self.listed:.1%}), "
            f"mean overlap {statistics.mean(self.overlaps or [0]):.2f}",
            f"{self.largest} of {self.listed} by the largest face of the photo ({self.largest / self.listed:.1%})",
            f"{self.others} further finds in {self.photos} photos ({self.others / self.photos:.3f} a photo), "
            "people the list does not name included",
            f"nothing found in {self.empty} photos",
            f"{statistics.median(self.seconds) * 1e3:.0f} ms of processor time a photo (median)",
        ]


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, in [0, 1]."""
    width, height = min(a.x2, b.x2) - max(a.x1, b.x1), min(a.y2, b.y2) - max(a.y1, b.y1)
    shared = max(width, 0) * max(height, 0)
    return shared / (_area(a) + _area(b) - shared)


def verified(folder: Path) -> dict[Path, list[Box]]:
    """Return the photos whose SHA-256 is the listed one, with their listed boxes."""
    answers = dict(
        line.split("\t")[:2] for line in (folder / "responses.tsv").read_text(encoding="utf-8").splitlines() if line
    )
    photos: dict[Path, list[Box]] = {}
    for row in read_list(folder / "list.tsv"):
        if isinstance(row, Row) and row.box is not None and row.url in answers:
            photo = folder / "responses" / answers[row.url]
            if hashlib.sha256(photo.read_bytes()).hexdigest() == row.sha256:
                photos.setdefault(photo, []).append(row.box)
    return photos


def _area(box: Box) -> int:
    return (box.x2 - box.x1) * (box.y2 - box.y1)


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description="Measure how well faces are found in whole photos.")
    parser.add_argument(
        "--shared", type=Path, default=SHARED, help="folder that holds facescrub (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos (default: all)")
    options = parser.parse_args()
    if not (options.shared / "facescrub" / "list.tsv").is_file():
        parser.error(f"no recorded web in {options.shared}: name the folder that holds facescrub with --shared")
    detector, tally = FaceDetector(), Tally()
    print(detector.settings)
    with quiet_decoding():
        for photo, listed in list(verified(options.shared / "facescrub").items())[: options.limit]:
            with Image.open(
                io.BytesIO(photo.read_bytes())
            ) as stored:  # boxes count pixels of the photo as stored, not turned upright
                image = flat(stored).convert("RGB")
            started = time.thread_time()
            ours = detector.find(image)
            tally.add(listed, ours, time.thread_time() - started)
    print("\n".join(tally.lines()))


if __name__ == "__main__":
    main()
