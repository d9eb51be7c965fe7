"""Learning curves: loss and accuracy by epoch, training beside validation."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from report.figures.layout import wrapped
from report.figures.style import FAINT, TRAIN, VALIDATION, new_figure, percent_tick, png, styled

AXIS = 3.0  # inches: what a name beside an axis has
AUGMENTED = "training (augmented)"

History = Mapping[str, Sequence[float]]  # column -> one number per epoch; nan where nothing was measured


def learning_curve(
    history: History,
    title: str,
    best_epoch: int | None = None,
    *,
    a: str = "photo",
    training: str = AUGMENTED,
    loss: str = "cross-entropy",
) -> bytes:
    """Return `learning_curve_figure` as a PNG."""
    return png(learning_curve_figure(history, title, best_epoch, a=a, training=training, loss=loss))


@styled()
def learning_curve_figure(
    history: History,
    title: str,
    best_epoch: int | None = None,
    *,
    a: str = "photo",
    training: str = AUGMENTED,
    loss: str = "cross-entropy",
) -> Figure:
    """Return a figure of loss (left) and accuracy (right); `best_epoch` marks the epoch whose weights were kept.

    `a` is what a sample is called, `training` the line of the training data, `loss` what was minimised. `history` has
    the columns epoch, train_loss, train_accuracy and, when there was a validation set, validation_loss,
    validation_accuracy; accuracies in [0, 1]. The accuracies' axis starts at 0, or where all are above one half at the
    tenth below them.
    """
    figure = new_figure(10, 4)
    losses, accuracy = figure.subplots(1, 2)
    _lines(losses, history, "loss", training)
    losses.set(ylabel=wrapped(f"{loss}, mean per {a}", AXIS, 10), ylim=(0, 1.05 * losses.get_ylim()[1]))
    _lines(accuracy, history, "accuracy", training)
    bottom = _bottom(history)
    accuracy.set(ylabel="accuracy", ylim=(bottom, bottom + 1.02 * (1 - bottom)))
    accuracy.yaxis.set_major_formatter(percent_tick)
    for axes in (losses, accuracy):
        axes.set(xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y")
        if best_epoch is not None:
            axes.axvline(best_epoch, color=FAINT, linestyle=":", label=f"kept: epoch {best_epoch}")
    accuracy.legend(loc="lower right")
    figure.suptitle(wrapped(title, 10, 12), x=0.01, ha="left", fontsize=12)
    return figure


def _bottom(history: History) -> float:
    values = [value for part in ("train", "validation") for value in history.get(f"{part}_accuracy", ())]
    lowest = min(values, default=0.0)
    return min(math.floor(10 * lowest) / 10, 0.9) if lowest > 0.5 else 0.0


def _lines(axes: Axes, history: History, what: str, training: str) -> None:
    for part, name, colour in (("train", training, TRAIN), ("validation", "validation", VALIDATION)):
        column = history.get(f"{part}_{what}")
        if column is not None:
            marker = "o" if len(column) == 1 else ""
            axes.plot(history["epoch"], column, marker, color=colour, linewidth=1.4, label=name)
