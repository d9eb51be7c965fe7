"""The lists at a URL that a download has filled, in `URL/lists.sqlite`: which rows each has, in the form of a journal.

Shards say what became of the rows that were asked for, not which list each came from, and nothing of bad rows. A URL
of an earlier version has no such file.
"""

import tempfile
from pathlib import Path

from data.cluster.storage import Storage
from data.journal import Journal
from errors import DatasetError, StorageError

LISTS = "lists.sqlite"


def add_lists(journal: Journal, storage: Storage) -> bool:
    """Add the lists to a journal; return whether there are any. DatasetError when their file is damaged."""
    with tempfile.TemporaryDirectory(prefix="faces-") as scratch:
        file = Path(scratch) / LISTS
        if not storage.get(LISTS, file):
            return False
        try:
            journal.add_lists(file)
        except StorageError as error:
            reason = str(error).replace(str(file), LISTS)
            raise DatasetError(f"{storage.place}: {reason}; remove the file and download again") from error
    return True
