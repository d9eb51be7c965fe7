"""A person leaves a folder: what others keep of the photos, the photos, then the lines of manifest, report and journal.

The journal knows the person until all else is gone. So whatever ends the command, a second one finds the name and does
what is left. The list that the person came from is not ours to change: a download of it brings the person back.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from data.atomic_write import disk_error, remove_leftovers
from data.download.manifest import write_summary
from data.download.partitions import take_over
from data.journal.journal import Journal
from errors import StorageError, UsageError


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was removed: rows of the journal, files, and the SHA-256s that the files had or should have had."""

    rows: int
    files: int
    photos: tuple[str, ...]


def forget(
    folder: Path, name: str, *, forget_photos: Callable[[Collection[str]], object] = lambda photos: None
) -> Forgotten:
    """Remove all that `folder` holds of the person: everything in the person's own folder, and every line that says so.

    `forget_photos` is given the SHA-256s of the photos while the journal still knows the person.
    Raises UsageError when nobody has this name, or the folder holds no journal, StorageError when the disk refuses or
    another process works in the folder.
    """
    started = time.monotonic()
    with Journal(folder) as journal:
        remove_leftovers(folder)
        take_over(journal, folder)
        names = journal.names()
        if name not in names:
            close = get_close_matches(name, names, n=3)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see manifest.csv for who there is"
            raise UsageError(f"{folder} knows nobody named {name!r}: {hint}")
        person = _own_folder(folder, journal.folder_of(name))
        files = list(_files(person))
        photos = tuple(sorted({*journal.crops_of(name), *map(_digest, files)}))
        forget_photos(photos)
        _remove(person)
        rows = journal.forget(name)
        write_summary(journal, folder, time.monotonic() - started)
        journal.commit()  # the last step: after a kill before it, the name is still known
        journal.drop_traces()
    return Forgotten(rows=rows, files=len(files), photos=photos)


def _own_folder(folder: Path, person: str) -> Path:
    """The person's folder; StorageError when what the journal says is no name of a folder within `folder`."""
    if "/" in person or not person.strip("."):
        raise StorageError(f"the journal of {folder} is damaged: {person!r} is no person's folder")
    return folder / person


def _files(person: Path) -> Iterator[Path]:
    if person.is_dir() and not person.is_symlink():
        yield from (path for path in sorted(person.rglob("*")) if not path.is_dir())


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _remove(person: Path) -> None:
    """The person's folder with all in it; of a link, the link alone."""
    try:
        if person.is_symlink():
            person.unlink()
        elif person.exists():
            shutil.rmtree(person)
    except OSError as error:
        raise disk_error(person, error) from error
