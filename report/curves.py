"""Learning curves: loss and accuracy by epoch, training beside validation."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from report.style import FAINT, TRAIN, VALIDATION, new_figure, png, styled

History = Mapping[str, Sequence[float]]  # column -> one number an epoch; nan where nothing was measured


def learning_curve(history: History, title: str, best_epoch: int | None = None) -> bytes:
    """Return a PNG of loss (left) and accuracy (right); `best_epoch` marks the epoch whose weights were kept.

    `history` has the columns epoch, train_loss, train_accuracy and, when there was a validation set,
    validation_loss, validation_accuracy; accuracies in [0, 1].
    """
    with styled():
        figure = new_figure(10, 4)
        loss, accuracy = figure.subplots(1, 2)
        _lines(loss, history, "loss")
        loss.set(ylabel="cross-entropy, mean a photo", ylim=(0, None))
        _lines(accuracy, history, "accuracy")
        accuracy.set(ylabel="accuracy", ylim=(0, 1.02))
        accuracy.yaxis.set_major_formatter(PercentFormatter(1.0))
        for axes in (loss, accuracy):
            axes.set(xlabel="epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(axis="y", color=FAINT, alpha=0.4, linewidth=0.6)
            if best_epoch is not None:
                axes.axvline(best_epoch, color=FAINT, linestyle=":", label=f"kept: epoch {best_epoch}")
        accuracy.legend(loc="lower right")
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        figure.tight_layout()
        return png(figure)


def _lines(axes: Axes, history: History, what: str) -> None:
    for part, colour in (("train", TRAIN), ("validation", VALIDATION)):
        column = history.get(f"{part}_{what}")
        if column is not None:
            name = "training, as augmented" if part == "train" else part
            axes.plot(history["epoch"], column, color=colour, linewidth=1.4, label=name)
