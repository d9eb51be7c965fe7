"""Run experiments: every task once for each seed, in several processes with one thread each.

Small networks are no faster with two threads, but two trainings at once use two cores. Processes are sent the names of
tasks and return outcomes. Each outcome is also kept on disk, until all experiments of the command are published.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import torch

from data.atomic_write import remove_leftovers
from data.process_pool import in_processes
from data.program import command
from errors import RunError
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import BUDGETS, Budget, Experiment, Measurement
from experiments.kept import FOLDER, Kept
from experiments.recipe import Recipe
from experiments.results import not_measured, publish_results
from experiments.sources import Sources
from report.run_folder import make_out

_DIED = "a process of a task died, most likely out of memory: try --workers 1"


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much is run, and in how many processes."""

    budget: Budget
    max_epochs: int | None = None
    """The upper limit for every training and budget."""
    processes: int = 1


@dataclass(frozen=True)
class Job:
    """One run of one task."""

    experiment: str
    task: str
    seed: int

    def __str__(self) -> str:
        return f"{self.experiment}: {self.task}"


def capped(experiment: Experiment, effort: Effort) -> Experiment:
    """Return the experiment with `max_epochs` applied to each training."""
    tasks = [
        replace(task, most_epochs=effort.max_epochs) if isinstance(task, Recipe) else task for task in experiment.tasks
    ]
    return replace(experiment, tasks=tasks)


def jobs(experiments: Sequence[Experiment], budget: Budget) -> list[Job]:
    """Return all runs in the order of their start. Experiments list their longest tasks first."""
    return [
        Job(experiment.name, task.name, seed)
        for experiment in experiments
        for task in experiment.tasks
        for seed in range(task.seeds.of(budget))
    ]


def command_of(experiment: Experiment, sources: Sources, effort: Effort) -> str:
    """Return the command that gives an experiment's results, with all that decides them and is not the default."""
    usual = Sources()
    chosen = {
        "--budget": (effort.budget, BUDGETS[0]),
        "--max-epochs": (effort.max_epochs, None),
        "--device": (sources.device, usual.device),
        **({"--mnist": (sources.mnist, usual.mnist)} if experiment.digits else {}),
        **({"--faces": (sources.faces, usual.faces)} if experiment.faces else {}),
        **({"--weights": (sources.weights, usual.weights)} if experiment.faces else {}),
    }
    flags = [word for flag, (is_, was) in chosen.items() if is_ != was for word in (flag, str(is_))]
    return command("reproduce", experiment.name, *flags)


def reproduce(
    names: Sequence[str],
    out: Path,
    sources: Sources,
    effort: Effort,
    *,
    on_job: Callable[[str], None] = lambda what: None,
    on_page: Callable[[Path], None] = lambda page: None,
    on_warning: Callable[[str], None] = lambda line: None,
) -> dict[str, str]:
    """Run experiments and publish each one's results in `out` as soon as its last task is done.

    Return what could not be measured, and why, by experiment; empty if all rows were.

    `on_job` is called as each of `jobs` ends, `on_page` with each page written. What an earlier call with the same
    arguments has measured before it was interrupted is not measured again; `on_warning` is called for files of it that
    cannot be used. Raises DatasetError when data are missing, StorageError when `out` cannot be written, ProcessError
    when a process dies. A KeyboardInterrupt is raised again with one line that says how much was done.
    """
    experiments = {name: capped(EXPERIMENTS[name], effort) for name in names}
    data = _identities(experiments, sources)
    make_out(out)
    all_jobs = jobs(list(experiments.values()), effort.budget)
    files = {
        job: _file(out, experiments[job.experiment], job, effort, sources.device, data[job.experiment])
        for job in all_jobs
    }
    measured = _kept(out, files, on_warning)
    open_jobs = [job for job in all_jobs if job not in measured]
    found: dict[str, dict[Job, Measurement]] = {name: {} for name in names}
    waiting = {name: sum(job.experiment == name for job in all_jobs) for name in names}
    missing: dict[str, str] = {}
    arguments = [(job, sources, effort, files[job]) for job in open_jobs]
    try:
        with in_processes(_run, arguments, effort.processes, died=_DIED) as ended:
            for job, outcome in chain(measured.items(), ((open_jobs[number], outcome) for number, outcome in ended)):
                found[job.experiment][job] = outcome
                waiting[job.experiment] -= 1
                on_job(str(job))
                if not waiting[job.experiment]:
                    outcomes = _by_task(experiments[job.experiment], found.pop(job.experiment))
                    experiment = experiments[job.experiment]
                    command = command_of(experiment, sources, effort)
                    on_page(publish_results(out, experiment, outcomes, effort.budget, command))
                    missing[job.experiment] = not_measured(experiment, outcomes)
    except KeyboardInterrupt as stop:
        stop.args = (f"stopped after {len(all_jobs) - sum(waiting.values())} of {len(all_jobs)} trainings",)
        raise
    for file in files.values():
        file.remove()
    return {name: missing[name] for name in names if missing[name]}


def _identities(experiments: Mapping[str, Experiment], sources: Sources) -> dict[str, dict[str, str]]:
    """Return what the data of each experiment are."""
    digits, faces = {}, {}
    if any(experiment.digits for experiment in experiments.values()):
        digits = {"digits": sources.digits_identity()}
    if any(experiment.faces for experiment in experiments.values()):
        faces = {"faces": sources.faces_identity(), "weights": sources.weights_identity()}
    return {
        name: (digits if experiment.digits else {}) | (faces if experiment.faces else {})
        for name, experiment in experiments.items()
    }


def _file(out: Path, experiment: Experiment, job: Job, effort: Effort, device: str, data: dict[str, str]) -> Kept:
    task = experiment.task(job.task)
    epochs = task.length(effort.budget) if isinstance(task, Recipe) else None
    elsewhere = {"device": device} if isinstance(task, Recipe) and device != "cpu" else {}
    settings = {"task": job.task, "seed": job.seed, "budget": effort.budget, "epochs": epochs, "data": data}
    return Kept.of(out, job.experiment, **settings, **elsewhere)


def _kept(out: Path, files: Mapping[Job, Kept], on_warning: Callable[[str], None]) -> dict[Job, Measurement]:
    """Return the measurements that an earlier call has kept."""
    measured = {}
    if (out / FOLDER).is_dir():
        remove_leftovers(out / FOLDER)
    for job, file in files.items():
        try:
            outcome = file.read()
        except RunError as error:
            on_warning(str(error))
        else:
            if outcome is not None:
                measured[job] = outcome
    return measured


def _by_task(experiment: Experiment, found: Mapping[Job, Measurement]) -> dict[str, list[Measurement]]:
    """Return the outcomes of each task, in the order of tasks and seeds."""
    return {
        task.name: [found[job] for job in sorted(found, key=lambda job: job.seed) if job.task == task.name]
        for task in experiment.tasks
    }


def _run(job: Job, sources: Sources, effort: Effort, file: Kept) -> Measurement:
    torch.set_num_threads(1)
    task = capped(EXPERIMENTS[job.experiment], effort).task(job.task)
    outcome = task.run(sources, job.seed, effort.budget)
    file.write(outcome)
    return outcome
