"""Photos into one folder per person, as `predict` names them; a photo with two people goes into both.

No file is overwritten: a photo whose name is taken gets a number, and one whose bytes are there already stays as it is.
A moved photo leaves its place last, when all that is made of it is on the disk. `sorted.csv` says what went where.
While photos are sorted, its new rows are in a hidden file beside it, each written before its photo is touched: a call
that was killed is known to the next one.
"""

import csv
import io
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from pathlib import Path

from data.atomic_write import atomic_write, atomic_writer, disk_error, remove_leftovers
from data.download.manifest import escape_formula
from data.file_names import numbered
from data.folder_lock import locked
from data.folder_names import candidates, folded
from data.photos.photo_files import is_same
from data.reasons import Failure
from errors import StorageError
from faces.predict import read_file
from faces.predictions import ANSWERED, Prediction, Status

TABLE = "sorted.csv"
UNKNOWN = "unknown"  # the folder of photos on which nobody is known
COLUMNS = ("file", "person", "probability", "went_to", "how", "status")
THERE = "already there"
_UNFINISHED = ".sorted-unfinished.csv"


class How(StrEnum):
    """How a photo comes into a person's folder."""

    COPY = "copy"
    LINK = "link"  # a symbolic link, relative to its folder
    MOVE = "move"  # into the folder of the most probable person; copied into those of others


@dataclass(frozen=True, kw_only=True)
class SortSettings:
    """Where photos go, and how."""

    out: Path
    how: How = How.COPY
    unknown: bool = False  # photos on which nobody is known go into a folder too
    dry_run: bool = False  # nothing is written


@dataclass
class Sorted:
    """What became of the photos, in numbers."""

    photos: int = 0
    people: Counter[str] = field(default_factory=Counter)  # photos of each person
    unknown: int = 0  # photos on which nobody is known
    no_face: int = 0
    already_there: Counter[str] = field(default_factory=Counter)  # of the photos in a folder, those that were in it
    failed: dict[str, str] = field(default_factory=dict)  # photos that could not be used, and why
    stays: dict[str, str] = field(default_factory=dict)  # photos that were to be moved and are still there, and why


def person_folders(people: Iterable[str]) -> dict[str, str]:
    """Return the folder's name of each person: two are never equal on a disk that ignores case, and none is UNKNOWN."""
    taken = {folded(UNKNOWN), folded(TABLE)}
    folders = {}
    for person in people:
        folders[person] = next(name for name in candidates(person) if folded(name) not in taken)
        taken.add(folded(folders[person]))
    return folders


def sort_photos(
    predictions: Iterable[Prediction],
    people: Sequence[str],
    settings: SortSettings,
    on_photo: Callable[[], None] = lambda: None,
) -> Sorted:
    """Sort the photos of these predictions, in their order. StorageError when the disk refuses; what was done stays."""
    out = settings.out
    with ExitStack() as stack:
        if not settings.dry_run:
            busy = f"another process sorts photos into {out}: wait until it is done, or choose another folder"
            stack.enter_context(locked(out, busy))
            remove_leftovers(out, below=False)
        earlier = _rows(out / TABLE)
        if earlier and tuple(earlier[0]) != COLUMNS:
            raise StorageError(f"{out / TABLE} is no table of sorted photos: rename it, or choose another folder")
        if not settings.dry_run:
            _merge(out)  # of a call that was killed
            stack.callback(_merge, out)
        sorter = _Sorter(people, settings)
        seen = set[str]()
        for file, faces in groupby(predictions, key=lambda prediction: prediction.file):
            place = _place(file)
            if place not in seen:  # it may be given twice, and is gone once it was moved
                seen.add(place)
                sorter.sort(file, place, list(faces))
                on_photo()
        return sorter.result


class _Sorter:
    """Sorts one photo after the other."""

    def __init__(self, people: Sequence[str], settings: SortSettings) -> None:
        self.result = Sorted()
        self._settings = settings
        self._folders = person_folders(people)
        self._names: dict[str, dict[str, tuple[Path, Path]]] = {}
        """Folder -> the folded names in it -> the path, and the file whose bytes it has: in a dry run, the photo."""

    def sort(self, file: Path, place: str, faces: list[Prediction]) -> None:
        """Sort a photo; `place` is its path without links."""
        self.result.photos += 1
        people: dict[str, float] = {}
        for face in faces:
            if face.status == Status.OK and face.name is not None and face.probability is not None:
                people[face.name] = max(face.probability, people.get(face.name, 0))
        if not people and not any(face.status in ANSWERED for face in faces):
            self._fail(file, place, faces[0].status, faces[0].detail)
        elif people:
            ordered = sorted(people, key=lambda person: -people[person])
            goes = [(person, f"{people[person]:.4f}", self._folders[person]) for person in ordered]
            if self._goes(file, place, goes, Status.OK):
                self.result.people.update(people.keys())
        elif any(face.status == Status.UNKNOWN for face in faces):
            goes = [("", "", UNKNOWN)] if self._settings.unknown else []
            self.result.unknown += self._goes(file, place, goes, Status.UNKNOWN)
        else:
            self.result.no_face += self._goes(file, place, [], Status.NO_FACE)

    def _goes(self, file: Path, place: str, goes: list[tuple[str, str, str]], status: Status) -> bool:
        """Bring a photo into folders: for each the person, the probability, its name. Return whether it can be read."""
        if not goes:
            self._note([(place, "", "", "", "", status)])
            return True
        data = read_file(file)
        if not isinstance(data, bytes):
            self._fail(file, place, *((data.reason, data.detail) if isinstance(data, Failure) else (data, "")))
            return False
        targets = [self._target(folder, file, data) for *_, folder in goes]
        how = [self._settings.how, *(How.LINK if self._settings.how == How.LINK else How.COPY for _ in goes[1:])]
        rows = [
            (place, _text(person), probability, f"{folder}/{target.name}", THERE if there else way, status)
            for (person, probability, folder), (target, there), way in zip(goes, targets, how, strict=True)
        ]
        self._note(rows)
        for (person, _, folder), (target, there) in zip(goes, targets, strict=True):
            if not there:
                self._names[folder][folded(target.name)] = target, file if self._settings.dry_run else target
            self.result.already_there[person] += there
        if not self._settings.dry_run:
            new = [target for target, there in targets if not there]
            if self._settings.how == How.LINK:
                _link(place, new)
            elif self._settings.how == How.COPY:
                _copy(data, file, new)
            elif why := _move(data, file, [target for target, _ in targets], new):
                self.result.stays[str(file)] = why
                self._note([(*rows[0][:4], THERE if targets[0][1] else How.COPY, status)])
        return True

    def _target(self, folder: str, file: Path, data: bytes) -> tuple[Path, bool]:
        """Return where in a folder the photo goes, and whether it is there already."""
        if folder not in self._names:
            self._names[folder] = _names_in(self._settings.out / folder, clean=not self._settings.dry_run)
        names = self._names[folder]
        for path in numbered(self._settings.out / folder / file.name):
            if os.path.lexists(path):  # somebody else may have put it there a moment ago
                names.setdefault(folded(path.name), (path, path))
            if folded(path.name) not in names:
                return path, False
            there, content = names[folded(path.name)]
            if self._is_there(there, content, file, data):
                return there, True
        raise AssertionError("numbers do not end")

    def _is_there(self, there: Path, content: Path, file: Path, data: bytes) -> bool:
        """Whether a file is this photo: a link to it where links are asked for, or a file with its bytes."""
        links = self._settings.how == How.LINK
        if there.is_symlink() or (links and content != there):
            return links and is_same(content, file)
        return _has(content, data)

    def _fail(self, file: Path, place: str, status: str, detail: str) -> None:
        self.result.failed[str(file)] = detail or status
        self._note([(place, "", "", "", "", status)])

    def _note(self, rows: Iterable[tuple[str | None, ...]]) -> None:
        """Write rows of the table, before what they say is done."""
        if self._settings.dry_run:
            return
        path = self._settings.out / _UNFINISHED
        try:
            with path.open("a", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(_lines(rows))
        except OSError as error:
            raise disk_error(path, error) from error


def _text(name: str) -> str | None:
    """Return a person's name as a table can have it: in UTF-8, and no formula."""
    return escape_formula(name.encode(errors="replace").decode())


def _place(file: Path) -> str:
    """Return a photo's path without links to folders, as a link to it would lead there."""
    try:
        return str(Path(os.path.realpath(file.parent), file.name))
    except (OSError, ValueError):  # a NUL in the name
        return str(file)


def _names_in(folder: Path, *, clean: bool) -> dict[str, tuple[Path, Path]]:
    """Return what a folder has, as `_Sorter` keeps it; without what a killed call left there."""
    try:
        if clean and folder.is_dir():
            remove_leftovers(folder, below=False)
        paths = (folder / entry.name for entry in os.scandir(folder))
        return {folded(path.name): (path, path) for path in paths}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise disk_error(folder, error) from error


def _has(path: Path, data: bytes) -> bool:
    """Whether a file has these bytes."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:  # a folder, for one
        return False


def _copy(data: bytes, file: Path, targets: Iterable[Path]) -> None:
    """Write copies of a photo with its time."""
    for target in targets:
        _check_free(target)
        with atomic_writer(target) as copy:
            copy.write(data)
            copy.flush()
            with suppress(OSError):  # the photo has gone meanwhile
                os.utime(copy.name, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))


def _check_free(target: Path) -> None:
    """StorageError where another program has just written a file of that name."""
    if os.path.lexists(target):
        raise StorageError(f"{target} was not there a moment ago: give the same command again")


def _link(place: str, targets: Iterable[Path]) -> None:
    for target in targets:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.path.relpath(place, os.path.realpath(target.parent)))
        except OSError as error:
            why = error.strerror or error
            raise StorageError(f"cannot link {target}: {why}; where links cannot be made, leave --link out") from error


def _move(data: bytes, file: Path, targets: Sequence[Path], new: Sequence[Path]) -> str:
    """Move a photo to the first of its targets, which others have as copies; return why its place keeps it, or "".

    `new` are the targets that are not there yet.
    """
    first = targets[0]
    if any(is_same(target, file) for target in targets):  # it is one of them
        _copy(data, file, new)
        return ""
    _copy(data, file, [target for target in new if target != first])
    if first in new and not file.is_symlink() and _is_kept(data, targets[1:]):
        _check_free(first)
        with suppress(OSError):  # on another disk, or in a folder that keeps its files
            first.parent.mkdir(parents=True, exist_ok=True)
            file.rename(first)
            return ""
    if first in new:
        _copy(data, file, [first])
    if not _is_kept(data, [*targets, file]):
        return "stays, as its copy is not the same"
    try:
        file.unlink()
    except OSError as error:
        return f"copied, but stays: {error.strerror or error}"
    return ""


def _is_kept(data: bytes, paths: Iterable[Path]) -> bool:
    """Whether all these files have the bytes, and their folders are written to the disk."""
    for path in paths:
        if not _has(path, data):
            return False
        with suppress(OSError):  # where a folder cannot be opened
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    return True


def _merge(out: Path) -> None:
    """Put the rows of a call that ended into the table, in the place of those of the same photos; in order of photo.

    A row whose file is not there - it was written, and then the call was killed - has no part in it. What a call found
    already there keeps the word for how it came there.
    """
    unfinished = _rows(out / _UNFINISHED)
    rows = {
        (row[0], row[1]): row
        for row in unfinished
        if len(row) == len(COLUMNS) and (not row[3] or os.path.lexists(out / row[3]))
    }
    if rows:
        earlier = _rows(out / TABLE)[1:]
        came = {(row[0], row[3]): row[4] for row in earlier if len(row) == len(COLUMNS)}
        for row in rows.values():
            if row[4] == THERE:
                row[4] = came.get((row[0], row[3]), THERE)
        files = {file for file, _ in rows}
        kept = [row for row in earlier if not row or row[0] not in files]
        text = _lines([COLUMNS, *sorted([*kept, *rows.values()], key=lambda row: row[:1])])
        atomic_write(out / TABLE, text.encode(errors="surrogateescape"))
    if unfinished:
        try:
            (out / _UNFINISHED).unlink()
        except OSError as error:
            raise disk_error(out / _UNFINISHED, error) from error


def _rows(path: Path) -> list[list[str]]:
    """Return the rows of a table; none where it is missing."""
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            return list(csv.reader(lines))
    except FileNotFoundError:
        return []
    except (OSError, csv.Error) as error:
        raise StorageError(f"{path} cannot be read ({error}): rename it, or choose another folder") from error


def _lines(rows: Iterable[Sequence[str | None]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
