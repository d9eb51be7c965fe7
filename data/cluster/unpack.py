"""From a URL that a download has filled to a folder on this machine: the crops, and a journal.

The content of a URL is not trusted: each crop must have the SHA-256 of its line, and a file name in its
person's folder. A second call fetches nothing if nothing is new.
"""

import hashlib
import re
import time
from pathlib import Path

from data.atomic_write import atomic_write, remove_leftovers
from data.cluster.connection import require
from data.cluster.lists import add_lists
from data.cluster.storage import Storage
from data.download.manifest import write_summary
from data.download.partitions import merge_partitions
from data.download.placeholders import mark_placeholders
from data.folder_names import candidates
from data.inside import inside, is_stored
from data.journal import Journal, Outcome
from data.rows import Row
from errors import DatasetError

_FILE = re.compile(r"([^/\0]+)/[0-9a-f]{12}-[0-9a-f]{8}\.jpg")


def unpack(url: str, folder: Path) -> Path:
    """Store the crops and outcomes of the shards at the URL in `folder`; return `folder`.

    DatasetError when there are no shards, or one is damaged; UsageError when the folder has other crop settings.
    """
    require("pyarrow")
    from data.cluster.shards import crop_settings_of, names, read_shard

    started = time.monotonic()
    storage = Storage(url)
    shards = names(storage)
    if not shards:
        raise DatasetError(f"{url} holds no shards: expected the URL that a download was given as --out")
    fingerprint = f"{url}: {hashlib.sha256(chr(10).join(shards).encode()).hexdigest()}"
    with Journal(folder, crop_settings_of(storage, shards[0])) as journal:
        remove_leftovers(folder)
        merge_partitions(journal, folder)
        if journal.finished == fingerprint and all(is_stored(folder, file) for file in journal.files()):
            return folder
        numbers: dict[bytes, int] = {}
        for name in shards:
            lines = []
            for key, outcome, jpeg in read_shard(storage, name, with_crops=True):
                _store(folder, f"{url}/{name}", outcome, jpeg)
                lines.append((key, outcome))
                numbers[key] = outcome.row.number
            journal.record(lines)
            journal.assign_folders(
                {(o.row.name, o.file.partition("/")[0]) for _, o in lines if o.file and isinstance(o.row, Row)}
            )
            journal.commit()
        if not add_lists(journal, storage):
            journal.begin_list()
            journal.list_rows((number, key, True) for key, number in sorted(numbers.items(), key=lambda item: item[1]))
            journal.end_list()
        mark_placeholders(journal, folder)
        write_summary(journal, folder, time.monotonic() - started)
        journal.finish_list(fingerprint)
    return folder


def _store(folder: Path, shard: str, outcome: Outcome, jpeg: bytes | None) -> None:
    """Store the crop of a line, if it has one; DatasetError if the name or the SHA-256 is not right."""
    if outcome.file is None or not isinstance(outcome.row, Row):
        return
    match, path = _FILE.fullmatch(outcome.file), inside(folder, outcome.file)
    if match is None or match[1] not in candidates(outcome.row.name) or path is None:
        raise DatasetError(f"{shard} names a crop {outcome.file!r}: expected <person>/<photo>-<row>.jpg")
    if jpeg is None or hashlib.sha256(jpeg).hexdigest() != outcome.crop:
        raise DatasetError(f"{shard} is damaged: the crop {outcome.file} has not the SHA-256 that its line says")
    if not path.is_file() or path.read_bytes() != jpeg:
        atomic_write(path, jpeg)
