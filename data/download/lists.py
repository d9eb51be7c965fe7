"""Read a list of photos, a row at a time: in FaceScrub's or PubFig's form, or a table whose header names its columns.

    FaceScrub   six columns between tabs, no header: name, image id, face id, URL, box `x1,y1,x2,y2`, SHA-256
    PubFig      five columns between tabs under lines that begin with #: person, number, URL, rect, MD5
    a table     columns between commas, semicolons, tabs or |, with a header: `name` and `url`; `box`, `sha256` and
                `md5` if the table has them

    URLs        one a line, or a table without names: of the one person who is asked for

A line is a row, unless a quoted cell goes on in the next one. What cannot be read becomes a `BadRow`, and reading goes
on; only a file without one good row is an error. A list may have a million rows, or come from a stranger: no rows are
kept, and no line may be endless.

list_text    the file -> lines of text
list_forms   the first lines -> which column is which; a line -> a row
list_cells   a cell -> a name, a URL, a box, a digest
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from data.download.list_forms import FORMATS, Form, form_of
from data.download.list_text import Encoding, TextLine, encoding_of, text_lines
from data.rows import BadRow, Row, Unselected
from data.wording import count
from errors import ListError, UsageError

__all__ = ["count_rows", "list_fingerprint", "read_list", "select"]

_RULES = 3  # of reading a list, part of its fingerprint: raise it when the same file is read differently


_REASONS_SHOWN = 3  # rows that cannot be read, in the message that none can


def read_list(
    path: Path, on_warning: Callable[[str], None] = lambda line: None, people: Sequence[str] | None = None
) -> Iterator[Row | BadRow]:
    """Every row of the list in order, numbered from 1. ListError at once when the file is not a list.

    `on_warning` is told at once what had to be assumed about the file. `people` are those who are asked for: if it is
    one, a list without names is about this person.
    """
    encoding = encoding_of(path, FORMATS)
    if not any(isinstance(row, Row) for row in _rows(path, encoding, people)):
        raise ListError(f"{path}: no row of it can be read: {_why(path, encoding, people)}")
    if encoding.assumed:
        on_warning(f"{path} is {encoding.assumed}: if names look wrong, save it as UTF-8")
    return _rows(path, encoding, people)


def count_rows(path: Path, people: Sequence[str] | None = None, limit: int | None = None) -> int:
    """How many rows `select(read_list(path, people=people), people, limit)` selects. ListError as `read_list`."""
    encoding = encoding_of(path, FORMATS)
    if people:
        wanted = set(people)
        rows = sum(row.name in wanted for row in _rows(path, encoding, people))
    else:
        _, lines = _lines(path, encoding, people)
        rows = sum(1 for _ in lines)
    return rows if limit is None else min(rows, limit)


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


def _why(path: Path, encoding: Encoding, people: Sequence[str] | None) -> str:
    """Why none of the rows can be read, in one line."""
    form, _ = _lines(path, encoding, people)
    if form.unknown:
        return f"columns: {form.unknown}; needed: name, url (or {FORMATS})"
    bad = (row for row in _rows(path, encoding, people) if isinstance(row, BadRow))
    reasons = [f"line {row.line}: {row.problem}" for row in islice(bad, _REASONS_SHOWN)]
    if not reasons:
        return f"it has none; expected {FORMATS}"
    more = sum(1 for _ in bad)
    expected = [] if form.header else [f"expected {FORMATS}"]
    return "; ".join([*reasons, *([f"and {count(more, 'more row')}"] if more else []), *expected])


def _rows(path: Path, encoding: Encoding, people: Sequence[str] | None) -> Iterator[Row | BadRow]:
    """Parse the file in the form that its first lines show."""
    form, lines = _lines(path, encoding, people)
    for number, line in enumerate(lines, start=1):
        try:
            yield form.row(number, line.text)
        except ValueError as problem:
            yield form.bad_row(number, line, str(problem))


def _lines(path: Path, encoding: Encoding, people: Sequence[str] | None) -> tuple[Form, Iterator[TextLine]]:
    """The form that the file's first lines show, and the lines of its rows."""
    form, lines = form_of(path, text_lines(path, encoding), tuple(dict.fromkeys(people or ())))
    return form, form.whole_rows(lines) if form.quoted else lines
