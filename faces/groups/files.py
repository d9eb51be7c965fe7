"""The crops of a folder of groups: each lies in the folder of its group, `DIR/<person>/`, `DIR/group-001/`, ...

The database decides, and the files follow: where a crop goes is noted, then it is renamed, then that is noted too, so
that a kill at any moment leaves it in one of the two places, and the next start ends the move. What people move, rename
or add by hand is taken over, and what they delete is not found again.
"""

import csv
import hashlib
import io
import itertools
import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePosixPath

from data.atomic_write import atomic_write, disk_error
from data.download.manifest import MANIFEST, escape_formula, rewrite_summary
from data.folder_names import candidates, folded
from data.inside import inside, is_name
from data.journal import FILE as JOURNAL
from data.journal import Journal
from data.photos.folder import parts_of, shown_name
from data.photos.images import read_photo
from data.photos.photo_files import Skipped, is_leftover, photos_below
from data.photos.placed import placed_in
from data.unnamed import NOT_FACES, STRANGERS, UNSORTED, number_of
from data.wording import count
from errors import DatasetError, StorageError
from faces.detection.found_folder import source_of
from faces.groups import values
from faces.groups.store import Changes, Groups, State
from faces.groups.values import Face, Kind, NewFace

COLUMNS = ("file", "box", "group", "name", "photo", "sha256", "side", "sharpness")
_MADE = re.compile(r".+-([0-9a-f]{12})-\d+\.jpg")  # names of crops that a grouping makes
_MOST_BYTES = 200  # of a name that gets a number


def crop_name(photo: Path, sha256: str, number: int) -> str:
    """Return the name of the crop of a photo's face; it is told from any other by the photo's SHA-256."""
    return f"{next(candidates(photo.stem))}-{sha256[:12]}-{number}.jpg"


def stat_of(file: Path) -> str:
    """Return what changes with the bytes of a file, but not with its name."""
    found = file.stat()
    return f"{found.st_size} {found.st_mtime_ns}"


def follow(groups: Groups) -> None:
    """Move every crop into the folder of its group, and write the manifest. StorageError when the disk refuses.

    The tables of a download, which take longer, are written when nothing is to be moved, or at the end.
    """
    _move(groups)
    taken, targets = set[str](), dict[int, str]()
    for face, group in groups.misplaced():
        target = _free(groups, group.folder, PurePosixPath(face.path), taken)
        taken.add(target.casefold())
        targets[face.number] = target
    if targets:
        groups.set_targets(targets)
        _move(groups)
    if groups.is_of_heap:
        write_manifest(groups)
    elif not targets:
        _write_tables(groups)
    else:
        groups.at_end(lambda: _write_tables(groups))


def take_over(groups: Groups) -> list[str]:
    """Take over what people have done by hand in the folder; return lines about it.

    Crops that were moved are in the group of their new folder, which is a step; those that are gone are dropped; photos
    that are new in a person's folder are faces of that person. DatasetError when the folder is not one of people.
    """
    if source := source_of(groups.folder):
        raise DatasetError(
            f"{groups.folder} has the faces that train-faces --detect finds in {source}, and finds again: group the "
            "photos there into a folder of groups"
        )
    _move(groups)
    folder, skipped = groups.folder, Skipped()
    missing, stats, unknown = _compared(folder, {face.path: face for face in groups.faces()}, skipped)
    owners = _Owners(groups)
    by_digest = defaultdict[str, list[Face]](list)
    for face in missing.values():
        by_digest[face.sha256].append(face)
    moved, new = dict[int, tuple[Face, str]](), list[tuple[int, NewFace]]()
    for path, found in unknown.items():
        if by_digest[found.sha256]:
            face = by_digest[found.sha256].pop()
            moved[face.number], stats[face.number] = (face, path), found.stat
        elif not _is_left_by_a_kill(groups, path):
            new.append((owners.of(path), found))
    into = {number: group for number, (face, path) in moved.items() if (group := owners.of(path)) != face.group}
    if into:
        groups.decide(f"{count(len(into), 'crop')} moved by hand", Changes(faces=into))
    _tell_journal(groups, [(face, path, owners.of(path)) for face, path in moved.values()])
    gone = [face for face in missing.values() if face.number not in moved]
    if gone:
        groups.drop(gone)
    if moved or stats:
        groups.set_moved({number: path for number, (_, path) in moved.items()}, stats)
    if new:
        groups.add_faces(new)
    _write_tables(groups)  # also those that a killed process has not
    lines = [f"{count(len(moved), 'crop')} moved by hand: taken over"] if moved else []
    lines += [f"{count(len(gone), 'crop')} deleted or changed by hand: left out from now on"] if gone else []
    lines += [f"{count(len(new), 'photo')} of {count(len({group for group, _ in new}), 'folder')} read"] if new else []
    return lines + [f"cannot be used, left out: {file}: {why}" for file, why in skipped.unreadable.items()]


class _Owners:
    """The groups of folders; one is made for a folder that is new."""

    def __init__(self, groups: Groups) -> None:
        self._groups, self._numbers, self._people = groups, dict[str, int](), dict[str, str]()
        if (groups.folder / JOURNAL).is_file():
            with Journal(groups.folder) as journal:
                self._people = journal.folders()

    def of(self, path: str) -> int:
        """Return the group whose folder a path begins with."""
        folder = path.partition("/")[0]
        if folder not in self._numbers:
            self._numbers[folder] = self._find(folder)
        return self._numbers[folder]

    def _find(self, folder: str) -> int:
        fixed = {UNSORTED: values.UNSORTED, NOT_FACES: values.NOT_FACES}
        if folder in fixed:
            return fixed[folder]
        wanted = Kind.STRANGERS if folder == STRANGERS else Kind.PERSON
        for group in self._groups.groups():
            if group.kind is wanted and folded(group.folder) == folded(folder):
                return group.number
        if wanted is Kind.STRANGERS or number_of(folder) is not None:
            return self._groups.add_group(State(wanted))
        name = self._people.get(folder) or shown_name(folder)
        known = self._groups.person(name)
        return known.number if known else self._groups.add_group(State(Kind.PERSON, name, folder))


def _compared(
    folder: Path, known: dict[str, Face], skipped: Skipped
) -> tuple[dict[str, Face], dict[int, str], dict[str, NewFace]]:
    """Return the faces whose bytes are not where they were, by path; the new `stat` of those that are; and the other
    photos, by path. A crop that cannot be read now is neither moved nor gone."""
    missing, stats, unknown = dict(known), dict[int, str](), dict[str, NewFace]()
    for path, file in _photos(folder, skipped):
        face, stat = known.get(path), stat_of(file)
        if face is not None and face.stat == stat:
            del missing[path]
            continue
        data = read_photo(file)
        if not isinstance(data, bytes):
            skipped.unreadable[file] = data.detail
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        if face is not None and face.sha256 == sha256:
            del missing[path]
            stats[face.number] = stat
        else:
            unknown[path] = NewFace(path, placed_in(data).box, 0, 0.0, None, sha256, stat)
    return {path: face for path, face in missing.items() if path in unknown or _is_gone(folder / path)}, stats, unknown


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # its folder cannot be read
        pass
    return False


def _is_left_by_a_kill(groups: Groups, path: str) -> bool:
    """Whether a crop was written by a grouping that was killed before it could note the photo: it is made again."""
    folder, _, name = path.rpartition("/")
    match = _MADE.fullmatch(name) if folder == UNSORTED else None
    return match is not None and not groups.is_searched(match[1])


def _photos(folder: Path, skipped: Skipped) -> Iterator[tuple[str, Path]]:
    """Yield the photos in the folders of `folder`: path relative to it, with slashes, and path.

    What lies behind a link is not the folder's own, and is left out, as are names that lead elsewhere on some system.
    """
    try:
        tops = sorted(path for path in folder.iterdir() if path.is_dir() and not is_leftover(path.name, is_folder=True))
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror or error}") from error
    if parts := parts_of([top.name for top in tops]):
        raise DatasetError(f"{folder} has the parts of a split, {', '.join(parts)}: expected a folder of people")
    for top in tops:
        if top.is_symlink() or not is_name(top.name) or not top.name.isprintable():
            skipped.unreadable[top] = "a link, or a name that is not allowed everywhere"
            continue
        for photo in photos_below(top, skipped):
            path = photo.relative_to(folder).as_posix()
            if inside(folder, path) is None or not path.isprintable():
                skipped.unreadable[photo] = "it lies behind a link, or has a name that is not allowed everywhere"
            else:
                yield path, photo


def _free(groups: Groups, folder: str, path: PurePosixPath, taken: Collection[str]) -> str:
    """Return a path in the folder of a group that no file has: two photos of one name both stay."""
    stem = path.stem.encode()[:_MOST_BYTES].decode(errors="ignore")
    names = chain([path.name], (f"{stem}-{number}{path.suffix}" for number in itertools.count(2)))
    targets = (f"{folder}/{name}" for name in names)
    return next(
        one
        for one in targets
        if one.casefold() not in taken and not groups.has_path(one) and not os.path.lexists(groups.folder / one)
    )


def _move(groups: Groups) -> None:
    """Move the crops to where they are noted to go; one that is no longer there has been moved already."""
    moves = groups.targets()
    if not moves:
        return
    folder = groups.folder
    try:
        arrived = {face.number: _renamed(folder, face.path, target) for face, target in moves}
    except OSError as error:
        raise disk_error(folder, error) from error
    _tell_journal(groups, [(face, arrived[face.number], face.group) for face, _ in moves])
    groups.set_moved(arrived)


def _renamed(folder: Path, path: str, target: str) -> str:
    """Move a crop, if it is there and nothing is in its way; return where it is then."""
    source, goal = inside(folder, path), inside(folder, target)
    if source is None or goal is None:
        raise StorageError(f"{folder}: {path} or {target} leads out of it through a link: remove the link")
    if not os.path.lexists(source):
        return target
    if os.path.lexists(goal):  # somebody has put it there meanwhile
        return path
    goal.parent.mkdir(exist_ok=True)
    source.rename(goal)
    with suppress(OSError):  # it holds others
        source.parent.rmdir()
    return target


def _tell_journal(groups: Groups, moves: Sequence[tuple[Face, str, int]]) -> None:
    """Note in the journal of a download, if there is one, where crops are now, and in which group."""
    if not moves or not (groups.folder / JOURNAL).is_file():
        return
    names = {group.number: group.name for group in groups.groups()}
    with Journal(groups.folder) as journal:
        for face, path, group in moves:
            journal.move(face.path, face.sha256, path, names[group])
        journal.commit()


def _write_tables(groups: Groups) -> None:
    """Write manifest and report of a download, if crops were moved since."""
    if groups.has_moved and (groups.folder / JOURNAL).is_file():
        with Journal(groups.folder) as journal:
            rewrite_summary(journal, groups.folder)
        groups.note_tables()


def write_manifest(groups: Groups, without: Collection[str] = ()) -> None:
    """Write manifest.csv: where each face was found, and where it is; without the crops of these paths."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    names = {group.number: (escape_formula(group.folder), escape_formula(group.name)) for group in groups.groups()}
    for group, path, box, file, photo, side, sharpness in groups.places():
        if path not in without:
            found_in = (escape_formula(file), photo, side, f"{sharpness:.4g}")
            writer.writerow((escape_formula(path), escape_formula(box), *names[group], *found_in))
    atomic_write(groups.folder / MANIFEST, text.getvalue().encode(errors="backslashreplace"))
