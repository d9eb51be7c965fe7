"""The head of an answer as servers send it, put into the form that Python's parser can read.

That parser stops at the first line that is no header field and drops all behind it: a redirect's target, an owner's
wish that no program uses the photo. Here a line that cannot be read is passed over alone, a folded line is joined to
the one that it continues, and informational answers (RFC 9110, 15.2) are read past. How many lines a head may have, and
how long they may be, are Python's own limits.
"""

import http.client
import io
import re

_LONGEST_LINE = 65_536  # bytes, as in http.client
_MOST_LINES = 100  # of one head, as in http.client
_MOST_HINTS = 1000  # informational answers before the answer
_SWITCHING = 101  # is one in number only: no HTTP comes after it
_HINT = re.compile(rb"HTTP/1\.[0-9][ \t]+1[0-9][0-9](?![0-9])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Answer(http.client.HTTPResponse):
    """An answer whose head is put into form before it is parsed."""

    def begin(self) -> None:
        """Read the head. HTTPException when it is too long, or is none."""
        if self.headers is not None:
            return
        connection = self.fp
        self.fp = io.BufferedReader(io.BytesIO(_read_head(connection)))
        try:
            super().begin()
        finally:
            self.fp = connection


def _read_head(stream: io.BufferedReader) -> bytes:
    """The status line and the fields of the answer proper."""
    for _ in range(_MOST_HINTS):
        status = _read_line(stream)
        if not status.startswith(b"HTTP/"):
            return status  # no answer at all, which is told by what reads this
        fields = _read_fields(stream)
        if not _HINT.match(status) or int(status.split()[1]) == _SWITCHING:
            return b"\r\n".join([status.rstrip(b"\r\n"), *fields, b"", b""])
    raise http.client.HTTPException(f"more than {_MOST_HINTS} informational answers")


def _read_fields(stream: io.BufferedReader) -> list[bytes]:
    """The fields that can be read, each on a line of its own."""
    fields: list[bytes] = []
    readable = False  # the line that a folded one would continue
    for _ in range(_MOST_LINES):
        line = _read_line(stream)
        text = _CONTROL.sub(b" ", line.rstrip(b"\r\n"))
        if not line.strip(b"\r\n"):
            return fields
        if text[:1] in b" \t":
            if readable:
                fields[-1] += b" " + text.strip()
            continue
        name, colon, value = text.partition(b":")
        name = name.rstrip()
        readable = bool(colon) and _NAME.fullmatch(name) is not None
        if readable:
            fields.append(name + b": " + value.strip())
    raise http.client.HTTPException(f"got more than {_MOST_LINES} headers")


def _read_line(stream: io.BufferedReader) -> bytes:
    line = stream.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise http.client.LineTooLong("header line")
    return line
