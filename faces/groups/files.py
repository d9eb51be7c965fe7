"""The crops of a folder of groups: each lies in the folder of its group, `DIR/<person>/`, `DIR/group-001/`, ...

The database decides, and the files follow: where a crop goes is noted, then it is renamed, then that is noted too, so
that a kill at any moment leaves it in one of the two places, and the next start ends the move. What people move, rename
or add by hand is taken over, and what they delete is not found again.
"""

import csv
import hashlib
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from data.atomic_write import atomic_write, disk_error
from data.download.manifest import MANIFEST, escape_formula, write_summary
from data.inside import inside
from data.journal import FILE as JOURNAL
from data.journal import Journal
from data.photos.folder import PARTS, shown_name
from data.photos.images import read_photo
from data.photos.photo_files import Skipped, is_leftover, photos_below
from data.photos.placed import placed_in
from data.unnamed import NOT_FACES, STRANGERS, UNSORTED, number_of
from data.wording import count
from errors import DatasetError
from faces.detection.found_folder import source_of
from faces.groups import values
from faces.groups.store import Groups, State
from faces.groups.values import Face, Kind, NewFace

COLUMNS = ("file", "box", "group", "name", "photo", "sha256", "side", "sharpness")
_MADE = re.compile(r".+-[0-9a-f]{12}-\d+\.jpg")  # names of crops that a grouping makes


def crop_name(photo: Path, sha256: str, number: int) -> str:
    """Return the name of the crop of a photo's face; it is told from any other by the photo's SHA-256."""
    stem = photo.stem.encode(errors="replace")[:120].decode(errors="ignore")
    return f"{stem}-{sha256[:12]}-{number}.jpg"


def follow(groups: Groups) -> None:
    """Move every crop into the folder of its group, and write the manifest. StorageError when the disk refuses."""
    _move(groups)
    taken, targets = set[str](), dict[int, str]()
    for face, group in groups.misplaced():
        target = _free(groups.folder, group.folder, PurePosixPath(face.path), taken)
        taken.add(target.casefold())
        targets[face.number] = target
    groups.set_targets(targets)
    _move(groups)
    _write_manifest(groups)


def take_over(groups: Groups) -> list[str]:
    """Take over what people have done by hand in the folder; return lines about it.

    Crops that were moved are in the group of their new folder, those that are gone are dropped, and photos that are new
    in a person's folder are faces of that person. DatasetError when the folder is not one of people.
    """
    if source := source_of(groups.folder):
        raise DatasetError(
            f"{groups.folder} has the faces that train-faces --detect finds in {source}, and finds again: group the "
            "photos there into a folder of groups"
        )
    _move(groups)
    photos = dict(_photos(groups.folder))
    known = {face.path: face for face in groups.faces()}
    missing = defaultdict[str, list[Face]](list)
    for face in known.values():
        if face.path not in photos:
            missing[face.sha256].append(face)
    moved, new = dict[int, str](), Counter[str]()
    for path, file in photos.items():
        data = read_photo(file) if path not in known else None
        if not isinstance(data, bytes):
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        group = _group_of(groups, path)
        if missing[sha256]:
            face = missing[sha256].pop()
            groups.set_moved({face.number: path})
            groups.regroup({face.number: group})
            moved[face.number] = path
        elif not (path.startswith(f"{UNSORTED}/") and _MADE.fullmatch(file.name)):  # left by a grouping that was killed
            box = placed_in(data).box
            groups.add_faces(sha256, path, group, [NewFace(path, box, 0, 0.0, None, sha256)])
            new[path.partition("/")[0]] += 1
    gone = [face.number for faces in missing.values() for face in faces]
    groups.drop(gone)
    lines = [f"{count(len(moved), 'crop')} moved by hand: taken over"] if moved else []
    lines += [f"{count(len(gone), 'crop')} deleted by hand: left out from now on"] if gone else []
    return lines + ([f"{count(new.total(), 'photo')} of {count(len(new), 'folder')} read"] if new else [])


def _photos(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the photos in the folders of `folder`: path relative to it, with slashes, and path."""
    tops = sorted(path for path in folder.iterdir() if path.is_dir() and not is_leftover(path.name, is_folder=True))
    if parts := [top.name for top in tops if top.name.strip().casefold() in PARTS]:
        raise DatasetError(f"{folder} has the parts of a split, {', '.join(parts)}: expected a folder of people")
    for top in tops:
        for photo in photos_below(top, Skipped()):
            yield photo.relative_to(folder).as_posix(), photo


def _group_of(groups: Groups, path: str) -> int:
    """Return the group whose folder a path begins with; one is made for a folder that is new."""
    folder = path.partition("/")[0]
    fixed = {UNSORTED: values.UNSORTED, NOT_FACES: values.NOT_FACES}
    if folder in fixed:
        return fixed[folder]
    number, wanted = number_of(folder), Kind.STRANGERS if folder == STRANGERS else Kind.PERSON
    for group in groups.groups():
        if group.kind is wanted and group.folder == folder:
            return group.number
    if number is not None or wanted is Kind.STRANGERS:
        return groups.add_group(State(wanted))
    known = groups.person(folder)
    return known.number if known else groups.add_group(State(Kind.PERSON, shown_name(folder), folder))


def _free(folder: Path, group: str, path: PurePosixPath, taken: set[str]) -> str:
    """Return a path in the folder of a group that no file has: two photos of one name both stay."""
    number = 1
    while True:
        name = path.name if number == 1 else f"{path.stem}-{number}{path.suffix}"
        target = f"{group}/{name}"
        if target.casefold() not in taken and not (folder / target).exists():
            return target
        number += 1


def _move(groups: Groups) -> None:
    """Move the crops to where they are noted to go; one that is no longer there has been moved already."""
    moves = groups.targets()
    if not moves:
        return
    folder = groups.folder
    try:
        for _, path, target in moves:
            source, goal = inside(folder, path), inside(folder, target)
            if source and goal and source.is_file() and not goal.exists():
                goal.parent.mkdir(exist_ok=True)
                source.rename(goal)
                with suppress(OSError):  # it holds others
                    source.parent.rmdir()
        if (folder / JOURNAL).is_file():
            _tell_journal(folder, [(path, target) for _, path, target in moves])
    except OSError as error:
        raise disk_error(folder, error) from error
    groups.set_moved({face: target for face, _, target in moves})


def _tell_journal(folder: Path, moves: list[tuple[str, str]]) -> None:
    """Note in the journal of a download where its crops are now, and whose they are."""
    with Journal(folder) as journal:
        for path, target in moves:
            journal.move(path, target)
        journal.commit()
        write_summary(journal, folder, 0.0)


def _write_manifest(groups: Groups) -> None:
    """Write manifest.csv: where each face was found, and where it is; a download's is made from its journal."""
    if not groups.is_of_heap:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    names = {group.number: (group.folder, group.name) for group in groups.groups()}
    for face in sorted(groups.faces(), key=lambda face: face.path):
        folder, name = names[face.group]
        row = (face.path, face.box, folder, name, face.file, face.photo, face.side, f"{face.sharpness:.4g}")
        writer.writerow([escape_formula(value) if isinstance(value, str) else value for value in row])
    atomic_write(groups.folder / MANIFEST, text.getvalue().encode(errors="backslashreplace"))
