"""Read a list of photos, a row at a time: in FaceScrub's format, or as a table whose header names its columns.

    FaceScrub   six columns between tabs, no header: name, image id, face id, URL, box `x1,y1,x2,y2`, SHA-256
    a table     CSV (or tabs) with a header: `name` and `url`; `box` and `sha256` if the table has them

One line is one row. A line that cannot be read becomes a `BadRow`, and reading goes on; only a file without one good
row is an error. A list may have a million rows, or come from a stranger: no rows are kept, and no line may be endless.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from data.rows import BadRow, Box, Row, Unselected
from errors import ListError, UsageError

_RULES = 1  # of reading a list, part of its fingerprint: raise it when the same file is read differently
_LONGEST_LINE = 32_768  # characters; the longest URL that servers take is a quarter of that
_URL = re.compile(r"https?://([^/?#\\\s]+)(?:[/?#].*)?", re.IGNORECASE)
_PLAIN_HOST = re.compile(r"[\w.-]+(?::[1-9][0-9]{0,3})?")  # of nearly every URL: needs no further check
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")  # and bytes that are not UTF-8 (surrogates)
_FORMATS = "FaceScrub's six tab-separated columns, or CSV with a header that names `name` and `url`"


def read_list(path: Path) -> Iterator[Row | BadRow]:
    """Every row of the list in order, numbered from 1. ListError at once when the file is not a list."""
    if not any(isinstance(row, Row) for row in _rows(path)):
        raise ListError(f"{path}: no row of it can be read: expected {_FORMATS}")
    return _rows(path)


def count_lines(path: Path) -> int:
    """About how many rows the list has, for a progress bar: the number of its line feeds."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


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
        name = row.name if isinstance(row, Row) else None
        missing.discard(name or "")
        if (not wanted or name in wanted) and (limit is None or taken < limit):
            taken += 1
            yield row
        else:
            yield Unselected(row)
    if missing:
        raise UsageError(f"no row of the list is about {', '.join(map(repr, sorted(missing)))}")


def _rows(path: Path) -> Iterator[Row | BadRow]:
    """Parse the file in the format of its first line."""
    lines = _lines(path)
    first = next(lines, None)
    if first is None:
        raise ListError(f"{path} is empty: expected {_FORMATS}")
    form = _format(path, first.text)
    body = lines if form.header else chain([first], lines)
    for number, line in enumerate(body, start=1):
        try:
            yield form.row(number, line.text)
        except ValueError as problem:
            yield BadRow(number, line.number, _CONTROL.sub("?", line.text[:200]), str(problem))


class _TextLine(NamedTuple):
    number: int
    text: str


def _lines(path: Path) -> Iterator[_TextLine]:
    """The lines that are not blank. One longer than `_LONGEST_LINE` is cut one character after it, and so refused."""
    _check_is_text(path)
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        number = 0
        while text := file.readline(_LONGEST_LINE + 1):
            number += 1
            rest = text
            while not rest.endswith("\n") and (rest := file.readline(_LONGEST_LINE)):
                pass
            if text.strip():
                yield _TextLine(number, text.rstrip("\n"))


def _check_is_text(path: Path) -> None:
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "not a plain file" if path.exists() else "missing"
            raise ListError(f"the list {path} is {what}: expected a file with {_FORMATS}")
        with path.open("rb") as file:
            head = file.read(8192)
    except OSError as error:
        raise ListError(f"the list {path} cannot be read: {error.strerror}") from error
    if b"\0" in head:
        raise ListError(f"{path} is binary, or text in UTF-16: expected UTF-8 text with {_FORMATS}")


@dataclass(frozen=True, slots=True)
class _Format:
    """Which column of a list is which, counted from 0; None: the list has no such column."""

    delimiter: str
    quoted: bool
    header: bool
    columns: int
    name: int
    url: int
    box: int | None
    sha256: int | None

    def row(self, number: int, text: str) -> Row:
        """One line as a row; ValueError says what is wrong with it."""
        cells = self._cells(text)
        name = cells[self.name].strip()
        if not name:
            raise ValueError("name: empty")
        box = "" if self.box is None else cells[self.box].strip()
        if self.box is not None and not self.header and not box:
            raise ValueError("box: empty")
        sha256 = None if self.sha256 is None else cells[self.sha256].strip().lower()
        if sha256 is not None and not _SHA256.fullmatch(sha256):
            raise ValueError("sha256: expected 64 hexadecimal digits")
        url = _checked_url(cells[self.url].strip())
        return Row(number, name, url, Box.parse(box) if box else None, sha256)

    def _cells(self, text: str) -> list[str]:
        if len(text) > _LONGEST_LINE:
            raise ValueError(f"longer than {_LONGEST_LINE} characters")
        if _CONTROL.search(text):
            raise ValueError("control characters, or bytes that are not UTF-8")
        cells = _split(text, self.delimiter) if self.quoted else text.split(self.delimiter)
        if len(cells) != self.columns:
            raise ValueError(f"expected {self.columns} columns, got {len(cells)}")
        return cells


_FACESCRUB = _Format(delimiter="\t", quoted=False, header=False, columns=6, name=0, url=3, box=4, sha256=5)


def _format(path: Path, first_line: str) -> _Format:
    """The format of a list, by its first line: a header with `name` and `url`, or else FaceScrub's."""
    delimiter = "\t" if "\t" in first_line else ","
    try:
        titles = [title.strip().lower() for title in _split(first_line, delimiter)]
    except ValueError:
        return _FACESCRUB
    titles = ["box" if title == "bbox" else title for title in titles]  # so FaceScrub's own header calls it
    if not {"name", "url"} <= set(titles):
        return _FACESCRUB
    where = {title: column for column, title in enumerate(titles)}
    twice = [title for title in ("name", "url", "box", "sha256") if titles.count(title) > 1]
    if twice:
        raise ListError(f"{path}: the header names the column {twice[0]!r} twice")
    return _Format(
        delimiter=delimiter,
        quoted=True,
        header=True,
        columns=len(titles),
        name=where["name"],
        url=where["url"],
        box=where.get("box"),
        sha256=where.get("sha256"),
    )


def _split(text: str, delimiter: str) -> list[str]:
    """The cells of one line, without their quotes; ValueError for a quote that is not closed."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ValueError(f"quotes: {error}") from error


def _checked_url(url: str) -> str:
    """The URL itself; ValueError unless it is http or https with a host and, if it names one, a valid port."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("url: expected http://... or https://... with a host")
    if not _PLAIN_HOST.fullmatch(match[1]):
        try:
            parts = urlsplit(url)
            usable = bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("url: its host or port cannot be read")
    return url
