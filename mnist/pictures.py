"""What a network learned of digits, as pictures: what its first layer looks for, and which digits it misread."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from data.mnist.files import SIDE
from mnist.classifier import DigitClassifier
from mnist.digits import Digits
from report.figures import Cell, Section, SheetRow, limit_of, png, poster_figure, sheet, sheet_figure
from report.hidden_units import UnitClass, chosen_numbers, chosen_units
from report.page.wording import about, count

MOST_MISTAKES = 48  # six rows
A_ROW = 8
ENLARGED = 5  # times, on the page: its pixels stay squares

Tiles = Mapping[int, NDArray[np.float32]]  # unit -> its weights, (28, 28)


def weights_picture(classifier: DigitClassifier, title: str, units: Sequence[int] | None = None) -> bytes:
    """Return `weights_figure` as a PNG."""
    return png(weights_figure(classifier, title, units), few_colours=not classifier.unit_classes())


def weights_figure(classifier: DigitClassifier, title: str, units: Sequence[int] | None = None) -> Figure:
    """Return a figure of the first layer's weights: all, or the `units` asked for. UsageError if one is not there."""
    weights, every = classifier.first_weights.numpy(), classifier.unit_classes()
    if not every:
        what = "digit" if _is_whole_image(weights) else "filter"
        cells = [Cell(weights[unit], f"{what} {unit}") for unit in chosen_numbers(len(weights), units, what)]
        return sheet_figure(_rows(cells, 5 if len(weights) == 10 else A_ROW), title, weights_words(classifier))
    chosen = chosen_units(every, units)
    what = count(len(every), "hidden unit")
    what = what if units is None else f"{len(chosen)} of {what}"
    subtitle = f"{what}: weights on {SIDE} x {SIDE} pixels, under the digit whose output they raise most"
    return poster_figure(_by_digit(chosen, dict(enumerate(weights))), title, subtitle, limit_of(weights))


def weights_words(classifier: DigitClassifier) -> str:
    """Return what the picture of a network without one hidden layer shows."""
    weights = classifier.first_weights
    if _is_whole_image(weights.numpy()):
        return (
            "A weight on every pixel for each digit: red where ink speaks for the digit, blue where it speaks against."
        )
    size = f"{weights.shape[1]} x {weights.shape[2]}"
    return (
        f"The {len(weights)} filters that look at the image itself, {size} weights each: red where ink excites the "
        "filter, blue where ink silences it."
    )


def mistakes_picture(probabilities: NDArray[np.float32], test: Digits, title: str) -> bytes | None:
    """Return a PNG of the digits misread, the most certain first, None if there are none; probabilities (N, 10)."""
    labels, said, certainty = test.labels.numpy(), probabilities.argmax(1), probabilities.max(1)
    wrong = (said != labels).nonzero()[0]
    shown = wrong[np.argsort(-certainty[wrong], kind="stable")][:MOST_MISTAKES]
    if not len(shown):
        return None
    cells = [
        Cell(1 - test.x[at, 0].numpy(), f"{labels[at]} read as {said[at]}, {about(float(certainty[at]))}")
        for at in shown.tolist()
    ]
    order = "the most certain first" if len(shown) == len(wrong) else f"the {len(shown)} most certain are shown"
    subtitle = f"{len(wrong):,} of {len(test):,} test digits misread; {order}"
    return sheet(_rows(cells, A_ROW), title, subtitle, kind="grey")


def digit_png(x: Tensor) -> bytes:
    """Return a digit (1, 28, 28) as ink on paper, large enough for a page."""
    pixels = (255 * (1 - x[0])).round().byte().numpy()
    buffer = io.BytesIO()
    side = ENLARGED * SIDE
    Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _is_whole_image(weights: NDArray[np.float32]) -> bool:
    return weights.shape[1:] == (SIDE, SIDE)


def _rows(cells: Sequence[Cell], across: int) -> list[SheetRow]:
    return [SheetRow("", cells[start : start + across]) for start in range(0, len(cells), across)]


def _by_digit(chosen: Sequence[UnitClass], tiles: Tiles) -> list[Section]:
    """Return a section per digit, the strongest unit first."""
    sections = []
    for name in sorted({unit_class.name for unit_class in chosen}):
        mine = sorted(
            (unit_class for unit_class in chosen if unit_class.name == name),
            key=lambda unit_class: -unit_class.strength,
        )
        sections.append(
            Section(
                name, [tiles[unit_class.unit] for unit_class in mine], [str(unit_class.unit) for unit_class in mine]
            )
        )
    return sections
