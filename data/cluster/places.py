"""The two destinations of a cluster's download: a folder that all machines share, or a URL.

    a folder   crops are written to `DIR/<person>/`; a partition's journal is in DIR, so a process that replaces a
               killed one requests only the rows that were in progress
    a URL      crops and outcomes are packed into shards, which also serve as the journal; a process that replaces a
               killed one requests every row that is in no shard yet

A worker calls `work` to download a partition, and the driver `merge` to record its outcomes. Both send the object to
other processes, so it holds only names.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from data.atomic_write import remove_leftovers
from data.cluster.partition_result import PartitionResult
from data.cluster.rows import read_rows, rows_file
from data.cluster.shards import Packed, Packer, names, read_shard
from data.cluster.storage import Storage
from data.download.partitions import merge, open_partition, remove
from data.download.run import download_rows
from data.journal import PARTITIONS, Journal, Outcome
from data.rows import Row
from data.settings import DownloadSettings

_BATCH = 1000  # outcomes recorded together


class Place(Protocol):
    """A destination of crops."""

    storage: Storage

    def work(self, partition: int, settings: DownloadSettings) -> PartitionResult:
        """Download the partition's rows that no earlier attempt has finished."""
        ...

    def merge(self, journal: Journal, result: PartitionResult) -> Iterator[Outcome]:
        """Record the outcomes of the partition in `journal`, yield them, and remove the partition's files."""
        ...

    def clean_up(self) -> None:
        """Remove what lost processes have left; called when no worker runs."""


class FolderPlace:
    """A folder that all machines share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.storage = Storage(self._folder)

    def work(self, partition: int, settings: DownloadSettings) -> PartitionResult:
        """Write crops to the folder, and outcomes to the partition's own journal."""
        result = PartitionResult(partition)
        with open_partition(self._partition(partition), settings.crop_settings) as journal:
            journal.begin_list()
            download_rows(
                _rows(self.storage, partition, journal),
                journal,
                self._folder,
                settings=settings,
                on_outcome=result.count,
                on_warning=result.warnings.append,
            )
        return result

    def merge(self, journal: Journal, result: PartitionResult) -> Iterator[Outcome]:
        """Merge the partition's journal."""
        yield from merge(journal, self._partition(result.partition))
        remove(self._partition(result.partition))

    def clean_up(self) -> None:
        """Remove half-written crops, and the folder of partitions."""
        remove_leftovers(self._folder)
        self.storage.remove(PARTITIONS)

    def _partition(self, partition: int) -> Path:
        return self._folder / Path(rows_file(partition)).parent


class UrlPlace:
    """A URL; `run` counts the runs that wrote there."""

    def __init__(self, url: str, run: int) -> None:
        self.storage = Storage(url)
        self._run = run

    def work(self, partition: int, settings: DownloadSettings) -> PartitionResult:
        """Keep crops and a journal in a temporary folder of this machine until they are packed."""
        result = PartitionResult(partition)
        prefix = f"{self._run:04d}-{partition:05d}-"
        written = names(self.storage, prefix)
        with tempfile.TemporaryDirectory(prefix="faces-") as scratch:
            folder = Path(scratch)
            packer = Packer(self.storage, folder, prefix, settings.crop_settings)
            packer.shards += written

            def on_outcome(outcome: Outcome) -> None:
                packer.add(outcome)
                result.count(outcome)

            with Journal(folder, settings.crop_settings, alone=True) as journal:
                for _ in record_all(journal, self.storage, written):
                    pass
                journal.begin_list()
                download_rows(
                    _rows(self.storage, partition, journal),
                    journal,
                    folder,
                    settings=settings,
                    is_stored=lambda file: True,  # what is in the journal is in a shard, or will be soon
                    on_outcome=on_outcome,
                    on_warning=result.warnings.append,
                )
            packer.flush()
        result.shards.extend(packer.shards)
        return result

    def merge(self, journal: Journal, result: PartitionResult) -> Iterator[Outcome]:
        """Record the outcomes of the partition's shards."""
        yield from record_all(journal, self.storage, result.shards)
        self.storage.remove(f"{PARTITIONS}/{result.partition:05d}")

    def clean_up(self) -> None:
        """Remove the files of rows."""
        self.storage.remove(PARTITIONS)


def record_all(journal: Journal, storage: Storage, shards: list[str]) -> Iterator[Outcome]:
    """Record the outcomes of the shards in `journal`, with the folders of people; yield them."""
    for name in shards:
        batch: list[Packed] = []
        for packed in read_shard(storage, name):
            batch.append(packed)
            if len(batch) == _BATCH:
                yield from _recorded(journal, batch)
                batch = []
        yield from _recorded(journal, batch)


def _recorded(journal: Journal, batch: list[Packed]) -> Iterator[Outcome]:
    journal.record([(packed.key, packed.outcome) for packed in batch])
    stored = [(p.outcome.row, p.outcome.file) for p in batch if p.outcome.file is not None]
    journal.assign_folders({(row.name, file.partition("/")[0]) for row, file in stored if isinstance(row, Row)})
    journal.commit()
    yield from (packed.outcome for packed in batch)


def _rows(storage: Storage, partition: int, journal: Journal) -> Iterator[Row]:
    """The partition's rows; the folders of their people are first noted in `journal`."""
    for rows in read_rows(storage, partition):
        journal.assign_folders({(row.name, person) for row, person in rows})
        yield from (row for row, _ in rows)
