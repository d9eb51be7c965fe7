"""The partitions of a list that a cluster's run leaves in a folder when it is killed, with a journal each.

A partition is a folder in `DIR/.partitions`. Its journal has the rows whose crops are stored in DIR already. A
download, `verify` and `forget` first merge these journals into DIR's own, and remove the partitions.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from data.atomic_write import disk_error
from data.journal import FILE, PARTITIONS, Journal, Outcome
from errors import StorageError

_BATCH = 1000  # outcomes recorded together
_LONGEST_WAIT = 20.0  # seconds in which a process of a killed run is expected to end


def merge_partitions(journal: Journal, folder: Path) -> None:
    """Record the outcomes of the partitions in `folder`, and remove them. StorageError when the disk refuses."""
    partitions = folder / PARTITIONS
    if not partitions.is_dir():
        return
    for partition in sorted(partitions.iterdir()):
        if (partition / FILE).is_file():
            for _ in merge(journal, partition):
                pass
    remove(partitions)


def merge(journal: Journal, partition: Path) -> Iterator[Outcome]:
    """Record the outcomes of a partition's journal in `journal`, and yield them."""
    with open_partition(partition, journal.crop_settings) as other:
        outcomes = other.outcomes()
        while batch := list(islice(outcomes, _BATCH)):
            journal.record(batch)
            journal.commit()
            yield from (outcome for _, outcome in batch)


@contextmanager
def open_partition(partition: Path, crop_settings: dict[str, str]) -> Iterator[Journal]:
    """A partition's journal, open; if a process of a killed run still has it locked, wait for its end."""
    end = time.monotonic() + _LONGEST_WAIT
    while True:
        try:
            journal = Journal(partition, crop_settings, alone=True)
            break
        except StorageError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    with journal:
        yield journal


def remove(path: Path) -> None:
    """Remove a folder with all files in it; StorageError when the disk refuses."""
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise disk_error(path, error) from error
