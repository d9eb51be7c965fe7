"""What the figures of several reports share: lines by epoch, and bars of reported beside measured."""

from collections.abc import Sequence

from experiments.experiment import Measurement, Outcomes, ReportedRow, measured
from report.figures.bars import Pair, reported_beside_measured
from report.figures.series import Curve
from report.figures.style import PALETTE, TRAIN, VALIDATION


def line(outcome: Measurement, column: str, name: str, *, colour: int | None = None) -> Curve:
    """Return a column of an outcome by epoch."""
    return Curve(name, outcome.series["epoch"], outcome.series[column], colour=colour)


def curves(outcome: Measurement, what: str, held_out: str = "test") -> list[Curve]:
    """Return the loss or the accuracy by epoch: training, and what was held out, in the colours of a learning curve."""
    return [
        line(outcome, f"train_{what}", "training", colour=PALETTE.index(TRAIN)),
        line(outcome, f"validation_{what}", held_out, colour=PALETTE.index(VALIDATION)),
    ]


def beside(
    rows: Sequence[ReportedRow],
    outcomes: Outcomes,
    title: str,
    *,
    lower_is_better: bool = False,
    decimals: int = 1,
) -> bytes:
    """Return a PNG of the rows, reported beside measured, with a note on how many were shortened."""
    pairs = []
    for row in rows:
        found = measured(row, outcomes)
        pairs.append(Pair(row.title, row.reported, found and found.mean, found and found.deviation))
    cuts = [row.shortened for row in rows if row.shortened]
    note = f"Shortened in {len(cuts)} of {len(rows)} rows: {'; '.join(dict.fromkeys(cuts))}" if cuts else ""
    return reported_beside_measured(pairs, title, rows[0].unit, lower_is_better, note=note, decimals=decimals)
