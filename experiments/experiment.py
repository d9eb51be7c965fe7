"""What an experiment is: tasks that measure, rows that put measured beside published, figures to look at.

`recipe` makes the tasks that train a network; others are functions. `reproduce` runs them, `results` writes them.
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
    """A number for either budget: fewer epochs or seeds when it must be quick, the protocol's otherwise."""

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
    """Single numbers; shares are in per cent."""
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Columns: a number an epoch, or whatever the task counts."""
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """What the figures show: filters, pictures, surfaces. Not written to JSON."""
    seconds: float = 0.0
    note: str = ""
    """Why something could not be measured."""


class ExperimentTask(Protocol):
    """Something to run, once for each seed."""

    @property
    def name(self) -> str:
        """What rows and figures call it."""
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
    """A task given by a function: what is measured is no training of one network."""

    name: str
    measure: Callable[[Sources, int, Budget], Measurement]
    seeds: Budgeted = ONCE

    def run(self, sources: Sources, seed: int, budget: Budget) -> Measurement:
        """Measure."""
        return self.measure(sources, seed, budget)


@dataclass(frozen=True, kw_only=True)
class ReportedRow:
    """One line of a report's tables: what a task's measure is called there, and what was published."""

    title: str
    task: str
    measure: str
    reported: float | None = None
    reported_deviation: float | None = None
    unit: str = "%"
    shortened: str = ""
    """What the budget took off its task's protocol, in words; nothing where it ran in full."""


class Measured(NamedTuple):
    """A row's measure over the seeds."""

    mean: float
    deviation: float | None
    """Of the sample; None for one seed."""
    seeds: int
    seconds: float
    """Of all seeds together."""


Outcomes = Mapping[str, Sequence[Measurement]]
"""Task's name -> an outcome a seed."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A report: where it is from, what is run, what it said, and what it showed."""

    name: str
    title: str
    tasks: Sequence[ExperimentTask]
    rows: Sequence[ReportedRow]
    figures: Callable[[Outcomes, Sequence[ReportedRow]], Mapping[str, bytes]]
    """Outcomes -> PNGs by file name, without the ending."""
    choices: Sequence[str]
    """What the report leaves open, and what was chosen; what differs, and why."""
    digits: bool = True
    """Whether it reads MNIST, and"""
    faces: bool = False
    """whether a folder of faces: what is missing is said before anything runs."""

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
    return Measured(float(np.mean(values)), deviation, len(values), sum(run.seconds for run in runs))
