"""Download a list: request the missing rows, store their crops, record how each row ended.

The bytes come from the web, or from a function: portraits are stored by the same code as photos from the web. The rows
are processed by this process, or by another engine: a cluster, whose processes each call `download_rows`.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Protocol

from data import inside
from data.atomic_write import remove_leftovers
from data.download.host_scheduler import HostScheduler
from data.download.loop import DownloadLoop, Sort
from data.download.manifest import MANIFEST, REPORT, Report, read_report, write_summary
from data.download.partitions import merge_partitions
from data.download.pending_rows import Item, PendingRows
from data.download.placeholders import mark_placeholders
from data.download.worker_pool import RowFetcher, WorkerPool
from data.journal import Journal, Outcome
from data.photos import quiet_decoding
from data.reasons import Reason
from data.rows import UNKNOWN, Origin, Row
from data.settings import DownloadSettings

Fetch = Callable[[Row], bytes]  # a row -> the bytes of its photo


class Engine(Protocol):
    """Processes the rows of a list, as `download_rows` does on one machine."""

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
        """Request the rows that have not ended, and record their outcomes in the journal."""


def download(
    rows: Iterable[Item],
    folder: Path,
    *,
    settings: DownloadSettings,
    fetch: Fetch | None = None,
    engine: Engine | None = None,
    retry_failed: bool = False,
    fingerprint: str | None = None,
    origin: Origin = UNKNOWN,
    alone: bool = False,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    on_warning: Callable[[str], None] = lambda warning: None,
) -> Report:
    """Store a crop of every row in `folder/<person>/`, and write `manifest.csv` and `report.json` of the folder.

    Rows that an earlier run finished are not requested again, failed ones only with `retry_failed`.
    rows          as `lists.select` yields them
    fetch         returns the bytes of a row, called by all workers at once; None: they come from the web
    engine        processes the rows in place of `download_rows`; it then decides itself where bytes come from
    fingerprint   identifies the rows (`lists.list_fingerprint`): if the last run finished rows with the same one, and
                  all its files are there, the rows are not read, and its report is returned
    origin        the list that the rows come from: they take the place of those that it had, other lists keep theirs;
                  its source is noted in a folder for which nothing else is noted
    alone         refuse a folder that is filled from another source
    on_outcome    called in this thread, once for every row selected
    on_warning    called when many rows together show that the list is wrong
    Raises UsageError when the folder was made with another size, mode or filter, StorageError when the disk refuses,
    another process works in the folder, or it is another source's. However the run ends, what is recorded stays.
    """
    started = time.monotonic()
    with Journal(folder, settings.crop_settings) as journal:
        settings = settings.cropping_as(journal.crop_settings)
        if origin.source:
            journal.note_source(origin.source, alone=alone)
        remove_leftovers(folder)
        merge_partitions(journal, folder)
        report = _unchanged(journal, folder, fingerprint, started)
        if report is None or (retry_failed and report.ok < report.rows):
            journal.begin_list(origin)
            process = engine or partial(download_rows, fetch=fetch)
            process(
                rows,
                journal,
                folder,
                settings=settings,
                retry_failed=retry_failed,
                on_outcome=on_outcome,
                on_warning=on_warning,
            )
            journal.end_list()
            mark_placeholders(journal, folder)
            report = write_summary(journal, folder, time.monotonic() - started)
            if fingerprint is not None:
                journal.finish_list(f"{fingerprint}, {_state_of_summary(folder)}")
        return report


def download_rows(
    rows: Iterable[Item],
    journal: Journal,
    folder: Path,
    *,
    settings: DownloadSettings,
    fetch: Fetch | None = None,
    retry_failed: bool = False,
    repair: bool = False,
    is_stored: Callable[[str], bool] | None = None,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    on_warning: Callable[[str], None] = lambda warning: None,
) -> None:
    """The part of `download` that works with an open journal and writes no summary.

    The rows are added to the list that the journal has begun. `is_stored` says whether a crop is there, by its name;
    without it, the folder is looked into. With `repair`, every row is requested, the journal's lists stay as they are,
    and failures are not recorded.
    """
    if repair:
        sort: Sort = _all_of
    else:
        is_stored = is_stored or partial(inside.is_stored, folder)
        sort = PendingRows(journal, retry_failed=retry_failed, is_stored=is_stored).sort

    def record(outcomes: list[tuple[bytes, Outcome]]) -> None:
        journal.record((key, outcome) for key, outcome in outcomes if not repair or outcome.reason is Reason.OK)

    scheduler = HostScheduler(settings.per_host if fetch is None else settings.workers, settings.give_up_after)
    with quiet_decoding(), WorkerPool(_fetcher(settings, fetch), folder, settings) as pool:
        loop = DownloadLoop(
            journal, sort, pool, scheduler, settings, record=record, on_outcome=on_outcome, on_warning=on_warning
        )
        loop.run(iter(rows))


def _all_of(batch: Sequence[Item]) -> Iterator[tuple[bytes, Row]]:
    return ((item.key, item) for item in batch if isinstance(item, Row))


def _fetcher(settings: DownloadSettings, fetch: Fetch | None) -> Callable[[], AbstractContextManager[RowFetcher]]:
    """Where each worker gets its bytes from."""
    if fetch is not None:
        return lambda: nullcontext(lambda row, seconds: fetch(row))
    from data.web import Robots, Web  # requests takes a fifth of a second to import, and portraits do not need it

    return partial(Web, settings, Robots() if settings.respect_robots else None)


def _unchanged(journal: Journal, folder: Path, fingerprint: str | None, started: float) -> Report | None:
    """The last run's report, if it finished the same rows and all its files are there; else None."""
    if fingerprint is None:
        return None
    try:
        finished = journal.finished == f"{fingerprint}, {_state_of_summary(folder)}"
        if not finished or not _all_present(journal, folder):
            return None
    except OSError:
        return None
    return read_report(folder, time.monotonic() - started)


def _state_of_summary(folder: Path) -> str:
    """Size and time of the manifest and the report, by which a change of them is noticed."""
    states = [(folder / name).stat() for name in (MANIFEST, REPORT)]
    return ", ".join(f"{state.st_size} bytes of {state.st_mtime_ns}" for state in states)


def _all_present(journal: Journal, folder: Path) -> bool:
    """Whether there is a file for every crop of the journal; `verify` checks what is in it."""
    for person, files in groupby(journal.files(), key=lambda file: file.partition("/")[0]):
        if inside.inside(folder, f"{person}/") is None:
            return False
        present = {entry.name for entry in os.scandir(folder / person) if entry.is_file()}
        if not all(file.partition("/")[2] in present for file in files):
            return False
    return True
