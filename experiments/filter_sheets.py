"""Pictures of a convolution's filters: of several trainings, during training, and their deconvolution of digits.

A training without an outcome has no row, and a sheet without rows is None; of several seeds the first is drawn. Filters
are (filters, 1, height, width). The errors of the same trainings are drawn in `convergence`.
"""

from experiments.convergence import Tasks, drawable
from experiments.experiment import Measurement, Outcomes
from report.figures.cells import Cell, Picture
from report.figures.sheets import SheetRow, sheet

KEPT = "filters, epoch "  # the name of filters kept during training; the last ones are "filters"
CHANGE = "Change: what training added to the random start."
DECONVOLUTION = (
    "The first test image x of each class, and for each filter transpose(T) (T x + bias), T its Toeplitz matrix."
)


def filter_sheet(outcomes: Outcomes, tasks: Tasks, title: str, first: int | None = None) -> bytes | None:
    """Return a PNG of the filters at the end, all or the `first` of them: a row a training."""
    rows = [SheetRow(name, _last(found)[:first]) for name, found in drawable(outcomes, tasks).items()]
    return sheet(rows, title, columns=_numbered(len(rows[0].cells)), scale="row") if rows else None


def learned_sheet(outcomes: Outcomes, tasks: Tasks, title: str) -> bytes | None:
    """Return a PNG of the filters at the end, then of what training changed in each: a row a training."""
    trainings = {name: _through(found) for name, found in drawable(outcomes, tasks).items()}
    rows = [
        SheetRow(name, [kept[max(kept)] for kept in filters] + [_change(kept) for kept in filters])
        for name, filters in trainings.items()
    ]
    if not rows:
        return None
    names = _numbered(len(rows[0].cells) // 2)
    return sheet(rows, title, CHANGE, columns=names + [f"{name}, change" for name in names], scale="row")


def training_sheet(outcomes: Outcomes, tasks: Tasks, title: str) -> bytes | None:
    """Return a PNG of the filters through training: one row per filter, one column per epoch, then the change."""
    filters = {
        f"{name}, filter {number}": kept
        for name, found in drawable(outcomes, tasks).items()
        for number, kept in enumerate(_through(found), 1)
    }
    epochs = sorted({epoch for kept in filters.values() for epoch in kept})
    rows = [SheetRow(name, [*map(kept.get, epochs), _change(kept)]) for name, kept in filters.items()]
    columns = [*(f"epoch {epoch}" if epoch else "start" for epoch in epochs), "change"]
    return sheet(rows, title, CHANGE, columns=columns, scale="row") if rows else None


def enlarged_sheet(outcomes: Outcomes, task: str, title: str, across: int = 8) -> bytes | None:
    """Return a PNG of all filters of a training at its end, `across` a row, all on one scale."""
    if not outcomes.get(task):
        return None
    cells = [Cell(picture, f"filter {number}") for number, picture in enumerate(_last(outcomes[task][0]), 1)]
    return sheet([SheetRow("", cells[start : start + across]) for start in range(0, len(cells), across)], title)


def deconvolution_sheet(outcomes: Outcomes, task: str, title: str) -> bytes | None:
    """Return a PNG: the filters on top, then for each digit a row with what each filter sees of it."""
    if not outcomes.get(task):
        return None
    filters, seen = _last(outcomes[task][0]), outcomes[task][0].arrays["deconvolution"]
    rows = [SheetRow("filter", [None, *filters])]
    rows += [SheetRow(f"digit {digit}", [Cell(x, kind="grey"), *pictures]) for digit, (x, *pictures) in enumerate(seen)]
    return sheet(rows, title, DECONVOLUTION, columns=["input", *_numbered(len(filters))], scale="row")


def _last(outcome: Measurement) -> list[Picture]:
    return list(outcome.arrays["filters"][:, 0])


def _through(outcome: Measurement) -> list[dict[int, Picture]]:
    """Return for each filter its pictures by the epoch after which they were kept; 0 is the start."""
    epochs = {int(name.removeprefix(KEPT)): kept for name, kept in outcome.arrays.items() if name.startswith(KEPT)}
    epochs[int(outcome.measures["epochs"])] = outcome.arrays["filters"]
    return [
        {epoch: epochs[epoch][index, 0] for epoch in sorted(epochs)} for index in range(len(outcome.arrays["filters"]))
    ]


def _change(kept: dict[int, Picture]) -> Picture:
    return kept[max(kept)] - kept[min(kept)]


def _numbered(filters: int) -> list[str]:
    return [f"filter {number}" for number in range(1, 1 + filters)]
