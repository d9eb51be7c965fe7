"""What a network learned of digits, as pictures: what its first layer looks for, and which digits it misread."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from data.mnist.files import SIDE
from mnist.classifier import DigitClassifier
from mnist.digits import Digits
from report.figures import Cell, SheetRow, limit_of, png, poster_figure, sheet, sheet_figure
from report.figures.units import sections_of, that_fit, units_words
from report.hidden_units import chosen_numbers, chosen_units
from report.page.wording import about

MOST_MISTAKES = 48  # six rows
A_ROW = 8
ENLARGED = 5  # times, on the page: its pixels stay squares


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
    shown = that_fit(chosen, 1)
    subtitle = (
        f"{units_words(shown, chosen, every, 'hidden unit', 'digits')}: weights on {SIDE} x {SIDE} pixels, under the "
        "digit whose output they raise most"
    )
    sections = sections_of(shown, {unit.unit: [weights[unit.unit]] for unit in shown})
    return poster_figure(sections, title, subtitle, limit_of(weights))


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
