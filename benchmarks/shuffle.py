"""The head trained on features that stay on disk, shuffled within windows, beside features in memory.

    python benchmarks/shuffle.py FOLDER --weights FILE [--seeds 4] [--windows 64 128 256 1024]

FOLDER has one subfolder of photos per person. For each window it prints, summed over the seeds, how many test photos
are named correctly, and how many of known people and of strangers are given a name. It
shows the cost of the weaker shuffle of `train-faces --memory-limit`.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.photos import Folder, read_folder, split
from data.settings import SplitSizes
from faces import transfer
from faces.features.stream import WINDOW, FeatureStream
from faces.open_set import OpenedPart, measure_unknown
from faces.settings import STRANGERS
from faces.transfer import TransferClassifier


def main() -> None:
    """Print a line for features in memory, and one for each window."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--weights", default="imagenet", help="as train-faces takes them (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=4, help="splits, from seed 0 on (default: %(default)s)")
    parser.add_argument("--windows", type=int, nargs="+", default=[1024, 256, 128, 64], help="photos that are mixed")
    options = parser.parse_args()
    folder, weights = read_folder(options.folder), options.weights
    for window in (None, *options.windows):
        counts = sum(_counts(folder, weights, seed, window) for seed in range(options.seeds))
        right, test, known, strangers = np.asarray(counts).tolist()
        print(
            f"{'memory' if window is None else window:>6}: {right} of {test} right, "
            f"{known} faces of known people and {strangers} of strangers given a name",
            flush=True,
        )


def _counts(folder: Folder, weights: str, seed: int, window: int | None) -> NDArray[np.int_]:
    """Return how many test photos are right, how many there are, and how many pass: of known people, of strangers."""
    classifier = TransferClassifier(weights=weights, seed=seed)
    parts = split(folder.photos, SplitSizes(), np.random.default_rng(seed))
    opened = classifier.open if window is None else classifier.open_stored
    train, validation, test = (
        OpenedPart(opened(folder.path, photos), [photo.name for photo in photos])
        for photos in (parts.train, parts.validation, parts.test)
    )
    with patch.object(transfer, "FeatureStream", partial(FeatureStream, window=window or WINDOW)):
        classifier.fit(train.photos, train.names, (validation.photos, validation.names))
        found = measure_unknown(classifier, train, validation, test, STRANGERS)
    if found["not_known"]:
        raise SystemExit(f"{folder.path}: {found['not_known']}")
    right = int((classifier.predict(test.photos) == np.asarray(test.names)).sum())
    return np.array((right, len(test.names), *(found[who]["accepted"] for who in ("known", "strangers"))), np.int_)


if __name__ == "__main__":
    main()
