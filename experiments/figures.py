"""What the figures of several reports share: a column of an outcome as a line, and all rows on one scale."""

from collections.abc import Sequence

from experiments.experiment import Outcome, Outcomes, Row, measured
from report.bars import Pair, reported_beside_measured
from report.series import Line


def line(outcome: Outcome, column: str, name: str, *, dashed: bool = False, colour: int | None = None) -> Line:
    """Return a column of an outcome by epoch."""
    return Line(name, outcome.series["epoch"], outcome.series[column], dashed=dashed, colour=colour)


def curves(outcome: Outcome, what: str, held_out: str = "test") -> list[Line]:
    """Return the loss or the accuracy by epoch: training, and what was held out."""
    return [
        line(outcome, f"train_{what}", "training", dashed=True, colour=1),
        line(outcome, f"validation_{what}", held_out, colour=1),
    ]


def beside(
    rows: Sequence[Row], outcomes: Outcomes, title: str, *, lower_is_better: bool = False, decimals: int = 1
) -> bytes:
    """Return a PNG of the rows, what was reported beside what is measured."""
    pairs = []
    for row in rows:
        found = measured(row, outcomes)
        pairs.append(Pair(row.title, row.reported, found and found.mean, found and found.deviation))
    return reported_beside_measured(pairs, title, rows[0].unit, lower_is_better, decimals=decimals)
