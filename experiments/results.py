"""An experiment's results as files: NAME.json for programs, NAME.md for people, and the figures NAME/*.png.

Files are written by `data.atomic_write`, so a file is complete or does not exist.
"""

import json
import math
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from itertools import compress
from pathlib import Path
from typing import Any

import torch

from data.atomic_write import atomic_write
from data.wording import count
from experiments.experiment import (
    Budget,
    Experiment,
    ExperimentTask,
    Measured,
    Measurement,
    Outcomes,
    ReportedRow,
    measured,
)
from experiments.recipe import Recipe

UNFOLDED = 2  # figures of a page that need no click
FEWEST_WITH_MEDIAN = 3  # seeds


def publish_results(out: Path, experiment: Experiment, outcomes: Outcomes, budget: Budget, command: str) -> Path:
    """Write the figures, NAME.json and last NAME.md; return the latter's path. `command` is what gives them."""
    rows = [replace(row, shortened=shortened(experiment.task(row.task), budget)) for row in experiment.rows]
    experiment = replace(experiment, rows=rows)
    figures = experiment.figures(outcomes, experiment.rows)
    for name, png in figures.items():
        atomic_write(out / experiment.name / f"{name}.png", png)
    atomic_write(out / f"{experiment.name}.json", _json(experiment, outcomes, budget, command))
    page = out / f"{experiment.name}.md"
    atomic_write(page, _encoded(_markdown(experiment, outcomes, command, list(figures))))
    return page


def not_measured(experiment: Experiment, outcomes: Outcomes) -> str:
    """Return which tasks' rows could not be measured, and why, in one line; empty if all were."""
    rows = [row for row in experiment.rows if measured(row, outcomes) is None]
    tasks = Counter((row.task, _note(row, outcomes) or "its task does not give this number") for row in rows)
    reasons = dict.fromkeys(reason for _, reason in tasks)
    parts = []
    for reason in reasons:
        own = {task: number for (task, why), number in tasks.items() if why == reason}
        parts.append(f"{', '.join(own)} ({count(sum(own.values()), 'row')}): {reason}")
    return "; ".join(parts)


def _json(experiment: Experiment, outcomes: Outcomes, budget: Budget, command: str) -> bytes:
    found = {
        "experiment": experiment.name,
        "title": experiment.title,
        "budget": budget,
        "command": command,
        "seconds": round(_seconds(outcomes), 2),
        "rows": [_row(row, outcomes) for row in experiment.rows],
        "runs": {name: [_run(seed, run) for seed, run in enumerate(outcomes[name])] for name in sorted(outcomes)},
        "found": list(experiment.found),
        "choices": list(experiment.choices),
        "versions": {"python": platform.python_version(), "torch": str(torch.__version__)},
    }
    return _encoded(json.dumps(_plain(found), indent=1, ensure_ascii=False) + "\n")


def _row(row: ReportedRow, outcomes: Outcomes) -> dict[str, Any]:
    found = measured(row, outcomes)
    numbers = dict.fromkeys(Measured._fields) | {"seeds": 0} if found is None else found._asdict()
    return {
        **asdict(row),
        "measured": numbers.pop("mean"),
        **numbers,
        "note": _note(row, outcomes),
    }


def _run(seed: int, run: Measurement) -> dict[str, Any]:
    """Return a run as JSON; columns by epoch only for the first seed, whose figures are drawn."""
    series = {"series": run.series} if seed == 0 else {}
    return {"seed": seed, "seconds": round(run.seconds, 2), "measures": run.measures, **series}


def _markdown(experiment: Experiment, outcomes: Outcomes, command: str, figures: Sequence[str]) -> str:
    """Return the page: what was found, the brief rows and the first figures; the rest folded."""
    missing, rows = not_measured(experiment, outcomes), experiment.rows
    brief = [row for row in rows if row.brief] or rows
    pictures = [f"![{name}]({experiment.name}/{name}.png)" for name in figures]
    choices = [f"- {choice}" for choice in experiment.choices]
    parts = [
        f"# {experiment.title}",
        *experiment.found,
        _table(brief, outcomes, experiment.elsewhere),
        f"Not measured: {missing}" if missing else "",
        *pictures[:UNFOLDED],
        _folded(count(len(rows), "row"), _table(rows, outcomes, experiment.elsewhere))
        if len(brief) < len(rows)
        else "",
        _folded("What the report leaves open, what was chosen, and what differs", "\n".join(choices)),
        _folded("More figures", "\n\n".join(pictures[UNFOLDED:])) if pictures[UNFOLDED:] else "",
        f"`{command}`: {_seconds(outcomes):,.0f} s of computing, torch {torch.__version__}.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _folded(title: str, text: str) -> str:
    """Return what a page of Markdown shows when its title is clicked."""
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _table(rows: Sequence[ReportedRow], outcomes: Outcomes, elsewhere: str) -> str:
    """Return the rows as a table; a column that says nothing of any row is left out."""
    lines = [_line(row, outcomes) for row in rows]
    columns = ["", "reported", "measured", "median", "seeds", elsewhere, "shortened to"]
    aligned = ["---", *["---:"] * 5, "---"]
    shown = [any(cells) for cells in zip(*lines, strict=True)]
    table = [columns, aligned, *lines]
    return "\n".join(f"| {' | '.join(compress(cells, shown))} |" for cells in table)


def _line(row: ReportedRow, outcomes: Outcomes) -> list[str]:
    found = measured(row, outcomes)
    return [
        row.title,
        _number(row.reported, row.reported_deviation, row.unit),
        "not measured" if found is None else _number(found.mean, found.deviation, row.unit) + _ended(row, outcomes),
        _number(found.median, None, row.unit) if found and found.seeds >= FEWEST_WITH_MEDIAN else "",
        str(found.seeds if found else 0),
        row.elsewhere,
        row.shortened,
    ]


def _ended(row: ReportedRow, outcomes: Outcomes) -> str:
    """Return " (budget)" for a number of epochs that is where the budget ended a training, not early stopping."""
    runs = [run.measures for run in outcomes[row.task] if row.measure == "epochs" and row.measure in run.measures]
    ended = sum(run.get("stopped_early") == 0 for run in runs)
    if not ended:
        return ""
    return " (budget)" if ended == len(runs) else f" (budget in {ended} of {count(len(runs), 'run')})"


def _note(row: ReportedRow, outcomes: Outcomes) -> str:
    return next((run.note for run in outcomes.get(row.task, ()) if run.note), "")


def _number(value: float | None, deviation: float | None, unit: str) -> str:
    if value is None:
        return ""
    text = _digits(value, unit) if math.isfinite(value) else "diverged"
    if deviation is not None and math.isfinite(deviation):
        text += f" ± {_digits(deviation, unit)}"
    return f"{text}%" if unit == "%" else f"{text} {unit}".rstrip()


def _digits(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.2f}"
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else f"{value:.3g}"


def shortened(task: ExperimentTask, budget: Budget) -> str:
    """Return how a budget shortens a task's protocol, in words; empty if it does not."""
    parts = []
    if isinstance(task, Recipe):
        if task.length(budget) < task.epochs.full:
            parts.append(f"{task.length(budget)} of {task.epochs.full} epochs")
        if task.samples is not None and task.samples.of(budget) < task.samples.full:
            parts.append(f"{task.samples.of(budget):,} training samples")
    if task.seeds.of(budget) < task.seeds.full:
        parts.append(f"{task.seeds.of(budget)} of {task.seeds.full} seeds")
    return ", ".join(parts)


def _seconds(outcomes: Outcomes) -> float:
    return sum(run.seconds for runs in outcomes.values() for run in runs)


def _encoded(text: str) -> bytes:
    """Return UTF-8; bytes of a file's name that are no text, in the command, become escapes."""
    return text.encode(errors="backslashreplace")


def _plain(value: Any) -> Any:
    """Return `value` for JSON: NaN and infinities become None, floats have six digits."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
