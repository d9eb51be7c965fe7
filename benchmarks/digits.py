"""What a setting of the digit networks is worth, on training digits held out: for choosing settings.

    python benchmarks/digits.py --mnist DIR [--model best] [--seeds 1] [--held-out 20000] [name=value ...]

Names are those of `mnist.settings.DigitParameters`, as epochs=8 label_smoothing=0.1. Each seed trains on the other
training digits, and reads those held out, which are the same for all seeds. The loss is the mean cross-entropy with the
probabilities at the temperature that makes it smallest: it varies less from seed to seed than the digits misread. The
test digits are never looked at.
"""

import argparse
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import nll_loss

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data.settings import MNIST_FOLDER
from faces.temperature import best_temperature, tempered
from mnist.classifier import DigitClassifier
from mnist.digits import load_digits, split_off
from mnist.settings import MODELS, DigitParameters, DigitSettings


def best_loss(probabilities: NDArray[np.float32], labels: Tensor) -> float:
    """Return the mean cross-entropy at the temperature that fits best, in nats."""
    at_best = tempered(torch.from_numpy(probabilities), best_temperature(probabilities, labels.numpy()))
    return float(nll_loss(at_best.log(), labels))


def setting(text: str) -> tuple[str, float]:
    """`name=value` -> both. ArgumentTypeError if the classifier has no such number."""
    name, _, value = text.partition("=")
    names = [field.name for field in fields(DigitSettings) if hasattr(DigitParameters, field.name)]
    if name not in names:
        raise argparse.ArgumentTypeError(f"{text}: expected one of {', '.join(names)}, as epochs=8")
    try:
        return name, int(value) if value.isdigit() else float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: expected a number, got {value!r}") from None


def main() -> None:
    """Print a row a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("settings", nargs="*", type=setting, metavar="NAME=VALUE")
    parser.add_argument("--mnist", type=Path, default=MNIST_FOLDER)
    parser.add_argument("--model", choices=list(MODELS), default="best")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--held-out", type=int, default=20_000)
    options = parser.parse_args()
    given: dict[str, Any] = dict(options.settings)
    digits, held_out = split_off(load_digits(options.mnist)[0], options.held_out, Generator().manual_seed(2024))
    print(f"{options.model} {given}: trained on {len(digits):,}, held out {len(held_out):,}")
    print("| seed | misread | loss | seconds |\n|---:|---:|---:|---:|")
    for seed in range(options.seeds):
        start = time.perf_counter()
        classifier = DigitClassifier(model=options.model, seed=seed, **given).fit(*digits.pair)
        probabilities = classifier.predict_proba(held_out.x)
        misread = int((probabilities.argmax(1) != held_out.labels.numpy()).sum())
        loss, seconds = best_loss(probabilities, held_out.labels), time.perf_counter() - start
        print(f"| {seed} | {misread} | {loss:.4f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
