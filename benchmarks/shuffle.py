"""The head trained on features that stay on disk, shuffled within windows, beside features in memory.

    python benchmarks/shuffle.py FOLDER --weights FILE [--seeds 4] [--windows 64 128 256 1024]

FOLDER has one subfolder of photos per person. For each window it prints, summed over the seeds, how many test photos
are named correctly; and, with each person left out once, how many known faces and how many strangers are accepted. It
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
from faces.open_set import OpenedPart, leave_each_out
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
        right, test, *strangers = np.asarray(counts).tolist()
        true_accepts, known, false_accepts, unknown = strangers
        print(
            f"{'memory' if window is None else window:>6}: {right} of {test} right, "
            f"{true_accepts} of {known} known faces and {false_accepts} of {unknown} strangers accepted",
            flush=True,
        )


def _counts(folder: Folder, weights: str, seed: int, window: int | None) -> NDArray[np.int_]:
    """Return right, test photos, true accepts, known, false accepts, strangers."""
    classifier = TransferClassifier(weights=weights, seed=seed)
    parts = split(folder.photos, SplitSizes(), np.random.default_rng(seed))
    opened = classifier.open if window is None else classifier.open_stored
    train, validation, test = (
        OpenedPart(opened(folder.path, photos), [photo.name for photo in photos])
        for photos in (parts.train, parts.validation, parts.test)
    )
    with patch.object(transfer, "FeatureStream", partial(FeatureStream, window=window or WINDOW)):
        classifier.fit(train.photos, train.names, (validation.photos, validation.names))
        found = leave_each_out(classifier, train, validation, test)
    if found is None:
        raise SystemExit(f"{folder.path}: expected at least three people, with photos to validate and test on")
    right = int((classifier.predict(test.photos) == np.asarray(test.names)).sum())
    counts = (right, len(test.names), found.true_accepts, found.known, found.false_accepts, found.strangers)
    return np.array(counts, np.int_)


if __name__ == "__main__":
    main()
