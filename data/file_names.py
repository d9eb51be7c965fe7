"""Names for files: short enough for a disk, and free where others have that name already: `1.jpg`, `1-2.jpg`."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

_MOST_BYTES = 255  # of a name, on most disks


def ended(name: str, end: str) -> str:
    """Return the name with this end; the name is cut, between letters, where a disk would not take so long a one."""
    while len(os.fsencode(name + end)) > _MOST_BYTES:
        name = name[:-1]
    return name + end


def numbered(path: Path) -> Iterator[Path]:
    """Yield the path itself, then with numbers from 2 on before its ending."""
    yield path
    for number in count(2):
        yield path.with_name(ended(path.stem, f"-{number}{path.suffix}"))
