"""Read a list of photos, a row at a time: in FaceScrub's or PubFig's form, or a table whose header names its columns.

    FaceScrub   six columns between tabs, no header: name, image id, face id, URL, box `x1,y1,x2,y2`, SHA-256
    PubFig      five columns between tabs under lines that begin with #: person, number, URL, rect, MD5
    a table     columns between commas, semicolons, tabs or |, with a header: `name` and `url`; `box`, `sha256` and
                `md5` if the table has them

A line is a row, unless a quoted cell goes on in the next one. What cannot be read becomes a `BadRow`, and reading goes
on; only a file without one good row is an error. A list may have a million rows, or come from a stranger: no rows are
kept, and no line may be endless.

list_text    the file -> lines of text
list_forms   the first lines -> which column is which; a line -> a row
list_cells   a cell -> a name, a URL, a box, a digest
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from data.download.list_forms import FORMATS, Form, form_of
from data.download.list_text import Encoding, TextLine, encoding_of, text_lines
from data.rows import BadRow, Row, Unselected
from errors import ListError, UsageError

__all__ = ["count_rows", "list_fingerprint", "read_list", "select"]

_RULES = 2  # of reading a list, part of its fingerprint: raise it when the same file is read differently


def read_list(path: Path, on_warning: Callable[[str], None] = lambda line: None) -> Iterator[Row | BadRow]:
    """Every row of the list in order, numbered from 1. ListError at once when the file is not a list.

    `on_warning` is told at once what had to be assumed about the file.
    """
    encoding = encoding_of(path, FORMATS)
    if not any(isinstance(row, Row) for row in _rows(path, encoding)):
        raise ListError(f"{path}: no row of it can be read: expected {FORMATS}")
    if encoding.assumed:
        on_warning(f"{path} is {encoding.assumed}: if names look wrong, save it as UTF-8")
    return _rows(path, encoding)


def count_rows(path: Path) -> int:
    """How many rows `read_list` yields, for a progress bar. ListError as there."""
    _, lines = _lines(path, encoding_of(path, FORMATS))
    return sum(1 for _ in lines)


def list_fingerprint(path: Path, people: Iterable[str] | None = None, limit: int | None = None) -> str:
    """Identify the rows of `select(read_list(path), people, limit)`: the SHA-256 of the file, people and limit."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return f"rules {_RULES}, list {content}, people {sorted(set(people or ()))}, limit {limit}"


def select(
    rows: Iterable[Row | BadRow], people: Iterable[str] | None = None, limit: int | None = None
) -> Iterator[Row | BadRow | Unselected]:
    """Yield every row; those not of the named people, or after their first `limit`, as `Unselected`.

    Raises UsageError after the last row when one of the named people has no row.
    """
    wanted, missing, taken = set(people or ()), set(people or ()), 0
    for row in rows:
        missing.discard(row.name or "")
        if (not wanted or row.name in wanted) and (limit is None or taken < limit):
            taken += 1
            yield row
        else:
            yield Unselected(row)
    if missing:
        raise UsageError(f"no row of the list is about {', '.join(map(repr, sorted(missing)))}")


def _rows(path: Path, encoding: Encoding) -> Iterator[Row | BadRow]:
    """Parse the file in the form that its first lines show."""
    form, lines = _lines(path, encoding)
    for number, line in enumerate(lines, start=1):
        try:
            yield form.row(number, line.text)
        except ValueError as problem:
            yield form.bad_row(number, line, str(problem))


def _lines(path: Path, encoding: Encoding) -> tuple[Form, Iterator[TextLine]]:
    """The form that the file's first lines show, and the lines of its rows."""
    form, lines = form_of(path, text_lines(path, encoding))
    return form, form.whole_rows(lines) if form.quoted else lines
