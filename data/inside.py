"""Paths that stand in a file - a journal, a run, a shard - and must not lead out of the folder that the file is about.

A folder may come from anybody. What it says about itself must not make a command read, overwrite or delete what lies
outside of it, so each such path is joined here.
"""

import re
from pathlib import Path

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")  # of any system: a folder may be carried from one to another
_SEPARATORS = re.compile(r"[/\\]")


def inside(folder: Path, file: object, *, links: bool = False) -> Path | None:
    """Return `folder / file`; None if it would not lie in `folder`, or is no path.

    A folder on the way that is a symbolic link out of `folder` leads out of it, unless `links`: for files that are only
    read, in a folder that may be made of links.
    """
    if not isinstance(file, str) or not file or "\0" in file or _ABSOLUTE.match(file):
        return None
    if ".." in _SEPARATORS.split(file):
        return None
    path = folder / file
    if links or not any(parent.is_symlink() for parent in _between(folder, path)):
        return path
    try:
        return path if path.parent.resolve().is_relative_to(folder.resolve()) else None
    except (OSError, RuntimeError):  # links in a circle
        return None


def is_stored(folder: Path, file: object) -> bool:
    """Whether there is such a file in the folder."""
    path = inside(folder, file)
    return path is not None and path.is_file()


def is_name(text: str) -> bool:
    """Whether this can be the name of a file or folder, and no more than a name."""
    return bool(text.strip(". ")) and "\0" not in text and not _SEPARATORS.search(text) and not _ABSOLUTE.match(text)


def _between(folder: Path, path: Path) -> list[Path]:
    """Return the folders below `folder` on the way to `path`."""
    return [parent for parent in path.parents if folder in parent.parents]
