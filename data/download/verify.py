"""Check a folder of crops against its journal, and download again the crops that are missing or changed.

A crop is changed when its SHA-256 is not the recorded one. A file that belongs to no row is foreign: a training would
take it for a photo of that person. A repair uses the same code as a download; one that fails changes neither files nor
journal, so that it can be tried again. A journal may be a stranger's: a crop that it places outside of the folder is
missing, and what lies there is neither read nor removed.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from data.atomic_write import disk_error, remove_leftovers
from data.download.manifest import write_summary
from data.download.partitions import merge_partitions
from data.download.placeholders import mark_placeholders
from data.download.portrait_source import draw_again, is_drawn
from data.download.run import download_rows
from data.inside import inside
from data.journal import Journal, Outcome, StoredCrop, copied_journals, may_write
from data.reasons import Reason
from data.settings import DownloadSettings
from errors import StorageError

_BATCH = 1000  # files hashed together


@dataclass(kw_only=True)
class VerifyResult:
    """What was found: names of files relative to the folder."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # not repaired: file -> reason and detail

    @property
    def is_right(self) -> bool:
        """Whether the folder now has exactly the crops of its journal."""
        return not self.foreign and len(self.repaired) == len(self.missing) + len(self.changed)


def verify(
    folder: Path,
    *,
    repair: bool = False,
    settings: DownloadSettings | None = None,
    on_file: Callable[[], None] = lambda: None,
    on_note: Callable[[str], None] = lambda line: None,
) -> VerifyResult:
    """Compare every crop with the journal; with `repair`, download again what is missing or changed.

    `settings` say how the web is used; how crops are made is decided by the folder. `on_file` is called for each file
    checked, `on_note` with what is particular about the folder. Raises UsageError when the folder holds no journal,
    StorageError when another process works in it, or a repair may not write there.
    """
    started = time.monotonic()
    with _opened(folder, repair, on_note) as journal:
        found, bad = VerifyResult(), []
        for stored, digest in _hashed(folder, journal.stored_crops()):
            found.checked += 1
            if digest != stored.crop:
                (found.missing if digest is None else found.changed).append(stored.file)
                bad.append(stored)
            on_file()
        found.foreign = [file for file in _files(folder) if not journal.has_file(file)]
        if repair and bad:
            settings = (settings or DownloadSettings()).cropping_as(journal.crop_settings)
            _repair(folder, journal, bad, found, settings)
            mark_placeholders(journal, folder)
            write_summary(journal, folder, time.monotonic() - started)
    return found


@contextmanager
def _opened(folder: Path, repair: bool, on_note: Callable[[str], None]) -> Iterator[Journal]:
    """The folder's journal; where it may only be read, a copy that is forgotten."""
    if repair or may_write(folder):
        with Journal(folder) as journal:
            remove_leftovers(folder)
            merge_partitions(journal, folder)
            yield journal
        return
    on_note(f"{folder} may not be written to: its journal is read without locking out a download into it")
    with copied_journals(folder) as copy, Journal(copy) as journal:
        merge_partitions(journal, copy)
        yield journal


def _hashed(folder: Path, crops: Iterator[StoredCrop]) -> Iterator[tuple[StoredCrop, str | None]]:
    """Each crop with the SHA-256 of its file; None when there is no such file."""
    with ThreadPoolExecutor() as pool:
        while batch := list(islice(crops, _BATCH)):
            yield from zip(batch, pool.map(lambda stored: _digest(inside(folder, stored.file)), batch), strict=True)


def _digest(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _files(folder: Path) -> Iterator[str]:
    """All files in the people's folders, in order, without hidden ones."""
    for person in sorted(folder.iterdir()):
        if person.is_dir() and not person.name.startswith("."):
            for path in sorted(person.rglob("*")):
                if not path.is_dir() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                    yield path.relative_to(folder).as_posix()


def _repair(
    folder: Path, journal: Journal, bad: list[StoredCrop], found: VerifyResult, settings: DownloadSettings
) -> None:
    """Request the rows of bad crops again; add to `found` the outcome of each."""
    asked = {stored.row.key: stored for stored in bad}
    repaired: list[tuple[StoredCrop, Outcome]] = []

    def note(outcome: Outcome) -> None:
        stored = asked[outcome.row.key]
        if outcome.reason is Reason.OK:
            found.repaired.append(stored.file)
            repaired.append((stored, outcome))
        else:
            found.failed[stored.file] = f"{outcome.reason}: {outcome.detail}" if outcome.detail else outcome.reason

    for drawn, fetch in ((True, draw_again), (False, None)):
        rows = [stored.row for stored in bad if is_drawn(stored.row) is drawn]
        if rows:
            download_rows(rows, journal, folder, settings=settings, fetch=fetch, repair=True, on_outcome=note)
    for stored, outcome in repaired:
        if outcome.file is not None:
            journal.put_back(stored, _put_back(folder, stored, outcome.file, outcome.crop))


def _put_back(folder: Path, stored: StoredCrop, file: str, crop: str | None) -> str:
    """Move a crop that was stored as `file` to where it was, if it is the same; return where it is then."""
    old, new = inside(folder, stored.file), inside(folder, file)
    if old is None or new is None or old == new:
        return file
    try:
        if crop == stored.crop:  # it was moved, to another person or in a folder of nobody
            old.parent.mkdir(exist_ok=True)
            new.replace(old)
            with suppress(OSError):  # it holds others
                new.parent.rmdir()
            return stored.file
        old.unlink(missing_ok=True)  # a list without SHA-256, and the web has another photo by now
    except OSError as error:
        raise disk_error(folder, error) from error
    return file
