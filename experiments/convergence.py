"""Trainings compared by epoch: squared errors and the deltas at the convolution, one line per training.

Groups of trainings are drawn side by side with common scales. A training without an outcome has no line, a group
without lines no panel; of several seeds the first is drawn. `filter_sheets` draws the filters of the same trainings.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from experiments.experiment import Measurement, Outcomes
from experiments.figures import line
from report.figures.series import Curve, Panel, series_picture

Tasks = Mapping[str, str]
"""Name of a training in the figure -> name of its task."""


class _Quantity(NamedTuple):
    column: str
    title: str
    ylabel: str


QUANTITIES = (
    _Quantity("train_loss", "training error", "squared error"),
    _Quantity("validation_loss", "test error", "squared error"),
    _Quantity("conv_deltas", "Mag Conv Deltas", "sum of squared deltas"),
)
NOTE = (
    "Means over the images: ½ Σ (d − y)², that of training taken in passing; Mag Conv Deltas Σ δ² at the convolution."
)


def drawable(outcomes: Outcomes, tasks: Tasks) -> dict[str, Measurement]:
    """Return the first seed's outcome of each training that has one."""
    return {name: outcomes[task][0] for name, task in tasks.items() if outcomes.get(task)}


def convergence(outcomes: Outcomes, groups: Mapping[str, Tasks], title: str) -> bytes | None:
    """Return a PNG: a column a group and a row a quantity; of one group, all in a row. None without any outcome."""
    shown = {group: drawable(outcomes, tasks) for group, tasks in groups.items()}
    shown = {group: trainings for group, trainings in shown.items() if trainings}
    if not shown:
        return None
    panels = [panel for quantity in QUANTITIES for panel in _panels(quantity, shown)]
    return series_picture(panels, title, NOTE, columns=len(shown) if len(shown) > 1 else len(QUANTITIES))


def _panels(quantity: _Quantity, groups: Mapping[str, Mapping[str, Measurement]]) -> list[Panel]:
    """Return a panel a group, all with the same limits."""
    lines = {
        group: [line(outcome, quantity.column, name) for name, outcome in trainings.items()]
        for group, trainings in groups.items()
    }
    ylim = _limits([one for group in lines.values() for one in group])
    return [
        Panel(
            f"{group}: {quantity.title}" if group else quantity.title,
            "epoch",
            quantity.ylabel,
            drawn,
            log_y=True,
            ylim=ylim,
        )
        for group, drawn in lines.items()
    ]


def _limits(lines: Sequence[Curve]) -> tuple[float, float] | None:
    """Return the limits of a logarithmic axis: all values, but only the first of a line that diverged."""
    shown = [value for line in lines for value in (line.y if math.isfinite(line.y[-1]) else line.y[:1])]
    values = [value for value in shown if math.isfinite(value) and value > 0]
    return (min(values) / 1.3, 1.3 * max(values)) if values else None
