"""A list of rows -> a folder of crops: ask for what is missing, keep what is right, write down what became of each row.

Set up here, done by others: `work` goes through the list, `pool` asks, `journal` remembers, `summary` tells the end.
Where the bytes come from is a function that can be exchanged, so portraits drawn here go the same way as photos from
the web. So is the engine that goes through the rows: this process, or a cluster's (`cluster`), which calls
`work_through` in each of its own.
"""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Protocol

from data.atomic_write import remove_leftovers
from data.download.host_scheduler import HostScheduler
from data.download.loop import DownloadLoop
from data.download.manifest import MANIFEST, REPORT, Report, read_report, write_summary
from data.download.partitions import take_over
from data.download.pending_rows import Item, PendingRows
from data.download.worker_pool import Ask, WorkerPool
from data.journal.journal import Journal, OutcomeStore
from data.journal.outcomes import Outcome
from data.photos.decoding import quiet_decoding
from data.rows import Row
from data.settings import DownloadSettings

Fetch = Callable[[Row], bytes]


class Engine(Protocol):
    """What goes through the rows of a list: `work_through` does as one machine, others do as many."""

    def __call__(
        self,
        rows: Iterable[Item],
        journal: Journal,
        folder: Path,
        *,
        settings: DownloadSettings,
        retry_failed: bool,
        on_outcome: Callable[[Outcome], None],
        on_warning: Callable[[str], None],
    ) -> None:
        """End every row that is to be asked for, and write down in the journal how."""


def download(
    rows: Iterable[Item],
    folder: Path,
    *,
    settings: DownloadSettings,
    fetch: Fetch | None = None,
    engine: Engine | None = None,
    retry_failed: bool = False,
    mark: str | None = None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    on_warning: Callable[[str], None] = lambda warning: None,
) -> Report:
    """Store a crop of every row that can be had in `folder/<person>/` and publish `manifest.csv` and `report.json`.

    Rows that an earlier run finished are not asked for again, failed ones only with `retry_failed`. `on_outcome` is
    called, in this thread, once for every row selected, `on_warning` when the rows together look wrong. `fetch` gives a
    row's bytes, and is called by all workers at once; without it the web does. `engine` goes through the rows in the
    place of `work_through`, and then knows itself where bytes come from. `mark` stands for the rows (for a list
    `lists.mark_of` makes it): when the last run came to the end of rows with the same mark, and all that it left is
    still in its place, then the rows are not even read, and its report is returned.
    Raises UsageError when the folder was made with another size, mode or filter, StorageError when the disk refuses
    or another process works in the folder. Whatever ends the run, what has been done stays done.
    """
    started = time.monotonic()
    with Journal(folder, settings.crop_settings) as journal:
        remove_leftovers(folder)
        take_over(journal, folder)
        report = _unchanged(journal, folder, mark, started)
        if report is None or (retry_failed and report.ok < report.rows):
            go_through = engine or partial(work_through, fetch=fetch)
            go_through(
                rows,
                journal,
                folder,
                settings=settings,
                retry_failed=retry_failed,
                on_outcome=on_outcome,
                on_warning=on_warning,
            )
            report = write_summary(journal, folder, time.monotonic() - started)
            if mark is not None:
                journal.finish_list(f"{mark}, {_published(folder)}")
        return report


def work_through(
    rows: Iterable[Item],
    journal: OutcomeStore,
    folder: Path,
    *,
    settings: DownloadSettings,
    fetch: Fetch | None = None,
    retry_failed: bool = False,
    is_stored: Callable[[str], bool] | None = None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    on_warning: Callable[[str], None] = lambda warning: None,
) -> None:
    """Do as `download` does with a journal that is open, and publish no summary.

    `is_stored` tells whether a crop is in its place, by its name; without it the folder does.
    """
    is_stored = is_stored or (lambda file: (folder / file).is_file())
    admission = PendingRows(journal, retry_failed=retry_failed, is_stored=is_stored)
    with quiet_decoding(), WorkerPool(_source(settings, fetch), folder, settings) as pool:
        scheduler = HostScheduler(settings.per_host if fetch is None else settings.workers, settings.give_up_after)
        work = DownloadLoop(
            journal,
            admission,
            pool,
            scheduler,
            settings,
            on_outcome=on_outcome,
            on_warning=on_warning,
        )
        work.work_through(iter(rows))


def _source(settings: DownloadSettings, fetch: Fetch | None) -> Callable[[], AbstractContextManager[Ask]]:
    """What each worker asks for bytes."""
    if fetch is not None:
        return lambda: nullcontext(lambda row, seconds: fetch(row))
    from data.web.client import Web  # requests takes a fifth of a second to import, and portraits need none of it
    from data.web.robots import Robots

    return partial(Web, settings, Robots() if settings.respect_robots else None)


def _unchanged(journal: Journal, folder: Path, mark: str | None, started: float) -> Report | None:
    """The last run's report, if it came to the end of the same rows and all it left is in its place; else None."""
    try:
        if mark is None or journal.finished != f"{mark}, {_published(folder)}" or not _all_present(journal, folder):
            return None
    except OSError:
        return None
    return read_report(folder, time.monotonic() - started)


def _published(folder: Path) -> str:
    """What tells whether the manifest and the report are still those of a run."""
    states = [(folder / name).stat() for name in (MANIFEST, REPORT)]
    return ", ".join(f"{state.st_size} bytes of {state.st_mtime_ns}" for state in states)


def _all_present(journal: Journal, folder: Path) -> bool:
    """Whether every crop of the journal is there, whatever it holds: `verify` looks inside."""
    for person, files in groupby(journal.files(), key=lambda file: file.partition("/")[0]):
        present = {entry.name for entry in os.scandir(folder / person) if entry.is_file()}
        if not all(file.partition("/")[2] in present for file in files):
            return False
    return True
