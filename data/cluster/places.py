"""The two places a cluster downloads to: a folder that all machines share, or a URL.

    a folder   crops go straight to `DIR/<person>/`; a partition's journal lies in DIR, so a process that takes over
               from a killed one asks again only for rows that were in flight
    a URL      crops and outcomes are packed into shards, which are the journal there too; a process that takes over
               asks again for what no shard holds yet

A place says how a partition is worked through, in a worker, and how its outcomes come into the journal of the whole, in
the driver. Both send it to other processes, so it holds names alone.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from data.atomic_write import remove_leftovers
from data.cluster.done import Done
from data.cluster.rows import read_rows, rows_file
from data.cluster.shards import Packed, Packer, names, read_shard
from data.cluster.storage import Storage
from data.download import partitions as left_over
from data.download.partitions import merge, patiently
from data.download.run import work_through
from data.journal.journal import PARTITIONS, Journal
from data.journal.outcomes import Outcome
from data.rows import Row
from data.settings import DownloadSettings

_AT_ONCE = 1000  # outcomes written down together


class Place(Protocol):
    """Where crops go."""

    storage: Storage

    def work(self, partition: int, settings: DownloadSettings) -> Done:
        """Work through the partition's rows, from wherever an earlier attempt came to."""
        ...

    def merge(self, journal: Journal, done: Done) -> Iterator[Outcome]:
        """Write down in `journal` how the partition's rows ended, yield it, and remove what the partition needed."""
        ...

    def tidy(self) -> None:
        """Remove what lost processes have left, now that none is working."""


class FolderPlace:
    """A folder that all machines share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.storage = Storage(self._folder)

    def work(self, partition: int, settings: DownloadSettings) -> Done:
        """Crops go to the folder, lines to the partition's own journal."""
        done = Done(partition)
        with patiently(self._partition(partition), settings.crop_settings) as journal:
            work_through(
                _rows(self.storage, partition, journal),
                journal,
                self._folder,
                settings=settings,
                on_outcome=done.count,
                on_warning=done.warnings.append,
            )
        return done

    def merge(self, journal: Journal, done: Done) -> Iterator[Outcome]:
        """Take over the partition's journal."""
        yield from merge(journal, self._partition(done.partition))
        left_over.remove(self._partition(done.partition))

    def tidy(self) -> None:
        """Remove half-written crops, and the partitions' folder."""
        remove_leftovers(self._folder)
        self.storage.remove(PARTITIONS)

    def _partition(self, partition: int) -> Path:
        return self._folder / Path(rows_file(partition)).parent


class UrlPlace:
    """A URL; `run` counts the runs that wrote there."""

    def __init__(self, url: str, run: int) -> None:
        self.storage = Storage(url)
        self._run = run

    def work(self, partition: int, settings: DownloadSettings) -> Done:
        """Crops and a journal stand in a temporary folder of this machine until they are packed."""
        done = Done(partition)
        prefix = f"{self._run:04d}-{partition:05d}-"
        written = names(self.storage, prefix)
        with tempfile.TemporaryDirectory(prefix="faces-") as scratch:
            folder = Path(scratch)
            packer = Packer(self.storage, folder, prefix, settings.crop_settings)
            packer.shards += written

            def on_outcome(outcome: Outcome) -> None:
                packer.add(outcome)
                done.count(outcome)

            with Journal(folder, settings.crop_settings, alone=True) as journal:
                for _ in record_all(journal, self.storage, written):
                    pass
                work_through(
                    _rows(self.storage, partition, journal),
                    journal,
                    folder,
                    settings=settings,
                    is_stored=lambda file: True,  # what is in the journal is in a shard, or will be
                    on_outcome=on_outcome,
                    on_warning=done.warnings.append,
                )
            packer.flush()
        done.shards.extend(packer.shards)
        return done

    def merge(self, journal: Journal, done: Done) -> Iterator[Outcome]:
        """Take over what the shards say."""
        yield from record_all(journal, self.storage, done.shards)
        self.storage.remove(f"{PARTITIONS}/{done.partition:05d}")

    def tidy(self) -> None:
        """Remove the files of rows."""
        self.storage.remove(PARTITIONS)


def record_all(journal: Journal, storage: Storage, shards: list[str]) -> Iterator[Outcome]:
    """Write down in `journal` what the shards say, and whose folders their crops are in; yield it."""
    for name in shards:
        batch: list[Packed] = []
        for packed in read_shard(storage, name):
            batch.append(packed)
            if len(batch) == _AT_ONCE:
                yield from _recorded(journal, batch)
                batch = []
        yield from _recorded(journal, batch)


def _recorded(journal: Journal, batch: list[Packed]) -> Iterator[Outcome]:
    journal.record([(packed.key, packed.outcome) for packed in batch])
    stored = [(p.outcome.row, p.outcome.file) for p in batch if p.outcome.file is not None]
    journal.claim({(row.name, file.partition("/")[0]) for row, file in stored if isinstance(row, Row)})
    journal.commit()
    yield from (packed.outcome for packed in batch)


def _rows(storage: Storage, partition: int, journal: Journal) -> Iterator[Row]:
    """The partition's rows; whose folders theirs are is noted in `journal` first."""
    for rows in read_rows(storage, partition):
        journal.claim({(row.name, person) for row, person in rows})
        yield from (row for row, _ in rows)
