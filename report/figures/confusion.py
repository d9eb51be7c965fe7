"""The confusion matrix as a figure; `many_classes` draws that of more classes than can be named beside it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from report.figures.layout import fit, headed, shortened
from report.figures.many_classes import many_classes_figure
from report.figures.style import INK, MARKS, PAGE, new_figure, png, styled

MOST_WITH_NUMBERS = 30  # beyond this many classes the numbers are too small to read: colour alone
MOST_WITH_NAMES = 60  # beyond, the names are
CELL, SMALLEST, LARGEST = 0.55, 2.8, 12.0  # inches: a cell, and the matrix
LETTERS = 40  # of a name


def confusion_picture(
    confusion: ArrayLike, classes: Sequence[str], title: str, of: str = "the person's photos"
) -> bytes:
    """Return `confusion_figure` as a PNG."""
    return png(confusion_figure(confusion, classes, title, of), few_colours=True)


@styled()
def confusion_figure(
    confusion: ArrayLike, classes: Sequence[str], title: str, of: str = "the person's photos"
) -> Figure:
    """Return a figure of counts, a row per true class, a column per predicted one; colour is the share `of` the row."""
    counts, n = np.asarray(confusion), len(classes)
    if n > MOST_WITH_NAMES:
        return many_classes_figure(counts, classes, title, of)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [shortened(name, LETTERS) for name in classes]
    side = float(np.clip(CELL * n, SMALLEST, LARGEST))
    cell = 72 * side / n  # points
    figure = new_figure(side + 2, side + 2)
    axes = headed(figure, title).subplots()
    image = axes.imshow(np.ma.masked_equal(share, 0), cmap=MARKS, vmin=0, vmax=1)
    axes.set_xticks(range(n), names)
    if max(map(len, names)) > 2:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), names)
    axes.tick_params(length=0, labelsize=min(10, 0.55 * cell))
    axes.spines[:].set_visible(False)
    axes.hlines(np.arange(n + 1) - 0.5, -0.5, n - 0.5, color=PAGE, linewidth=1.5)
    axes.vlines(np.arange(n + 1) - 0.5, -0.5, n - 0.5, color=PAGE, linewidth=1.5)
    if n <= MOST_WITH_NUMBERS:
        size = min(9, 1.4 * cell / len(str(counts.max())))
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = PAGE if share[row, column] > 0.5 else INK
                axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=size)
    axes.set(xlabel="predicted", ylabel="true")
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.04, pad=0.03, label=f"share of {of}")
    bar.outline.set_visible(False)
    return fit(figure, axes, side, side)
