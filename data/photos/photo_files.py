"""Which files are photos, told by their first bytes and not by their names; and the photos that a command is given.

What operating systems, archives and network drives leave behind is skipped. Nothing is dropped without a count:
`Skipped` says it in lines.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data.photos.kinds import FORMATS, HEAD, can_decode, kind_of, missing
from data.wording import count, counts
from errors import UsageError

LISTED = "-"  # means: the names on stdin

PHOTO_NAMES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif")
)  # a file with such a name that is none is named, not counted

_LEFTOVER_FOLDERS = frozenset(
    (
        *("__macosx", "$recycle.bin", "recycler", "#recycle", "#snapshot", "@eadir", "@recycle", "@tmp", "lost+found"),
        *("found.000", "network trash folder", "temporary items", "system volume information"),
    )
)
_LEFTOVER_FILES = re.compile(
    r"(thumbs|ehthumbs|ehthumbs_vista)\.db(:encryptable)?|desktop\.ini|folder\.htt|picasa\.ini|icon\r?|\.ds_store"
    r"|~\$.*|.*~|.*\.(tmp|temp|part|partial|crdownload|download|bak|swp|lnk|url|part-\d+-[0-9a-f]+)",
    re.IGNORECASE,
)


@dataclass
class Skipped:
    """What was found in folders and is no photo that can be used here."""

    leftovers: Counter[str] = field(default_factory=Counter)
    """Names of what systems leave behind, hidden files among them."""
    others: Counter[str] = field(default_factory=Counter)
    """Files that are no photos, by kind."""
    undecodable: Counter[str] = field(default_factory=Counter)
    """Photos of kinds that nothing installed here decodes."""
    without_person: int = 0
    """Photos that are in no person's folder."""
    unreadable: dict[Path, str] = field(default_factory=dict)
    """Files and folders that cannot be read, and why."""
    results: Path | None = None
    """The folder that results go to, if it was found among the photos."""

    def add_leftover_folder(self, folder: Path) -> None:
        """Count the files of a folder that a system left behind; an empty one counts as one."""
        self.leftovers[folder.name] += sum(len(files) for _, _, files in os.walk(folder)) or 1

    def lines(self) -> list[str]:
        """Return a line for each kind of thing that was skipped; what cannot be read is left to the caller."""
        lines = []
        if self.leftovers:
            names = ", ".join(name for name, _ in self.leftovers.most_common(3))
            lines.append(f"skipped {count(self.leftovers.total(), 'file')} that systems leave behind or hide ({names})")
        if self.others:
            lines.append(f"skipped what is no photo: {counts(self.others)}")
        if self.without_person:
            lines.append(f"{count(self.without_person, 'photo')} in no person's folder: left out")
        for kind, n in self.undecodable.most_common():
            lines.append(f"skipped {count(n, f'{kind} photo')}: {missing(kind)}")
        if self.results:
            lines.append(f"left out {self.results}: it is where the results go")
        return lines


def is_leftover(name: str, *, is_folder: bool = False) -> bool:
    """Whether a name is one that a system, an archive or a network drive leaves behind, or hides."""
    if name.startswith("."):
        return True
    return name.casefold() in _LEFTOVER_FOLDERS if is_folder else bool(_LEFTOVER_FILES.fullmatch(name))


def photos_below(folder: Path, skipped: Skipped, results: Path | None = None) -> Iterator[Path]:
    """Yield the photos below a folder, in order of name, and count in `skipped` what else is there.

    Links to folders are followed, but never in a circle. The folder `results` is left out.
    """
    yield from _photos_below(folder, skipped, {os.path.realpath(folder)}, results)


def _photos_below(folder: Path, skipped: Skipped, above: set[str], results: Path | None) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        skipped.unreadable[folder] = error.strerror or str(error)
        return
    folders = []
    for entry in entries:
        path = folder / entry.name
        if _is_folder(entry):
            folders.append(entry.name)
        elif is_leftover(entry.name):
            skipped.leftovers["._*" if entry.name.startswith("._") else entry.name] += 1
        elif _is_photo(path, skipped):
            yield path
    for name in folders:
        path = folder / name
        real = os.path.realpath(path)
        if is_leftover(name, is_folder=True):
            skipped.add_leftover_folder(path)
        elif real in above:
            skipped.unreadable[path] = "a link that leads back to a folder above it"
        elif is_same(path, results):
            skipped.results = path
        else:
            yield from _photos_below(path, skipped, above | {real}, results)


def is_same(path: Path, other: Path | None) -> bool:
    """Whether both are one file or folder, however they are spelled."""
    try:
        return other is not None and path.samefile(other)
    except (OSError, ValueError):  # one of them is not there; a NUL in the name
        return False


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links
        return False


def _is_photo(path: Path, skipped: Skipped) -> bool:
    """Whether a file begins as a photo that can be decoded; counts it if not."""
    if not path.name.isprintable() or any("\ud800" <= character <= "\udfff" for character in path.name):
        skipped.unreadable[path] = "a name that is not UTF-8, or has control characters: rename it"
        return False
    try:
        if not path.is_file():
            skipped.others["neither file nor folder"] += 1
            return False
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        skipped.unreadable[path] = error.strerror or str(error)
        return False
    kind = kind_of(head)
    if can_decode(kind):
        return True
    suffix = path.suffix.lower()
    if kind in FORMATS:
        skipped.undecodable[kind] += 1
    elif not head and suffix in PHOTO_NAMES:
        skipped.unreadable[path] = "an empty file"
    elif suffix in PHOTO_NAMES and kind in (None, "text", "HTML", "XML"):
        skipped.unreadable[path] = "its content is no photo"
    else:
        skipped.others[(kind if kind != "text" else None) or suffix or "no extension"] += 1
    return False


class PhotoFiles:
    """Iterate once over the files that a command is given. A folder without a photo is itself yielded.

    In folders only photos are taken, and `skipped` counts the rest; a file that is named itself is always used.
    """

    def __init__(self, names: Iterable[str | Path], listed: Iterable[str] = (), *, results: Path | None = None) -> None:
        """`listed` are the lines that the name `-` means, read when needed; blank ones are left out.

        `results` is a folder that results are written to: below a folder that is given it is left out, and UsageError
        is raised where it is given itself.
        """
        self.skipped = Skipped()
        self._names = names
        self._listed = listed
        self._results = results
        self._folders: list[Path] = []

    def below(self, file: Path) -> Path:
        """Return the path of a file below the folder that it was found in; its name, if it was named itself."""
        for folder in self._folders:
            if file.is_relative_to(folder) and ".." not in (path := file.relative_to(folder)).parts:
                return path
        return Path(file.name)

    def __iter__(self) -> Iterator[Path]:
        for name in self._all_names():
            if name == "":  # it would be the current folder: most likely a variable of a script that was never set
                raise UsageError("an empty name was given: expected a photo or a folder")
            path = Path(name)
            if not os.path.isdir(path):  # noqa: PTH112 - False for any name
                yield path
                continue
            if is_same(path, self._results):
                raise UsageError(f"{name} is the folder that the results go to: choose another one for them")
            self._folders.append(path)
            unreadable = len(self.skipped.unreadable)
            photo = None
            for photo in photos_below(path, self.skipped, self._results):
                yield photo
            yield from list(self.skipped.unreadable)[unreadable:]
            if photo is None and len(self.skipped.unreadable) == unreadable:
                yield path

    def _all_names(self) -> Iterator[str | Path]:
        for name in self._names:
            if name == LISTED:
                yield from (line.rstrip("\r\n") for line in self._listed if line.strip())
            else:
                yield name
