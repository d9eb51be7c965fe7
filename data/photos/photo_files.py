"""The photos that a command is given, in a stable order: files, folders with everything below them, lists of names.

Hidden files and folders inside a folder are left out, and symbolic links to folders are not followed; files whose names
are not those of photos are counted. A file that is named itself is always used, whatever its name.
"""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from data.photos.folder import EXTENSIONS
from errors import UsageError

LISTED = "-"  # means: the names on stdin


class PhotoFiles:
    """Iterate over the files once. A folder without a photo, or one that cannot be read, is itself yielded.

    `passed_over` counts, by extension, the files in folders that are not photos by their names.
    """

    def __init__(self, names: Iterable[str | Path], listed: Iterable[str] = ()) -> None:
        """`listed` are the lines that the name `-` means, read when needed; blank ones are left out."""
        self.passed_over: Counter[str] = Counter()
        self._names = names
        self._listed = listed

    def __iter__(self) -> Iterator[Path]:
        for name in self._all_names():
            if name == "":  # it would be the current folder: most likely a variable of a script that was never set
                raise UsageError("an empty name was given: expected a photo or a folder")
            path = Path(name)
            yield from self._inside(path) if os.path.isdir(path) else [path]  # noqa: PTH112 - False for any name

    def _all_names(self) -> Iterator[str | Path]:
        for name in self._names:
            if name == LISTED:
                yield from (line.rstrip("\r\n") for line in self._listed if line.strip())
            else:
                yield name

    def _inside(self, folder: Path) -> Iterator[Path]:
        any_photo = False
        unreadable: list[Path] = []
        for place, folders, files in os.walk(folder, onerror=lambda error: unreadable.append(Path(error.filename))):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for file in (Path(place, name) for name in sorted(files) if not name.startswith(".")):
                if file.suffix.lower() in EXTENSIONS:
                    any_photo = True
                    yield file
                else:
                    self.passed_over[file.suffix.lower() or "no extension"] += 1
        yield from unreadable
        if not any_photo and folder not in unreadable:
            yield folder
