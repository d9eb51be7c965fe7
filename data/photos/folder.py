"""A folder of photos per person, read as torchvision's ImageFolder reads it: `DIR/<person>/.../<photo>`.

Each photo also has a group: photos of one group show the same original picture (two boxes of one photo, a copy, the
same photo at another size), and must never be on both sides of a split. A photo or a person that cannot be used is
named and left out, and the rest is used.
"""

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from data.cores import cores
from data.photos.cutting import open_regions
from data.photos.decoding import quiet_decoding
from data.photos.grouping import Scanned, group, shared_between_people
from data.photos.images import read_photo
from data.photos.photo_files import PHOTO_NAMES, Skipped, is_leftover, photos_below
from data.photos.placed import WHOLE, Placed, placed_in
from data.program import command
from data.quality import picture_hash
from data.reasons import Failure
from data.unnamed import GROUPS, is_nobody
from data.wording import count
from errors import DatasetError

_SIDE = 68  # pixels a photo is decoded to for its perceptual hash
_AT_ONCE = 512  # photos that are handed to the threads together

PARTS = {  # names of folders that are parts of a split, not people
    **dict.fromkeys(("train", "training", "trainset"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "testset", "eval"), "test"),
}


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo of one person."""

    file: str  # relative to the folder, with forward slashes
    name: str  # the person
    sha256: str  # of the file's bytes, 64 hexadecimal digits
    group: int  # equal for photos made from one original picture
    part: str | None = None  # train, validation or test, if the folder itself says so
    face: Placed = WHOLE  # where the face lies in it

    @property
    def key(self) -> str:
        """What decides the face that is cut out: the digest of the file, and one of the points where they are known."""
        if self.face.points is None:
            return self.sha256
        return f"{self.sha256}-{hashlib.sha256(repr(self.face.points).encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Folder:
    """The people of a folder in alphabetical order, and their photos in order of file name.

    `notes` are lines that say what was left out, joined or recognised; `unusable` has the photos that cannot be read,
    by file, with the reason.
    """

    path: Path
    people: tuple[str, ...]
    photos: tuple[Photo, ...]
    notes: tuple[str, ...] = ()
    unusable: dict[str, str] = field(default_factory=dict)


def read_folder(
    path: Path,
    *,
    min_photos: int = 1,
    strict: bool = False,
    max_pixels: int | None = None,
    on_photo: Callable[[], None] = lambda: None,
    advice: Callable[[Mapping[str, int]], str] = lambda photos: "",
) -> Folder:
    """Read all photos of `path`; each is read once, hashed and decoded. `on_photo` is called for each, by any thread;
    `max_pixels` is as in `DownloadSettings`.

    People with fewer than `min_photos` photos are left out, photos made from one original counted once. With `strict` a
    photo that cannot be read is an error. Raises DatasetError when the folder is missing, or fewer than two people are
    left; its message ends with what `advice` says about everybody's number of different photos, {person: photos}.
    """
    if not path.is_dir():
        raise DatasetError(f"{path} is not a folder: expected one with a folder of photos for each person")
    skipped, notes = Skipped(), []
    found = _People(path, skipped)
    unusable: dict[str, str] = {}
    scanned = list(_scanned(path, found.files(), unusable, max_pixels, on_photo))
    unreadable = {_relative(file, path): why for file, why in skipped.unreadable.items()} | unusable
    if strict and unreadable:
        first, why = next(iter(unreadable.items()))
        n = count(len(unreadable), "photo")
        raise DatasetError(f"{n} of {path} cannot be read, the first is {first}: {why}; mend or remove")
    shared = shared_between_people(scanned)
    usable = [photo for photo in scanned if photo.file not in shared]
    groups = group(path, usable)
    few = _too_few(found.names, usable, groups, min_photos)
    photos = tuple(
        Photo(photo.file, photo.name, photo.sha256, number, photo.part, photo.face)
        for photo, number in zip(usable, groups, strict=True)
        if photo.name not in few
    )
    notes += found.notes
    notes += skipped.lines()
    notes += [f"cannot be read, left out: {file}: {why}" for file, why in unreadable.items()]
    notes += [f"one picture under several people, left out of all: {' = '.join(files)}" for files in _sets(shared)]
    notes += _notes_of_few(few, min_photos)
    people = tuple(name for name in found.names if name not in few)
    if len(people) < 2:
        everybody = _originals(found.names, usable, groups)
        raise DatasetError(_too_few_people(path, people, notes) + advice(everybody))
    return Folder(path, people, photos, tuple(notes), unreadable)


class _People:
    """The folders of people in a folder, the same person's joined, and the parts of a split if it has them."""

    def __init__(self, path: Path, skipped: Skipped) -> None:
        self.notes: list[str] = []
        self._path, self._skipped = path, skipped
        self._folders: dict[str, list[tuple[Path, str | None]]] = {}  # person -> folders, and the part each is in
        tops = _folders_in(path, skipped)
        parts = parts_of([top.name for top in tops])
        if parts:
            self.notes.append(f"{', '.join(f'{top.name}/' for top in tops)} are taken as the parts of the split")
            people: list[tuple[Path, str | None]] = [
                (folder, part) for top, part in zip(tops, parts, strict=True) for folder in _folders_in(top, skipped)
            ]
        else:
            people = [(folder, None) for folder in tops]
        self._join(self._named(people))

    def _named(self, people: list[tuple[Path, str | None]]) -> list[tuple[Path, str | None]]:
        """Return the folders of people; of a heap that was grouped, without those that are nobody's."""
        if not (self._path / GROUPS).is_file():
            return people
        nobody = [folder.name for folder, _ in people if is_nobody(folder.name)]
        if nobody:
            naming = f"to name them: {command('name', str(self._path))}"
            self.notes.append(f"{count(len(nobody), 'folder')} of groups without a name: left out; {naming}")
        return [(folder, part) for folder, part in people if folder.name not in nobody]

    @property
    def names(self) -> list[str]:
        """The people, in alphabetical order."""
        return sorted(self._folders)

    def files(self) -> Iterator[tuple[Path, str, str | None]]:
        """Yield each photo with its person and its part, in order of person and file."""
        for name in self.names:
            any_photo = False
            for folder, part in self._folders[name]:
                for photo in photos_below(folder, self._skipped):
                    any_photo = True
                    yield photo, name, part
            if not any_photo:
                self.notes.append(f"no photo of {name}: left out")
                del self._folders[name]

    def _join(self, people: Sequence[tuple[Path, str | None]]) -> None:
        """Join the folders whose names differ in case, spaces or the form of accents: they are one person."""
        named: dict[str, list[tuple[Path, str | None]]] = {}
        for folder, part in people:
            named.setdefault(person_key(folder.name), []).append((folder, part))
        for folders in named.values():
            spellings = list(dict.fromkeys(folder.name for folder, _ in folders))
            name = shown_name(spellings[0])
            self._folders[name] = folders
            if len(spellings) > 1:
                self.notes.append(f"taken for one person, {name}: {', '.join(map(ascii, spellings))}")


def parts_of(folders: Sequence[str]) -> list[str]:
    """Which part of a split each of the folders in a folder is; none of any where they are people."""
    parts = [PARTS.get(folder.strip().casefold(), "") for folder in folders]
    return parts if all(parts) and "train" in parts and len(set(parts)) > 1 else []


def person_key(name: str) -> str:
    """What is equal for spellings of one person's name: case, spaces and the form of accents make no difference."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).casefold().split()))


def shown_name(name: str) -> str:
    """A person's name as it is shown: composed, with single spaces, control characters replaced."""
    composed = " ".join(unicodedata.normalize("NFC", name).split())
    return "".join(c if c.isprintable() else "?" for c in composed)


def _folders_in(path: Path, skipped: Skipped) -> list[Path]:
    """The folders directly in `path`, in order of name; photos beside them are counted."""
    folders = []
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}; mend or remove it") from error
    for entry in entries:
        try:
            is_folder = entry.is_dir()
        except OSError as error:  # a circle of links
            skipped.unreadable[path / entry.name] = error.strerror or str(error)
            continue
        if is_folder and is_leftover(entry.name, is_folder=True):
            skipped.add_leftover_folder(path / entry.name)
        elif is_folder:
            folders.append(path / entry.name)
        elif Path(entry.name).suffix.lower() in PHOTO_NAMES and not is_leftover(entry.name):
            skipped.without_person += 1
    return folders


def _scanned(
    path: Path,
    files: Iterator[tuple[Path, str, str | None]],
    unusable: dict[str, str],
    max_pixels: int | None,
    on_photo: Callable[[], None],
) -> Iterator[Scanned]:
    """Read and decode the photos on all cores, in order; put those that cannot be read into `unusable`."""

    def scan(found: tuple[Path, str, str | None]) -> Scanned | tuple[str, str]:
        file, name, part = found
        relative = file.relative_to(path).as_posix()
        result = _scan(file, max_pixels)
        on_photo()
        return (relative, result) if isinstance(result, str) else Scanned(relative, name, part, *result)

    with quiet_decoding(), ThreadPoolExecutor(cores()) as pool:
        while batch := list(islice(files, _AT_ONCE)):
            for result in pool.map(scan, batch):
                if isinstance(result, Scanned):
                    yield result
                else:
                    unusable[result[0]] = result[1]


def _scan(file: Path, max_pixels: int | None) -> tuple[str, int, Placed] | str:
    """Return the SHA-256 and the perceptual hash of a photo, and where its face lies; or why it cannot be read."""
    data = read_photo(file)
    if isinstance(data, Failure):
        return _why(data)
    regions = open_regions(data, [None], _SIDE, "L", max_pixels=max_pixels)
    region = regions if isinstance(regions, Failure) else regions[0]
    if isinstance(region, Failure):
        return _why(region)
    return hashlib.sha256(data).hexdigest(), picture_hash(region.picture), placed_in(data)


def _why(failure: Failure) -> str:
    return f"{failure.reason}: {failure.detail}"


def _relative(file: Path, folder: Path) -> str:
    return ascii(file.relative_to(folder).as_posix())[1:-1]  # names that are not UTF-8 can be printed so


def _too_few(names: Sequence[str], photos: Sequence[Scanned], groups: Sequence[int], least: int) -> dict[str, int]:
    """People with fewer originals than `least`, and how many they have."""
    return {name: n for name, n in _originals(names, photos, groups).items() if n < max(least, 1)}


def _originals(names: Sequence[str], photos: Sequence[Scanned], groups: Sequence[int]) -> dict[str, int]:
    """How many photos of different originals each person has."""
    originals: dict[str, set[int]] = {name: set() for name in names}
    for photo, number in zip(photos, groups, strict=True):
        originals[photo.name].add(number)
    return {name: len(own) for name, own in originals.items()}


def _notes_of_few(few: dict[str, int], least: int) -> list[str]:
    if not few:
        return []
    people = ", ".join(f"{name} ({count(n, 'photo')})" for name, n in few.items())
    return [f"left out, as fewer than {least} different photos are usable (--min-photos): {people}"]


def _sets(shared: dict[str, int]) -> list[list[str]]:
    """The files of each picture that is under several people."""
    sets: dict[int, list[str]] = {}
    for file, number in shared.items():
        sets.setdefault(number, []).append(file)
    return list(sets.values())


def _too_few_people(path: Path, people: Sequence[str], notes: Sequence[str]) -> str:
    got = f"only {people[0]!r}" if people else "nobody"
    why = f" ({'; '.join(notes)})" if notes else ""
    return f"{path} needs a folder of photos for each of at least two people, got {got}{why}"
