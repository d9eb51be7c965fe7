"""An experiment: tasks that measure, rows that compare measured with published numbers, and figures.

Tasks that train a network are in `recipe`, others are functions. `reproduce` runs them, `results` writes the results.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.sources import Sources

Budget = Literal["quick", "full"]
BUDGETS: tuple[Budget, ...] = ("quick", "full")


class Budgeted(NamedTuple):
    """A number for each budget: that of the report's protocol for `full`, a smaller one for `quick`."""

    quick: int
    full: int

    def of(self, budget: Budget) -> int:
        """Return the number for a budget."""
        return self.quick if budget == "quick" else self.full


ONCE = Budgeted(1, 1)


@dataclass(frozen=True)
class Measurement:
    """What one run of a task measured."""

    measures: Mapping[str, float] = field(default_factory=dict)
    """Single numbers; fractions are in per cent."""
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Columns: one number per epoch, or per whatever the task counts."""
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """For the figures: filters, pictures, surfaces. Not written to JSON."""
    seconds: float = 0.0
    note: str = ""
    """Why something could not be measured."""


class ExperimentTask(Protocol):
    """Something to run, once for each seed."""

    @property
    def name(self) -> str:
        """Its name in rows and figures."""
        ...

    @property
    def seeds(self) -> Budgeted:
        """How many seeds, from 0 on."""
        ...

    def run(self, sources: Sources, seed: int, budget: Budget) -> Measurement:
        """Measure. Raises an error of `errors` when the data are missing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Study:
    """A task given by a function, on the processor: for measurements other than the training of one network."""

    name: str
    measure: Callable[[Sources, int, Budget], Measurement]
    seeds: Budgeted = ONCE

    def run(self, sources: Sources, seed: int, budget: Budget) -> Measurement:
        """Measure."""
        return self.measure(sources, seed, budget)


@dataclass(frozen=True, kw_only=True)
class ReportedRow:
    """One line of a report's tables: its title there, the measure of a task, and the published number."""

    title: str
    task: str
    measure: str
    reported: float | None = None
    reported_deviation: float | None = None
    unit: str = "%"
    brief: bool = False
    """Whether it is among the few rows that the page shows first; the others are folded."""
    elsewhere: str = ""
    """What was measured on another machine, as `Experiment.elsewhere` says, in words."""
    shortened: str = ""
    """How the budget shortened the protocol, in words; empty if it did not."""


class Measured(NamedTuple):
    """A row's measure over the seeds."""

    mean: float
    deviation: float | None
    """Of the sample; None for one seed."""
    median: float
    seeds: int
    seconds: float
    """Of all seeds together."""


Outcomes = Mapping[str, Sequence[Measurement]]
"""Name of a task -> one outcome per seed."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A report: its title, tasks, published numbers and figures."""

    name: str
    title: str
    tasks: Sequence[ExperimentTask]
    rows: Sequence[ReportedRow]
    figures: Callable[[Outcomes, Sequence[ReportedRow]], Mapping[str, bytes]]
    """Outcomes -> PNGs by file name, without the ending."""
    choices: Sequence[str]
    """What the report does not state, and what was chosen; what differs, and why."""
    found: Sequence[str] = ()
    """What the reproduction found, in a sentence or two each."""
    elsewhere: str = ""
    """Title of the column of figures from another machine, if rows have any."""
    digits: bool = True
    """Whether it reads MNIST."""
    faces: bool = False
    """Whether it reads a folder of faces. Missing data are an error before anything runs."""

    def task(self, name: str) -> ExperimentTask:
        """Return a task by its name."""
        return next(task for task in self.tasks if task.name == name)


def measured(row: ReportedRow, outcomes: Outcomes) -> Measured | None:
    """Return a row's measure over the seeds; None when its task could not measure it."""
    runs = outcomes.get(row.task, ())
    values = [run.measures[row.measure] for run in runs if row.measure in run.measures]
    if not values:
        return None
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    seconds = sum(run.seconds for run in runs)
    return Measured(float(np.mean(values)), deviation, float(np.median(values)), len(values), seconds)
