"""What lies in a folder beside what the journal says should: every crop hashed again, and the bad ones had again.

A crop is missing, or changed when its SHA-256 is not the one noted when it was stored; a file that no row accounts for
is foreign, and a training would take it for a photo of that person. A repair asks for just those rows, through the same
engine as a download. One that does not succeed changes nothing, neither file nor journal, so it can be tried again.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from data.atomic_write import remove_leftovers
from data.download.manifest import write_summary
from data.download.partitions import take_over
from data.download.portrait_source import draw_again, is_drawn
from data.download.run import Fetch, work_through
from data.journal.journal import Journal
from data.journal.outcomes import Ended, Outcome, StoredCrop
from data.reasons import Reason
from data.rows import Row
from data.settings import DownloadSettings
from errors import StorageError

_BATCH = 1000  # files hashed between two looks into the journal


@dataclass(kw_only=True)
class Verified:
    """What was found, as names of files relative to the folder; `failed` has those that a repair could not mend."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # file -> why: a reason, and what is known besides

    @property
    def is_right(self) -> bool:
        """Whether the folder is now what its journal says, and nothing else."""
        return not self.foreign and len(self.repaired) == len(self.missing) + len(self.changed)


def verify(
    folder: Path,
    *,
    repair: bool = False,
    settings: DownloadSettings | None = None,
    on_file: Callable[[], None] = lambda: None,
) -> Verified:
    """Compare every crop with the journal; with `repair`, have those that are missing or changed again.

    `settings` say how the web is asked; crops are made as all of the folder were. `on_file` is called for each file
    checked. UsageError when the folder holds no journal, StorageError when another process works in it.
    """
    started = time.monotonic()
    with Journal(folder) as journal:
        remove_leftovers(folder)
        take_over(journal, folder)
        found, bad = Verified(), []
        for stored, digest in _hashed(folder, journal.stored()):
            found.checked += 1
            if digest != stored.crop:
                (found.missing if digest is None else found.changed).append(stored.file)
                bad.append(stored)
            on_file()
        found.foreign = [file for file in _files(folder) if not journal.knows_file(file)]
        if repair and bad:
            as_here = (settings or DownloadSettings()).cropping_as(journal.crop_settings)
            _repair(folder, journal, bad, found, as_here)
            write_summary(journal, folder, time.monotonic() - started)
    return found


def _hashed(folder: Path, every: Iterator[StoredCrop]) -> Iterator[tuple[StoredCrop, str | None]]:
    """Each crop with the SHA-256 of its file; None when there is no such file."""
    with ThreadPoolExecutor() as pool:
        while batch := list(islice(every, _BATCH)):
            yield from zip(batch, pool.map(lambda stored: _digest(folder / stored.file), batch), strict=True)


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _files(folder: Path) -> Iterator[str]:
    """All files in the people's folders, in order; what is hidden, and what lies in `folder` itself, is left out."""
    for person in sorted(folder.iterdir()):
        if person.is_dir() and not person.name.startswith("."):
            for path in sorted(person.rglob("*")):
                if not path.is_dir() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                    yield path.relative_to(folder).as_posix()


def _repair(folder: Path, journal: Journal, bad: list[StoredCrop], found: Verified, settings: DownloadSettings) -> None:
    """Ask for the rows of bad crops again, and note in `found` what came of each."""
    files = {stored.row.key: stored.file for stored in bad}

    def note(outcome: Outcome) -> None:
        file = files[outcome.row.key]
        if outcome.reason is Reason.OK:
            found.repaired.append(file)
            if outcome.file != file:  # a list without SHA-256, and the web has another photo by now
                (folder / file).unlink(missing_ok=True)
        else:
            found.failed[file] = f"{outcome.reason}: {outcome.detail}" if outcome.detail else outcome.reason

    ways: list[tuple[list[Row], Fetch | None]] = [
        ([stored.row for stored in bad if is_drawn(stored.row)], draw_again),
        ([stored.row for stored in bad if not is_drawn(stored.row)], None),
    ]
    for rows, fetch in ways:
        if rows:
            work_through(rows, _Repairs(journal), folder, settings=settings, fetch=fetch, on_outcome=note)


class _Repairs:
    """The journal as a repair uses it: every row is asked for, the list stays as it is, failures are not recorded."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.folder_of = journal.folder_of
        self.commit = journal.commit

    def begin_list(self) -> None:
        """No list begins."""

    def list_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """The list stays as it is."""

    def ended(self, keys: list[bytes]) -> dict[bytes, Ended]:
        """None of them: their crops are gone."""
        return {}

    def record(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """Keep those that are mended."""
        self._journal.record([(key, outcome) for key, outcome in outcomes if outcome.reason is Reason.OK])
