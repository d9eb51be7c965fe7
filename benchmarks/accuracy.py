"""How well each network tells the people of a folder apart, and strangers from them: the table of the README.

    python benchmarks/accuracy.py DIR --weights ALEXNET [--seeds 4] [--train 70] [--models hidden,alexnet,random,face]

DIR has a folder of crops for each person, as `download` fills it. Each network is trained on the splits of several
seeds, with its faces aligned and as they are; what is printed are test photos of all splits together. For strangers
each person is left out in turn (the hidden layer: a third of them at a time). Seconds are those of one training with
the rounds of people left out, after features and points have been computed.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.photos.folder import Photo, read_folder
from data.photos.split import split
from data.settings import SplitSizes
from faces.classifier import Classifier
from faces.detection.landmarks import align_photos
from faces.hidden import HiddenClassifier
from faces.open_set import OpenedPart, measure_unknown
from faces.transfer import TransferClassifier
from report.reliability import calibration_error, reliability

SHARES = (0.01, 0.1)  # of strangers that may pass


@dataclass
class Row:
    """What is counted over all splits."""

    right: int = 0
    tested: int = 0
    known: dict[float, list[int]] = field(default_factory=lambda: {share: [0, 0] for share in SHARES})
    strangers: dict[float, list[int]] = field(default_factory=lambda: {share: [0, 0] for share in SHARES})
    probabilities: list[float] = field(default_factory=list)
    is_right: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def line(self, title: str) -> str:
        """Return it as a row of a table."""
        at = [f"{_share(self.known[share])} | {_share(self.strangers[share])}" for share in SHARES]
        accuracy = f"{self.right / self.tested:.1%} ({self.right} of {self.tested})"
        sure = f"{calibration_error(reliability(self.probabilities, self.is_right)):.1%}"
        return f"| {title} | {accuracy} | {' | '.join(at)} | {sure} | {np.median(self.seconds):.0f} |"


def _share(counts: list[int]) -> str:
    return f"{counts[0] / counts[1]:.1%}" if counts[1] else "-"


def make(model: str, seed: int, align: bool, options: argparse.Namespace) -> Classifier:
    """Return an untrained classifier; `random` is the untrained AlexNet."""
    common: dict[str, Any] = {"seed": seed, "align": align}
    if model == "hidden":
        return HiddenClassifier(**common)
    frozen = "alexnet" if model == "random" else model
    weights = {"random": "random", "alexnet": options.weights}.get(model)
    return TransferClassifier(model=frozen, weights=weights, head=options.head, hidden=options.hidden, **common)


def measure(row: Row, classifier: Classifier, folder: Path, photos: list[Photo], sizes: SplitSizes) -> None:
    """Train on the split of the classifier's seed, and count what its test photos show."""
    parts = split(photos, sizes, np.random.default_rng(classifier.seed))
    groups = (parts.train, parts.validation, parts.test)
    opened = [OpenedPart(classifier.open(folder, group), [photo.name for photo in group]) for group in groups]
    train, validation, test = opened
    started = time.perf_counter()
    classifier.fit(train.photos, train.names, (validation.photos, validation.names) if validation.names else None)
    for share in SHARES if not isinstance(classifier, HiddenClassifier) else SHARES[:1]:
        unknown = measure_unknown(classifier, train, validation, test, share)
        for counts, which in ((row.known, "known"), (row.strangers, "strangers")):
            if which in unknown and unknown["rule"] == "strangers":
                counts[share][0] += unknown[which]["accepted"]
                counts[share][1] += unknown[which]["n"]
        if share == SHARES[0]:
            row.seconds.append(time.perf_counter() - started)
    probabilities = classifier.predict_proba(test.photos)
    right = classifier.classes_[probabilities.argmax(1)] == np.array(test.names)
    row.right, row.tested = row.right + int(right.sum()), row.tested + len(right)
    row.probabilities += probabilities.max(1).tolist()
    row.is_right += right.tolist()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default="imagenet", help="AlexNet's")
    parser.add_argument("--models", default="hidden,alexnet,random,face")
    parser.add_argument("--head", default="auto")
    parser.add_argument("--hidden", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--train", type=int, default=SplitSizes.train)
    parser.add_argument("--aligned-only", action="store_true")
    options = parser.parse_args()
    read = read_folder(options.folder, min_photos=3)
    sizes = SplitSizes(train=options.train, proportional=options.train == SplitSizes.train)
    print("| network | test accuracy | known at 1% | strangers | known at 10% | strangers | calibration | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for model in options.models.split(","):
        for align in (True,) if options.aligned_only else (True, False):
            photos, aligned, _ = align_photos(read.path, read.photos, align)
            row = Row()
            for seed in range(options.seeds):
                measure(row, make(model, seed, aligned, options), read.path, photos, sizes)
            print(row.line(f"{model}, {'aligned' if align else 'as they are'}"), flush=True)


if __name__ == "__main__":
    main()
