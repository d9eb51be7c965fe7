"""What the text after a flag may be: argparse's types, each a function from the text to its value.

A further kind of value is a function here, which raises ArgumentTypeError with what was expected and what came; the
parser makes one line of it.
"""

import math
from argparse import ArgumentTypeError
from pathlib import Path

from data.rows import Box


def count(text: str) -> int:
    """Read a whole number from 0 on."""
    if not text.isdecimal():
        raise ArgumentTypeError(f"expected a whole number from 0 on, got {text!r}")
    return int(text)


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def number(text: str) -> float:
    """Read a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentTypeError(f"expected a number, got {text!r}")
    return value


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value


def box(text: str) -> Box:
    """Read a box that a photo can have a part of."""
    try:
        read = Box.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}, got {text!r}") from error
    if read.is_empty:
        raise ArgumentTypeError(f"expected x1 < x2 and y1 < y2, got {text!r}")
    return read


def folder_or_url(text: str) -> Path | str:
    """Read a folder's path, or the URL of one as a string."""
    if text.lower().startswith(("http://", "https://")):
        return text
    if "://" in text:
        raise ArgumentTypeError(f"expected a folder or an http or https URL, got {text!r}")
    return Path(text)


def folder_or_storage(text: str) -> Path | str:
    """Read a folder's path, or the URL of a storage as a string."""
    return text if "://" in text else Path(text)
