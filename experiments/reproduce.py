"""Run experiments: every task once for each seed, in several processes with one thread each.

Small networks are no faster with two threads, but two trainings at once use two cores. Processes are sent the names of
tasks and return outcomes.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from data.photos.folder import read_folder
from errors import RunError
from experiments.catalogue import EXPERIMENTS
from experiments.experiment import Budget, Experiment, Measurement
from experiments.recipe import Recipe
from experiments.results import publish_results
from experiments.sources import Sources
from report.run_folder import make_out


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


def reproduce(
    names: Sequence[str],
    out: Path,
    sources: Sources,
    effort: Effort,
    *,
    on_job: Callable[[str], None] = lambda what: None,
    on_page: Callable[[Path], None] = lambda page: None,
) -> None:
    """Run experiments and publish each one's results in `out` as soon as its last task is done.

    `on_job` is called as each of `jobs` ends, `on_page` with each page written. Raises DatasetError when data are
    missing, StorageError when `out` cannot be made, RunError when a process dies.
    """
    experiments = {name: capped(EXPERIMENTS[name], effort) for name in names}
    if any(experiment.digits for experiment in experiments.values()):
        sources.digits()
    if any(experiment.faces for experiment in experiments.values()):
        read_folder(sources.faces)
    make_out(out)
    open_jobs = jobs(list(experiments.values()), effort.budget)
    found: dict[str, dict[str, dict[int, Measurement]]] = {name: {} for name in names}
    waiting = {name: sum(job.experiment == name for job in open_jobs) for name in names}
    with _pool(effort.processes) as pool:
        running: dict[Future[Measurement], Job] = {pool.submit(_run, job, sources, effort): job for job in open_jobs}
        for future in as_completed(running):
            job = running[future]
            found[job.experiment].setdefault(job.task, {})[job.seed] = future.result()
            on_job(str(job))
            waiting[job.experiment] -= 1
            if not waiting[job.experiment]:
                outcomes = {
                    task: [runs[seed] for seed in sorted(runs)] for task, runs in found.pop(job.experiment).items()
                }
                on_page(publish_results(out, experiments[job.experiment], outcomes, effort.budget))


@contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end with this one, also when it is interrupted or one of their tasks fails."""
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _prepare)
    try:
        yield pool
        pool.shutdown()
    except BrokenProcessPool as error:
        raise RunError("a process of a task died, most likely out of memory: try --workers 1") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()


def _prepare() -> None:
    """Set up a process: one thread; Ctrl-C is handled by its parent."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(job: Job, sources: Sources, effort: Effort) -> Measurement:
    task = capped(EXPERIMENTS[job.experiment], effort).task(job.task)
    return task.run(sources, job.seed, effort.budget)
