"""Remove a person from a folder: cached features, photos, then the lines of manifest, report and journal.

The journal is changed last. So after a kill at any moment, a second command still finds the name and does the rest. The
list that names the person is not changed: a download of it brings the person back.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from data.atomic_write import disk_error, remove_leftovers
from data.download.manifest import write_summary
from data.download.partitions import merge_partitions
from data.journal import Journal
from errors import StorageError, UsageError


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was removed: the number of rows and of files, the SHA-256s of the files, present or missing, and the name of
    the person's folder."""

    rows: int
    files: int
    photos: tuple[str, ...]
    folder: str


def forget(
    folder: Path, name: str, *, forget_photos: Callable[[Collection[str]], object] = lambda photos: None
) -> Forgotten:
    """Remove the person's folder with all files in it, and every line about the person.

    `forget_photos` gets the SHA-256s of the photos before the journal is changed, to remove what is cached of them.
    Raises UsageError when no row has this name, or the folder holds no journal, StorageError when the disk refuses or
    another process works in the folder.
    """
    started = time.monotonic()
    with Journal(folder) as journal:
        remove_leftovers(folder)
        merge_partitions(journal, folder)
        names = journal.names()
        if name not in names:
            raise UsageError(f"{folder} has no row about {name!r}: {unknown(name, names, 'manifest.csv')}")
        person = folder / journal.folder_of(name)
        files = list(files_in(person))
        photos = tuple(sorted({*journal.crops_of(name), *map(digest_of, files)}))
        forget_photos(photos)
        remove_folder(person)
        rows = journal.forget(name)
        write_summary(journal, folder, time.monotonic() - started)
        journal.commit()  # the last step: after a kill before it, the name is still known
        journal.clear_log()
    return Forgotten(rows=rows, files=len(files), photos=photos, folder=person.name)


def unknown(name: str, names: Sequence[str], where: str) -> str:
    """Return whom somebody may have meant who names nobody of these."""
    close = get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else f"see {where} for who there is"


def files_in(person: Path) -> Iterator[Path]:
    """Yield the files of a person's folder; of a symbolic link, none."""
    if person.is_dir() and not person.is_symlink():
        yield from (path for path in sorted(person.rglob("*")) if not path.is_dir())


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file. StorageError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def remove_folder(person: Path) -> None:
    """Remove the person's folder with all files in it; of a symbolic link, only the link."""
    try:
        if person.is_symlink():
            person.unlink()
        elif person.exists():
            shutil.rmtree(person)
    except OSError as error:
        raise disk_error(person, error) from error
