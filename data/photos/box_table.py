"""A table of boxes, the faces in photos: a CSV with the columns `file` and `box`; other columns are ignored.

Boxes count pixels of the upright photo; an empty one means the whole photo, and a photo with several faces has several
rows. `predict` prints such a table.
"""

import csv
import os
from pathlib import Path

from data.reasons import one_line
from data.rows import Box
from errors import ListError

_FORM = "CSV with a header that names `file` and `box`"


class BoxTable:
    """The boxes of a CSV by photo. Raises ListError naming the line that cannot be read.

    A `file` is relative to the working folder or, if it is not there, to the folder of the table.
    """

    def __init__(self, path: Path) -> None:
        self._boxes: dict[Path, dict[Box | None, None]] = {}  # absolute path -> its boxes, each once, in order
        self._unused: dict[Path, str] = {}  # absolute path -> as it is written; photos that `of` was not called for
        try:
            with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as lines:
                self._read(path, csv.DictReader(lines))
        except (OSError, csv.Error) as error:
            raise ListError(f"{path} cannot be read ({error}): expected {_FORM}") from error

    @property
    def unused(self) -> list[str]:
        """The photos of the table that `of` was not called for."""
        return list(self._unused.values())

    def of(self, file: Path) -> list[Box | None]:
        """The boxes of a photo; none if the table does not have it."""
        place = _place(file)
        self._unused.pop(place, None)
        return list(self._boxes.get(place, ()))

    def _read(self, path: Path, rows: "csv.DictReader[str]") -> None:
        if not {"file", "box"} <= set(rows.fieldnames or ()):
            raise ListError(f"{path}: expected {_FORM}, got {one_line(','.join(rows.fieldnames or ()))!r}")
        for row in rows:
            file, text = row["file"], (row["box"] or "").strip()
            if not file:
                raise ListError(f"{path}:{rows.line_num}: the file is missing: expected a photo's name")
            try:
                box = Box.parse(text) if text else None
            except ValueError as error:
                raise ListError(f"{path}:{rows.line_num}: {error}, got {one_line(text)!r}") from error
            beside = path.parent / file
            place = _place(beside if os.path.exists(beside) and not os.path.exists(file) else Path(file))  # noqa: PTH110
            self._unused[place] = file
            self._boxes.setdefault(place, {})[box] = None


def _place(file: Path) -> Path:
    """Return where a file is, whatever its name: one too long, with a NUL, or of links in a circle, too."""
    try:
        return file.resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(os.path.abspath(file))  # noqa: PTH100
