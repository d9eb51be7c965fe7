"""What a cluster's run leaves in a folder when it is killed: partitions of the list, with a journal each.

A partition is a folder in `DIR/.partitions`. Its journal tells of rows whose crops are in DIR already. Whoever opens
DIR's journal - a download by any engine, `verify`, `forget` - takes these lines over first, and the partitions go.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from data.atomic_write import disk_error
from data.journal.journal import FILE, PARTITIONS, Journal
from data.journal.outcomes import Outcome
from errors import StorageError

_AT_ONCE = 1000  # outcomes written down together
_PATIENCE = 20.0  # seconds that a process of a run which was killed has to come to its end


def take_over(journal: Journal, folder: Path) -> None:
    """Write down what the partitions in `folder` know, and remove them. StorageError when the disk refuses."""
    partitions = folder / PARTITIONS
    if not partitions.is_dir():
        return
    for partition in sorted(partitions.iterdir()):
        if (partition / FILE).is_file():
            for _ in merge(journal, partition):
                pass
    remove(partitions)


def merge(journal: Journal, partition: Path) -> Iterator[Outcome]:
    """Write down in `journal` what a partition's knows, then yield it, outcome by outcome."""
    with patiently(partition, journal.crop_settings) as ended:
        outcomes = ended.outcomes()
        while batch := list(islice(outcomes, _AT_ONCE)):
            journal.record(batch)
            journal.commit()
            yield from (outcome for _, outcome in batch)


@contextmanager
def patiently(partition: Path, crop_settings: dict[str, str]) -> Iterator[Journal]:
    """A partition's journal. A process that is being killed may hold it yet: it is waited for, for a while."""
    end = time.monotonic() + _PATIENCE
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
    """Remove a folder with all in it; StorageError when the disk refuses."""
    try:
        if path.exists():
            shutil.rmtree(path)
    except OSError as error:
        raise disk_error(path, error) from error
