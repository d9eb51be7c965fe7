"""A folder of photos per person, read as torchvision's ImageFolder reads it: `DIR/<person>/<photo>`.

Each photo also has a group: photos of one group show the same original picture (two boxes of one photo, two rows of a
list with one SHA-256, a copy of a file), and must never be on both sides of a split.
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from errors import DatasetError

EXTENSIONS = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp"})


@dataclass(frozen=True)
class Photo:
    """One photo of one person."""

    file: str  # relative to the folder, with forward slashes
    name: str  # the person: the name of the photo's folder
    sha256: str  # of the file's bytes, 64 hexadecimal digits
    group: int  # equal for photos made from one original picture


@dataclass(frozen=True)
class Folder:
    """The people of a folder in alphabetical order, and their photos in order of file name."""

    path: Path
    people: tuple[str, ...]
    photos: tuple[Photo, ...]


def read_folder(path: Path) -> Folder:
    """Read `path/<person>/<photo>`; every photo is hashed once. Hidden files and other extensions are left out.

    Raises DatasetError when the folder is missing, has fewer than two people, or a person has no photo.
    """
    if not path.is_dir():
        raise DatasetError(f"{path} is not a folder: expected one with a folder of photos for each person")
    try:
        people = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        if len(people) < 2:
            found = f"only {people[0]!r}" if people else "no folder at all"
            raise DatasetError(f"{path} needs a folder of photos for each of at least two people, got {found}")
        files = [(name, photo) for name in people for photo in _photos_of(path / name)]
        digests = [hashlib.sha256(photo.read_bytes()).hexdigest() for _, photo in files]
    except OSError as error:
        raise DatasetError(f"{error.filename or path} cannot be read: {error.strerror}; mend or remove it") from error
    relative = [photo.relative_to(path).as_posix() for _, photo in files]
    for file in relative:
        if any("\ud800" <= character <= "\udfff" for character in file):  # bytes that are not UTF-8
            raise DatasetError(f"{path} has a file whose name is no UTF-8, {file!a}: rename it")
    groups = _groups(relative, digests, _originals(path))
    photos = tuple(
        Photo(file, name, digest, group)
        for file, (name, _), digest, group in zip(relative, files, digests, groups, strict=True)
    )
    return Folder(path, tuple(people), photos)


def _photos_of(person: Path) -> list[Path]:
    photos = sorted(
        file
        for file in person.iterdir()
        if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".") and file.is_file()
    )
    if not photos:
        raise DatasetError(
            f"{person} holds no photo: expected files ending in {', '.join(sorted(EXTENSIONS))}; "
            "add some or remove the folder"
        )
    return photos


def _originals(path: Path) -> dict[str, list[str]]:
    """File -> URL and SHA-256 of the photo that it was cut from, from the download's manifest."""
    manifest = path / "manifest.csv"
    if not manifest.is_file():
        return {}
    with manifest.open(newline="", encoding="utf-8") as lines:
        return {
            row["file"]: [row["url"], row["sha256"]]
            for row in _rows(lines)
            if row.get("file") and row.get("url") and row.get("sha256")
        }


def _rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    try:
        yield from csv.DictReader(lines)
    except (csv.Error, UnicodeDecodeError):
        return  # not a download's manifest: equal files are grouped all the same


def _groups(files: list[str], digests: list[str], originals: dict[str, list[str]]) -> list[int]:
    """Number the sets of files that share a digest, a URL or an original (union-find, the smallest index as root)."""
    parent = list(range(len(files)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first_with: dict[str, int] = {}
    for index, (file, digest) in enumerate(zip(files, digests, strict=True)):
        for value in (digest, *originals.get(file, [])):
            one, other = root(index), root(first_with.setdefault(value, index))
            parent[max(one, other)] = min(one, other)
    return [root(index) for index in range(len(files))]
