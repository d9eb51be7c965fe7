"""Download on a cluster: the driver splits the list, Ray Data runs the partitions, the driver records the results.

Only the driver reads the list and uses the journal, so each row is counted once, even if Ray repeats a partition. It
holds a limited part of the list in memory; Ray Data starts no more partitions than the cluster has room for. All rows
of a host are in one partition, which one process at a time works on.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import errors
from data.cluster.connection import Located, cluster, cluster_errors, cpus
from data.cluster.partition_result import PartitionResult
from data.cluster.places import Place
from data.cluster.rows import OpenRow, RowFiles
from data.cluster.worker import PartitionWork, web_environment
from data.download.pending_rows import BATCH, Item, PendingRows
from data.journal import Journal, Outcome
from data.rows import Row
from data.settings import DownloadSettings

_PER_CORE = 4  # partitions for each core of the cluster, so that no core is idle while a large one runs
_FEWEST, _MOST = 16, 256  # number of partitions; up to a thousand rows of each are in memory while the list is read


class RayEngine:
    """`data.download.Engine` on a Ray cluster."""

    def __init__(
        self,
        located: Located,
        place: Place,
        *,
        is_stored: Callable[[str], bool],
        on_partition: Callable[[PartitionResult], None] = lambda done: None,
    ) -> None:
        """`located` comes from `locate`; `on_partition` is called with the result of each partition."""
        self._located = located
        self._place = place
        self._is_stored = is_stored
        self._on_partition = on_partition

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
        """Request the rows that have not ended.

        Raises UsageError when the cluster refuses, ClusterError when it is lost, and the error of a worker.
        """
        warned: set[str] = set()
        with cluster(self._located) as ray:
            partitions = max(_FEWEST, min(_MOST, _PER_CORE * sum(cpus(ray))))
            pending = PendingRows(journal, retry_failed=retry_failed, is_stored=self._is_stored)
            filled = self._split(rows, journal, pending, partitions, on_outcome)
            for result in self._results(ray, filled, settings):
                if result.error:
                    raise getattr(errors, result.kind)(result.error)
                self._on_partition(result)
                for warning in result.warnings:
                    if warning not in warned:
                        warned.add(warning)
                        on_warning(warning)
                for outcome in self._place.merge(journal, result):
                    on_outcome(outcome)
            self._place.clean_up()

    def _split(
        self,
        rows: Iterable[Item],
        journal: Journal,
        pending: PendingRows,
        partitions: int,
        on_outcome: Callable[[Outcome], None],
    ) -> list[int]:
        """Write the rows to request into the files of partitions; return the numbers of those that have rows."""
        items = iter(rows)
        with self._clean_up_on_error(), RowFiles(self._place.storage, partitions) as files:
            while batch := list(islice(items, BATCH)):
                for key, found in pending.sort(batch):
                    if isinstance(found, Row):
                        files.add(OpenRow(found, journal.folder_of(found.name)))
                        continue
                    if found.fresh:
                        journal.record([(key, found)])
                    on_outcome(found)
                journal.commit()
        return sorted((n for n in range(partitions) if files.counts[n]), key=lambda n: -files.counts[n])

    @contextmanager
    def _clean_up_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._place.clean_up()  # no partition has started
            raise

    def _results(self, ray: Any, partitions: list[int], settings: DownloadSettings) -> Iterator[PartitionResult]:
        """The result of each partition when its rows have ended; the largest is started first."""
        if not partitions:
            return
        ray.data.DataContext.get_current().execution_no_progress_timeout_s = -1  # a slow host's partition takes hours
        work = PartitionWork(self._place, settings, web_environment())
        items = ray.data.from_items([{"partition": n} for n in partitions], override_num_blocks=len(partitions))
        with cluster_errors(ray):
            for line in items.map(work.__call__, num_cpus=1).iter_rows():
                yield PartitionResult.from_line(line)
