"""The rows of a list, and boxes, as values.

A field is added here together with the list formats that can hold it. No row holds a password: what stands for a user
before a URL's host is removed when the row is made, so it is neither sent nor kept anywhere.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

_BOX = re.compile(r"\s*(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})\s*")
_USER = re.compile(r"^([^/?#]*//)[^/?#]*@")  # of a URL: RFC 3986, 3.2.1
_USERS = re.compile(  # in any text; also where the password has a / in it, and where there is no //
    r"(?<=//)[^\s/?#]*@|(?<=//)[^\s/?#:@\[\]]*:(?!\d*(?:[\s/?#,;\"]|$))[^\s,;\"]*@|(?<![^\s,;\"])[^\s/:@,;\"]+:[^\s/@,;\"]+@"
)


class Box(NamedTuple):
    """A rectangle in pixels of a photo: columns from x1 to x2 - 1, rows from y1 to y2 - 1."""

    x1: int
    y1: int
    x2: int
    y2: int

    @classmethod
    def parse(cls, text: str) -> "Box":
        """Read `x1,y1,x2,y2`; ValueError when it is not four whole numbers."""
        match = _BOX.fullmatch(text)
        if match is None:
            raise ValueError("box: expected x1,y1,x2,y2 in whole pixels")
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"{self.x1},{self.y1},{self.x2},{self.y2}"

    @property
    def is_empty(self) -> bool:
        """Whether no photo could have a pixel in it."""
        return self.x1 >= self.x2 or self.y1 >= self.y2 or self.x2 <= 0 or self.y2 <= 0

    def within(self, width: int, height: int) -> "Box | None":
        """The part of the box inside a width x height photo; None when nothing is left."""
        inside = Box(max(self.x1, 0), max(self.y1, 0), min(self.x2, width), min(self.y2, height))
        return None if inside.is_empty else inside


@dataclass(frozen=True, slots=True)
class Row:
    """One photo of one person. `number` counts the list's rows from 1; no box means the whole photo.

    The bytes must have each digest that is listed; without any, the row is trusted.
    """

    number: int
    name: str
    url: str
    box: Box | None
    sha256: str | None
    md5: str | None = None

    @property
    def is_trusted(self) -> bool:
        """Whether no digest is listed, so that any photo is taken for the right one."""
        return self.sha256 is None and self.md5 is None

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", without_user(self.url))

    @property
    def key(self) -> bytes:
        """16 bytes that identify the row by its content, not by its place: so a list may be edited between runs."""
        md5 = () if self.md5 is None else (self.md5,)  # so that a row without it keeps the key that it always had
        return _digest("row", self.name, self.url, "" if self.box is None else str(self.box), self.sha256 or "", *md5)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that cannot be read as a row: its number among the rows, its line in the file, its text, the problem.

    `name` and `url` are what its cells say, as far as they can be read: for people to look at, never asked for.
    """

    number: int
    line: int
    text: str
    problem: str
    name: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", without_users(self.text))
        object.__setattr__(self, "problem", without_users(self.problem))
        if self.url is not None:
            object.__setattr__(self, "url", without_users(self.url))

    @property
    def key(self) -> bytes:
        """As `Row.key`, from the text of the line."""
        return _digest("bad", self.text)


class Origin(NamedTuple):
    """The list that rows come from: what tells it from others, and the name that people see.

    `is_file`: it can be read again, unlike a pipe. Without a `source` it is not known which list it is.
    """

    source: str = ""
    name: str = ""
    is_file: bool = False


UNKNOWN = Origin()


@dataclass(frozen=True, slots=True)
class Unselected:
    """A row of the list that this run leaves out; an earlier run may have finished it."""

    row: Row | BadRow


def _digest(*parts: str) -> bytes:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).digest()


def host_of(url: str) -> str:
    """The host and port of a URL, in lower case, without user name and password."""
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2].lower()


def without_user(url: str) -> str:
    """The URL without user name and password."""
    return _USER.sub(r"\1", url) if "@" in url else url


def without_users(text: str) -> str:
    """Any text, a message or a line of a list, without the user names and passwords of the URLs in it."""
    return _USERS.sub("", text) if "@" in text else text
