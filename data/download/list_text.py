"""The lines of a list as text, in whatever encoding and with whatever line ends it was written.

A byte order mark says the encoding. Without one, UTF-16 and UTF-32 show by their zero bytes, and what is not UTF-8 is
read as Windows-1252, of which Latin-1's letters are a part. The whole file is looked through once before its first row
is read, because one letter may stand at its end.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from errors import ListError

LONGEST_LINE = 32_768  # characters; the longest URL that servers take is a quarter of that
_CHUNK = 1 << 20
_HEAD = 8192  # bytes in which zero bytes are looked for
_MARKS = {  # of the longer first: the mark of UTF-16 begins that of UTF-32
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ZEROS = {  # which of four bytes are mostly zero in text whose marks, digits and URLs are ASCII
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
}
_BLANK = ' \t\n,;|"\xa0\u200b\ufeff'  # a line of these alone says nothing: a spreadsheet's empty row
_ESCAPED = re.compile(r"[\udc80-\udcff]")  # bytes that are not UTF-8, as `surrogateescape` reads them
_UNREADABLE = "\udcff"  # in place of what the other encodings cannot read: no line with it is a row


class TextLine(NamedTuple):
    """A line that says something, without its end; `number` counts the file's lines from 1."""

    number: int
    text: str


class Encoding(NamedTuple):
    """Python's name of the encoding; what was assumed, in words, if the file does not say it."""

    codec: str
    assumed: str = ""


def encoding_of(path: Path, expected: str) -> Encoding:
    """The encoding of a list. ListError, saying what was `expected`, when it is no file or no text."""
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "not a plain file" if path.exists() else "missing"
            raise ListError(f"the list {path} is {what}: expected a file with {expected}")
        with path.open("rb") as file:
            head = file.read(_HEAD)
        for mark, codec in _MARKS.items():
            if head.startswith(mark):
                return Encoding(codec)
        if b"\0" in head:
            return _wide(path, head, expected)
        return Encoding("utf-8") if _is_utf_8(path) else Encoding("cp1252", "not UTF-8, and read as Windows-1252")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ListError(f"the list {path} cannot be read: {reason}") from error


def text_lines(path: Path, encoding: Encoding) -> Iterator[TextLine]:
    """The lines that are not blank. One longer than `LONGEST_LINE` is cut one character after it."""
    wide = encoding.codec.startswith(("utf-16", "utf-32"))
    errors = "replace" if wide else "surrogateescape"
    with path.open(encoding=encoding.codec, errors=errors) as file:  # ends at LF, CR and CR LF
        number = 0
        while text := file.readline(LONGEST_LINE + 1):
            number += 1
            rest = text
            while not rest.endswith("\n") and (rest := file.readline(LONGEST_LINE)):
                pass
            if text.strip(_BLANK):
                text = text.rstrip("\n")
                yield TextLine(number, text.replace("\ufffd", _UNREADABLE) if wide else text)


def _wide(path: Path, head: bytes, expected: str) -> Encoding:
    """UTF-16 or UTF-32 without a mark, by the places of the zero bytes; ListError for anything else."""
    a, b, c, d = (head[place::4].count(0) > len(head) // 16 for place in range(4))
    codec = _ZEROS.get((a, b, c, d))
    if codec is None:
        raise ListError(f"{path} is binary: expected text, {expected}")
    return Encoding(codec, f"without a byte order mark, and read as {codec.upper()}")


def _is_utf_8(path: Path) -> bool:
    """Whether the file is UTF-8, or damaged UTF-8: with more letters that are than bytes that are not."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if not text.isascii():
                wrong = len(_ESCAPED.findall(text))
                bad += wrong
                good += len(text) - len(text.encode("ascii", "ignore")) - wrong
    bad += len(decoder.decode(b"", final=True))
    return not bad or good > bad
