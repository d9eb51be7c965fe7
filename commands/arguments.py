"""The types of argparse's values: functions from the text after a flag to its value.

Each raises ArgumentTypeError with what was expected and what came, which the parser prints as one line.
"""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from data.rows import Box
from data.settings import MOST


def count(text: str) -> int:
    """Read a whole number from 0 on."""
    return _whole_number(text, 0)


def positive(text: str) -> int:
    """Read a whole number from 1 on."""
    return _whole_number(text, 1)


def port(text: str) -> int:
    """Read the number of a port, 0 for any that is free."""
    return _whole_number(text, 0, 65535)


def number(text: str) -> float:
    """Read a finite number."""
    return _number(text, math.isfinite, "a number")


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    return _number(text, lambda value: 0 <= value <= 1, "a number from 0 to 1")


def share(text: str) -> float:
    """Read a number above 0 and below 1."""
    return _number(text, lambda value: 0 < value < 1, "a number above 0 and below 1")


def box(text: str) -> Box:
    """Read a box that can have pixels of a photo."""
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


def _whole_number(text: str, least: int, most: int = MOST) -> int:
    if not text.isdecimal() or not least <= (value := int(text[:100])) <= most:
        raise ArgumentTypeError(f"expected a whole number from {least} on, at most {most}, got {text[:100]!r}")
    return value


def _number(text: str, is_allowed: Callable[[float], bool], expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not is_allowed(value):
        raise ArgumentTypeError(f"expected {expected}, got {text!r}")
    return value
