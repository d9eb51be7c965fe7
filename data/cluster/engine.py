"""The engine of a cluster: the driver lets rows in, hands partitions out through Ray Data, and writes down what came.

The driver alone reads the list and touches the journal, so each row is counted once, whatever Ray repeats. It holds a
bounded part of the list; Ray Data holds back what the cluster has no room for. A host's rows are all in one partition,
and a partition is worked through by one process at a time.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import errors
from data.cluster.connection import Located, cluster, cpus, losses
from data.cluster.done import Done
from data.cluster.places import Place
from data.cluster.rows import OpenRow, RowFiles
from data.cluster.worker import PartitionWork, way_to_the_web
from data.download.pending_rows import BATCH, Item, PendingRows
from data.journal.journal import Journal
from data.journal.outcomes import Outcome
from data.rows import Row
from data.settings import DownloadSettings

_A_CORE = 4  # partitions a core of the cluster: those with much to do leave the others something to do meanwhile
_FEWEST, _MOST = 16, 256  # partitions; of each up to a thousand rows are held while the list is read


class RayEngine:
    """`data.download.Engine` on a Ray cluster."""

    def __init__(
        self,
        located: Located,
        place: Place,
        *,
        is_stored: Callable[[str], bool],
        on_partition: Callable[[Done], None] = lambda done: None,
    ) -> None:
        """`located` is what `connection.locate` found; `on_partition` is told of each partition that ended."""
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
        """Work through the rows.

        UsageError when the cluster does not let us in, ClusterError when it is lost, and what a worker's error is.
        """
        warned: set[str] = set()
        with cluster(self._located) as ray:
            partitions = max(_FEWEST, min(_MOST, _A_CORE * sum(cpus(ray))))
            admission = PendingRows(journal, retry_failed=retry_failed, is_stored=self._is_stored)
            open_ones = self._split(rows, journal, admission, partitions, on_outcome)
            for done in self._worked(ray, open_ones, settings):
                if done.error:
                    raise getattr(errors, done.kind)(done.error)
                self._on_partition(done)
                for warning in done.warnings:
                    if warning not in warned:
                        warned.add(warning)
                        on_warning(warning)
                for outcome in self._place.merge(journal, done):
                    on_outcome(outcome)
            self._place.tidy()

    def _split(
        self,
        rows: Iterable[Item],
        journal: Journal,
        admission: PendingRows,
        partitions: int,
        on_outcome: Callable[[Outcome], None],
    ) -> list[int]:
        """Write the rows that are to be asked for into partitions' files; return which partitions have any."""
        journal.begin_list()
        items = iter(rows)
        with self._tidied_if_not_whole(), RowFiles(self._place.storage, partitions) as files:
            while batch := list(islice(items, BATCH)):
                for key, found in admission.admit(batch):
                    if isinstance(found, Row):
                        files.add(OpenRow(found, journal.folder_of(found.name)))
                        continue
                    if found.fresh:
                        journal.record([(key, found)])
                    on_outcome(found)
                journal.commit()
        return sorted((n for n in range(partitions) if files.counts[n]), key=lambda n: -files.counts[n])

    @contextmanager
    def _tidied_if_not_whole(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._place.tidy()  # nothing has been worked through yet
            raise

    def _worked(self, ray: Any, partitions: list[int], settings: DownloadSettings) -> Iterator[Done]:
        """Each partition as its rows have ended, the largest begun first."""
        if not partitions:
            return
        ray.data.DataContext.get_current().execution_no_progress_timeout_s = -1  # a slow host's partition takes hours
        work = PartitionWork(self._place, settings, way_to_the_web())
        items = ray.data.from_items([{"partition": n} for n in partitions], override_num_blocks=len(partitions))
        with losses(ray):
            for line in items.map(work.__call__, num_cpus=1).iter_rows():
                yield Done.from_line(line)
