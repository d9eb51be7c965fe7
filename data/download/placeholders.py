"""Take placeholders out of a folder: the rows get the reason `placeholder`, and their crops are removed.

A crop is removed before its line is changed. So after a kill in between, its row counts as one whose crop is missing:
the next run asks for it again, and comes to the same end.
"""

import re
from contextlib import suppress
from itertools import islice
from pathlib import Path

from data.atomic_write import disk_error
from data.journal import Journal
from data.quality import Picture, find_placeholders
from errors import StorageError

_BATCH = 500  # rows changed together
_FILE = re.compile(r"([^/\\\0]+)/[0-9a-f]{12}-[0-9a-f]{8}\.jpg")  # as `verify_and_store` names crops


def mark_placeholders(journal: Journal, folder: Path) -> None:
    """Give every row without a listed digest that got a host's placeholder its reason. Doing it twice changes nothing.

    StorageError when the disk refuses, or the journal names a file that is no crop of this folder.
    """
    for found in find_placeholders(lambda: map(Picture._make, journal.trusted_pictures())):
        detail = f"{found.host} answered {found.urls} different URLs with this picture"
        keys = iter(found.keys)
        while batch := list(islice(keys, _BATCH)):
            for file in journal.files_of(batch):
                _remove(folder, file)
            journal.mark_placeholders(batch, detail)
            journal.commit()


def _remove(folder: Path, file: str) -> None:
    """Remove a crop and, with its last one, the person's folder."""
    match = _FILE.fullmatch(file)
    if match is None or not match[1].strip("."):
        raise StorageError(f"the journal of {folder} is damaged: {file!r} is no crop's file")
    path = folder / file
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise disk_error(path, error) from error
    with suppress(OSError):  # it holds more, or is no folder
        path.parent.rmdir()
