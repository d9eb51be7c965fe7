"""Which photos show one original picture: equal bytes, one URL or original of a download, or nearly equal pictures."""

import csv
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from data.photos.placed import WHOLE, Placed
from data.quality import close_pairs

_BITS = range(16, 241)  # set in the hash of a picture that has contents; flat ones are all alike


class Scanned(NamedTuple):
    """A photo that was read and decoded."""

    file: str
    name: str
    part: str | None
    sha256: str
    hash: int  # perceptual
    face: Placed = WHOLE


class Sets:
    """Sets that are joined (union-find): `root` is equal for all members of a set."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def root(self, member: Hashable) -> Hashable:
        """Return what represents the member's set."""
        parent = self._parent
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, one: Hashable, other: Hashable) -> None:
        """Make one set of two members' sets."""
        self._parent[self.root(other)] = self.root(one)


def group(folder: Path, photos: Sequence[Scanned]) -> list[int]:
    """Return a number for each photo, equal for photos of one original: the place of the first of them."""
    sets, originals = Sets(), _originals(folder)
    for photo in photos:
        for value in (photo.sha256, *originals.get(photo.file, [])):
            sets.join(("photo", photo.file), value)
        sets.join(("photo", photo.file), ("looks", photo.name, photo.hash) if _has_contents(photo) else photo.sha256)
    names: defaultdict[int, set[str]] = defaultdict(set)
    for photo in filter(_has_contents, photos):
        names[photo.hash].add(photo.name)
    for one, other in close_pairs(names):
        for name in names[one] & names[other]:
            sets.join(("looks", name, one), ("looks", name, other))
    first: dict[Hashable, int] = {}
    return [first.setdefault(sets.root(("photo", photo.file)), place) for place, photo in enumerate(photos)]


def shared_between_people(photos: Sequence[Scanned]) -> dict[str, int]:
    """Return the photos whose picture is in the folders of several people, with a number for each picture."""
    sets = Sets()
    for photo in photos:
        sets.join(photo.sha256, photo.hash if _has_contents(photo) else photo.sha256)
    for one, other in close_pairs(photo.hash for photo in filter(_has_contents, photos)):
        sets.join(one, other)
    names: defaultdict[Hashable, set[str]] = defaultdict(set)
    for photo in photos:
        names[sets.root(photo.sha256)].add(photo.name)
    numbers: dict[Hashable, int] = {}
    return {
        photo.file: numbers.setdefault(root, len(numbers))
        for photo in photos
        if len(names[root := sets.root(photo.sha256)]) > 1
    }


def _has_contents(photo: Scanned) -> bool:
    return photo.hash.bit_count() in _BITS


def _originals(folder: Path) -> dict[str, list[str]]:
    """File -> URL and SHA-256 of the photo that it was cut from, as the manifest of the folder says."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        return {}
    with manifest.open(newline="", encoding="utf-8") as lines:
        return {
            row["file"]: [value for column in ("url", "sha256") if (value := row.get(column))]
            for row in _rows(lines)
            if row.get("file") and row.get("sha256")
        }


def _rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    try:
        yield from csv.DictReader(lines)
    except (csv.Error, UnicodeDecodeError):
        return  # not a download's manifest: equal files are grouped all the same
