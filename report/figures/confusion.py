"""The confusion matrix, as a figure and as macro F1."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from report.figures.lettering import plain
from report.figures.style import COUNTS, INK, PAGE, new_figure, png, styled

MOST_WITH_NUMBERS = 30  # beyond this many classes the numbers are too small to read: colour alone


def confusion_picture(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str, of: str = "the person's photos"
) -> bytes:
    """Return `confusion_figure` as a PNG."""
    return png(confusion_figure(confusion, classes, title, of))


@styled()
def confusion_figure(
    confusion: Sequence[Sequence[int]], classes: Sequence[str], title: str, of: str = "the person's photos"
) -> Figure:
    """Return a figure of counts, a row per true class, a column per predicted one; colour is the share `of` the row."""
    counts, classes = np.asarray(confusion), [plain(name) for name in classes]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    n = len(classes)
    side = float(np.clip(0.55 * n + 2.2, 4.6, 16))
    figure = new_figure(side + 1.2, side)
    axes = figure.subplots()
    image = axes.imshow(share, cmap=COUNTS, vmin=0, vmax=1)
    axes.set_xticks(range(n), classes)
    if max(map(len, classes)) > 2:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), classes)
    axes.tick_params(length=0, labelsize=float(np.clip(160 / n, 5, 10)))
    axes.spines[:].set_visible(False)
    axes.hlines(np.arange(n + 1) - 0.5, -0.5, n - 0.5, color=PAGE, linewidth=1.5)
    axes.vlines(np.arange(n + 1) - 0.5, -0.5, n - 0.5, color=PAGE, linewidth=1.5)
    if n <= MOST_WITH_NUMBERS:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = PAGE if share[row, column] > 0.5 else INK
                axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    axes.set(xlabel="predicted", ylabel="true", title=plain(title))
    bar = figure.colorbar(image, ax=axes, fraction=0.04, pad=0.03, label=f"share of {of}")
    bar.outline.set_visible(False)
    return figure


def macro_f1(confusion: NDArray[np.int_]) -> float | None:
    """Return the mean over the classes of F1 = 2 right / (true + predicted), 0 for a class without either.

    `confusion` (classes, classes) counts true by predicted. None when all are 0.
    """
    true_and_predicted = confusion.sum(0) + confusion.sum(1)
    if not confusion.any():
        return None
    return float((2 * confusion.diagonal() / np.maximum(true_and_predicted, 1)).mean())
