"""The forms of a list: which column of a line is which, and a line as a row."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from data.download.list_cells import CONTROL, as_far_as_read, read_box, read_digest, read_name, read_url
from data.download.list_text import LONGEST_LINE, TextLine
from data.rows import BadRow, Row
from errors import ListError

FORMATS = "FaceScrub's six tab-separated columns, or CSV with a header that names `name` and `url`"
_DELIMITERS = "\t,;|"
_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\w\s\"]|\t)\"?[,;\s]*", re.IGNORECASE)  # Excel's first line
_URL_LIKE = re.compile(r"\s*\"?\s*[a-z][a-z0-9+.-]*:[^\s]", re.IGNORECASE)
_MOST_LINES = 100  # of one row
_MOST_BEFORE = 20  # lines looked at for a header, or for a row of a known form
_SHOWN, _LONGEST_URL = 200, 2000  # characters kept of a row that cannot be read
_BLANK = ' "\xa0\u200b\ufeff'  # what a blank cell may hold
_OPEN = "unexpected end of data"  # as the module csv says it of a quote that is not closed
_TITLES = {  # a column -> what headers call it, the better name first; compared without case, spaces and marks
    "name": (
        *("name", "person", "personname", "fullname", "identity", "identityname", "subject", "subjectname"),
        *("celebrity", "label", "labelname", "who"),
    ),
    "url": (
        *("url", "imageurl", "photourl", "pictureurl", "imgurl", "fileurl", "link", "imagelink", "photolink"),
        *("picturelink", "imglink", "src", "imagesrc", "photosrc", "picturesrc", "imgsrc", "source", "sourceurl"),
        *("imagesource", "uri", "imageuri", "photouri", "href", "image", "photo", "picture", "img"),
    ),
    "box": ("box", "bbox", "rect", "boundingbox"),
    "sha256": ("sha256", "sha256sum"),
    "md5": ("md5", "md5sum"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """Which column of a list is which, counted from 0; None: the list has no such column."""

    delimiter: str
    columns: int
    name: int | None  # None: every row is about `person`
    url: int
    box: int | None
    sha256: int | None
    md5: int | None = None
    quoted: bool = True
    header: bool = False
    person: str | None = None
    unknown: str = ""  # what the first line says, if it is neither a header that is understood nor a row

    def row(self, number: int, text: str) -> Row:
        """One line as a row; ValueError says what is wrong with it."""
        cells = self._cells(text)
        name = self.person or "" if self.name is None else read_name(cells[self.name])
        box = None if self.box is None else read_box(cells[self.box].strip())
        if box is None and self.box is not None and not self.header:
            raise ValueError("box: empty")
        sha256 = None if self.sha256 is None else read_digest(cells[self.sha256], 64, "sha256")
        md5 = None if self.md5 is None else read_digest(cells[self.md5], 32, "md5")
        return Row(number, name, read_url(cells[self.url]), box, sha256, md5)

    def bad_row(self, number: int, line: TextLine, problem: str) -> BadRow:
        """A line that is no row, with the name and the URL as far as they can be read."""
        text = line.text[: 2 * _LONGEST_URL]
        try:
            cells = _split(text, self.delimiter) if self.quoted else text.split(self.delimiter)
        except ValueError:
            cells = text.split(self.delimiter)
        urls = [cell for cell in cells[self.url : self.url + 1] + cells if _URL_LIKE.match(cell)]
        urls += cells[self.url : self.url + 1] if len(cells) == self.columns else []
        is_there = self.name is not None and self.name < len(cells) > 1
        name = cells[self.name or 0] if is_there else self.person or ""
        return BadRow(
            number,
            line.number,
            CONTROL.sub("?", line.text[:_SHOWN]).replace("\n", " "),
            problem,
            None if name in urls else as_far_as_read(name, _SHOWN),
            as_far_as_read(urls[0], _LONGEST_URL, is_url=True) if urls else None,
        )

    def whole_rows(self, lines: Iterator[TextLine]) -> Iterator[TextLine]:
        """The lines, those of one row joined: a quoted cell may go on in the next line.

        A quote that is not closed by a row's end within `_MOST_LINES` spoils its own line only.
        """
        ahead: deque[TextLine] = deque()
        while line := ahead.popleft() if ahead else next(lines, None):
            is_open = line.text.count('"') % 2 and self._is_open(line.text)
            yield self._joined(line, ahead, lines) if is_open else line

    def _joined(self, first: TextLine, ahead: deque[TextLine], lines: Iterator[TextLine]) -> TextLine:
        """The row that begins with `first`; its other lines are taken out of `ahead`, which is filled from `lines`."""
        text = first.text
        for count in range(1, _MOST_LINES):
            if len(ahead) < count:
                following = next(lines, None)
                if following is None:
                    break
                ahead.append(following)
            more = ahead[count - 1].text
            if len(text) + len(more) > LONGEST_LINE or ('"' not in more and self._is_row(more)):
                break
            text += "\n" + more
            if '"' in more and (text.count('"') % 2 == 0 or not self._is_open(text)):
                if self._has_its_cells(text):
                    for _ in range(count):
                        ahead.popleft()
                    return TextLine(first.number, text)
                break
        return first

    def _is_open(self, text: str) -> bool:
        """Whether the text ends within quotes."""
        try:
            _split(text, self.delimiter)
        except ValueError as problem:
            return str(problem).endswith(_OPEN)
        return False

    def _is_row(self, text: str) -> bool:
        try:
            self.row(0, text)
        except ValueError:
            return False
        return True

    def _has_its_cells(self, text: str) -> bool:
        try:
            self._cells(text)
        except ValueError:
            return False
        return True

    def _cells(self, text: str) -> list[str]:
        """The cells of a row, without blank ones after its last column, with those that a table's line leaves out."""
        if len(text) > LONGEST_LINE:
            raise ValueError(f"longer than {LONGEST_LINE} characters")
        if CONTROL.search(text):
            raise ValueError("control characters, or bytes that are not text in the file's encoding")
        cells = _split(text, self.delimiter) if self.quoted else text.split(self.delimiter)
        if len(cells) == self.columns:
            if not self.quoted and self.box is not None and cells[self.box].startswith('"'):
                return _split(text, self.delimiter)  # a spreadsheet has put cells with commas into quotes
            return cells
        found = len(cells)
        while len(cells) > self.columns and not cells[-1].strip(_BLANK):
            cells.pop()
        if self.header and max(self.name or 0, self.url) < len(cells):
            cells += [""] * (self.columns - len(cells))
        if len(cells) != self.columns:
            raise ValueError(f"expected {self.columns} columns, got {found}")
        return cells


_FACESCRUB = Form(delimiter="\t", quoted=False, columns=6, name=0, url=3, box=4, sha256=5)
_PUBFIG = Form(delimiter="\t", quoted=False, columns=5, name=0, url=2, box=3, sha256=None, md5=4)
_URLS = Form(delimiter="\t", columns=1, name=None, url=0, box=None, sha256=None)
_PLAIN_URL = re.compile(r"\s*\"?https?://[^\s,;|\"]+\"?[\s,;|]*", re.IGNORECASE)  # and nothing else in its line
_AFTER_URL = " \t,;|"  # blank columns of a spreadsheet


def form_of(path: Path, lines: Iterator[TextLine], people: Sequence[str] = ()) -> tuple[Form, Iterator[TextLine]]:
    """The form of a list and the lines of its rows, by the first line that is a header, or a row of a known form.

    Before it may stand `sep=;`, which says what is between the columns, and lines that begin with #. Other lines before
    it are rows that cannot be read. Where there is no such line, URLs alone, or under a header without names, are a
    list of the one person in `people`.
    """
    delimiters, first = _DELIMITERS, True
    before: list[TextLine] = []
    for line in lines:
        if first and (separator := _SEPARATOR.fullmatch(line.text)):
            delimiters = separator[1]
        elif (form := _header(path, line.text, delimiters)) and form.name is not None:
            return form, chain(before, lines)
        elif form := _known(line.text, delimiters):
            return form, chain(before, [line], lines)
        elif not line.text.startswith("#"):
            before.append(line)
        first = False
        if len(before) == _MOST_BEFORE:
            break
    if first:
        raise ListError(f"{path} is empty: expected {FORMATS}")
    return _without_names(path, before, delimiters, people, lines) or _unknown(before, delimiters, lines)


def _without_names(
    path: Path, before: list[TextLine], delimiters: str, people: Sequence[str], lines: Iterator[TextLine]
) -> tuple[Form, Iterator[TextLine]] | None:
    """The form of a list that has URLs and no names; ListError unless `people` are one. None for any other list."""
    rows: Iterator[TextLine]
    for place, line in enumerate(before):
        if form := _header(path, line.text, delimiters):
            rows = chain(before[:place], before[place + 1 :], lines)
            what = f"{path} has no names: columns: {_titles(line.text, form.delimiter)}; needed: name, url"
        elif _PLAIN_URL.fullmatch(line.text):
            form = _URLS
            rows = (line._replace(text=line.text.rstrip(_AFTER_URL)) for line in chain(before, lines))
            what = f"{path} is a list of URLs without names"
        else:
            continue
        if len(people) != 1:
            raise ListError(f"{what}; if all are photos of one person, say of whom: --person NAME")
        try:
            return replace(form, person=read_name(people[0])), rows
        except ValueError as problem:
            raise ListError(f"{what}, and --person gives none: {problem}") from problem
    return None


def _unknown(before: list[TextLine], delimiters: str, lines: Iterator[TextLine]) -> tuple[Form, Iterator[TextLine]]:
    """FaceScrub's form, of which no line is a row; with the titles of what may have been meant as a header."""
    first = before[0].text if before else ""
    unknown = _titles(first, delimiters) if first and "://" not in first else ""
    return replace(_FACESCRUB, unknown=unknown), chain(before, lines)


def _titles(text: str, delimiters: str) -> str:
    """The cells of a header, to be quoted in a message: those of the delimiter that makes most of them."""
    split = [[text]]
    for delimiter in delimiters:
        with suppress(ValueError):
            split.append(_split(text, delimiter))
    shown = ", ".join(" ".join(cell.split()) for cell in max(split, key=len) if cell.strip())
    return as_far_as_read(shown, _SHOWN) or "none that can be read"


def _header(path: Path, text: str, delimiters: str) -> Form | None:
    """The form that a header describes; None when the line does not name `name` and `url`.

    Without names it is one only if all its titles are understood: one of the others may be meant as the name.
    """
    without_name = None
    for delimiter in delimiters:
        try:
            cells = _split(text.lstrip("# \t\ufeff") if text.startswith("#") else text, delimiter)
        except ValueError:
            continue
        titles = [re.sub(r"[\W_]+", "", cell).casefold() for cell in cells]
        while len(titles) > 2 and not titles[-1]:  # blank columns at the end
            titles.pop()
        where = {
            column: titles.index(found[0]) for column, names in _TITLES.items() if (found := _known_of(names, titles))
        }
        known = [titles[place] for place in where.values()]
        if "url" in where and ("name" in where or sorted(known) == sorted(filter(None, titles))):
            twice = [title for title in known if titles.count(title) > 1]
            if twice:
                raise ListError(f"{path}: the header names the column {twice[0]!r} twice")
            form = Form(
                delimiter=delimiter,
                columns=len(titles),
                name=where.get("name"),
                url=where["url"],
                box=where.get("box"),
                sha256=where.get("sha256"),
                md5=where.get("md5"),
                header=True,
            )
            if form.name is not None:
                return form
            without_name = without_name or form
    return without_name


def _known_of(names: Iterable[str], titles: list[str]) -> list[str]:
    return [name for name in names if name in titles]


def _known(text: str, delimiters: str) -> Form | None:
    """FaceScrub's form or PubFig's, with any delimiter, if the line is a row of it."""
    for delimiter in delimiters:
        for form in (_FACESCRUB, _PUBFIG):
            # Between other delimiters it has been saved by a spreadsheet, which writes quotes.
            other = form if delimiter == form.delimiter else replace(form, delimiter=delimiter, quoted=True)
            if other._is_row(text):
                return other
    return None


def _split(text: str, delimiter: str) -> list[str]:
    """The cells of one row, without their quotes; ValueError for a quote that is not closed."""
    if '"' not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ValueError(f"quotes: {error}") from error
