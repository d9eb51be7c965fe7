"""The pictures of a run on digits: one colour scale on poster and page, and the captions of misread digits."""

import base64
import copy
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from mnist import pictures
from mnist.classifier import DigitClassifier
from mnist.digits import Digits, load_digits
from mnist.pictures import mistakes_picture, weights_picture
from mnist.run_page import page_of_run
from report.figures.cells import Cell
from report.figures.sheets import SheetRow

DigitParts = tuple[Digits, Digits]


@pytest.fixture(scope="module")
def digits(mnist_files: Path) -> DigitParts:
    return load_digits(mnist_files)


@pytest.fixture(scope="module")
def classifier(digits: DigitParts) -> DigitClassifier:
    return DigitClassifier(epochs=1, batch_size=20, lr=0.05).fit(*digits[0].pair)


def page(classifier: DigitClassifier, digits: DigitParts) -> str:
    metrics: dict[str, Any] = {
        "data": "digits",
        "classes": [str(digit) for digit in range(10)],
        "confusion": np.zeros((10, 10), dtype=int).tolist(),
        "macro_f1": None,
        "counts": {},
        "parameters": 7,
        "seconds": 2.0,
        "training_seconds": 1.0,
        "peak_memory_mib": None,
        "device": "cpu",
        "versions": {},
    }
    train, test = digits
    return page_of_run(classifier, metrics, train, test, classifier.predict_proba(test.x), b"", b"").decode()


def pixels(picture: bytes) -> NDArray[np.int_]:
    with Image.open(io.BytesIO(picture)) as opened:
        return np.asarray(opened.convert("RGB")).reshape(-1, 3).astype(int)


def test_a_unit_has_the_same_colour_on_the_page_and_on_the_poster(
    classifier: DigitClassifier, digits: DigitParts
) -> None:
    weights = torch.tensor([0.5, -0.4, 0.2, -0.1]).repeat(64)[:, None].repeat(1, 28 * 28)
    weights[:, 0] = 3.0  # extremes that must not make the other colours pale
    classifier = copy.deepcopy(classifier)
    classifier.network.parameters()["1.weight"].value.copy_(weights)
    tiles = re.findall('data:image/png;base64,([^"]+)" alt="Weights', page(classifier, digits))
    assert tiles
    poster = pixels(weights_picture(classifier, "t", range(4)))  # one unit of each weight
    for colour in {tuple(np.median(pixels(base64.b64decode(tile)), axis=0)) for tile in tiles}:
        assert (np.abs(poster - colour).max(axis=1) <= 2).sum() > 1000  # a tile: the scale has fewer of each colour


def test_the_page_says_how_many_hidden_units_there_are_in_all(classifier: DigitClassifier, digits: DigitParts) -> None:
    html = page(classifier, digits)
    shown = html.count('alt="Weights of hidden unit')
    assert f"The strongest of each digit shown: {shown} of 256 hidden units." in html
    assert shown <= 10 * 3


def test_one_epoch_is_in_the_singular(classifier: DigitClassifier, digits: DigitParts) -> None:
    assert "<dd>1 epoch, in batches of 20</dd>" in page(classifier, digits)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [(3, "3 of 50 test digits misread; the most certain first"), (50, "50 of 50 test digits misread; the 48 most")],
)
def test_misread_digits_are_counted_and_stand_by_certainty(
    digits: DigitParts, wrong: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = digits[1]
    labels = test.labels.numpy()
    predicted = np.where(np.arange(50) < wrong, (labels + 1) % 10, labels)
    certainty = 0.5 + np.arange(50) / 100
    probabilities = np.zeros((50, 10), np.float32)
    probabilities[np.arange(50), predicted] = certainty
    drawn: dict[str, Sequence[SheetRow]] = {}

    def sheet(rows: Sequence[SheetRow], title: str, subtitle: str, **how: object) -> bytes:
        drawn[subtitle] = rows
        return b"sheet"

    monkeypatch.setattr(pictures, "sheet", sheet)
    mistakes_picture(probabilities, test, "t")
    (subtitle,) = drawn
    assert subtitle.startswith(says)
    first = drawn[subtitle][0].cells[0]
    assert isinstance(first, Cell)
    surest = wrong - 1
    assert first.caption == f"{labels[surest]} read as {predicted[surest]}, {certainty[surest]:.0%}"
