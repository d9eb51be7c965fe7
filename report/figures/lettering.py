"""Names as people write them, on a figure: in fonts that have their letters, whatever the script.

The first font comes with matplotlib and is the same on every machine. Where it lacks a letter, an installed font that
has it takes its place; letters that none has are drawn as boxes, and the figure says in whose names.
"""

import logging
import re
import textwrap
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

FIRST = "DejaVu Sans"
_BOXES = "Last Resort"  # a font whose letters are boxes, one for each script: it has none
_SPACES = re.compile("[\t\r\v\f\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")  # controls, and bytes that are no UTF-8
_INVISIBLE = re.compile("[\\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")  # joiners, directions
_NOTE = "letters that no font has"
_MOST_NAMED = 5  # words without letters that are written below a figure
_NOTE_SIZE = 8


def plain(text: str) -> str:
    """Return the text with what cannot be drawn - controls, halves of letters - replaced; line breaks stay."""
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", _SPACES.sub(" ", text))


def give_fonts(figure: Figure) -> list[str]:
    """Give each text of the figure fonts that have its letters; return the words with letters that no font has."""
    ticks = [label for axes in figure.axes for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    lacking: dict[str, None] = {}
    for text in (*ticks, *figure.findobj(Text)):
        assert isinstance(text, Text)
        letters = _missing(FIRST, _INVISIBLE.sub("", text.get_text()))
        if letters:
            families, without = fonts_for(letters)
            text.set_fontfamily([FIRST, *families])
            lacking |= dict.fromkeys(word for word in text.get_text().split() if without & set(word))
    return list(lacking)


def say_what_is_lacking(figure: Figure, words: Sequence[str]) -> None:
    """Write below the figure which words have letters that no installed font has: by script and number."""
    if not words or figure.findobj(lambda artist: artist.get_gid() == _NOTE):
        return
    more = "" if len(words) <= _MOST_NAMED else f" and {len(words) - _MOST_NAMED} more"
    written = ", ".join(f"{ascii(word[:12])[1:-1]} ({_script(word)})" for word in words[:_MOST_NAMED])
    note = f"Drawn as boxes, as no installed font has their letters: {written}{more}. The page has them as letters."
    letters = int(figure.get_size_inches()[0] * 72 / (0.6 * _NOTE_SIZE))
    figure.text(0.01, -0.01, textwrap.fill(note, letters), va="top", fontsize=_NOTE_SIZE, gid=_NOTE)


def _script(word: str) -> str:
    """Return the first word of the Unicode name of the first letter that is not ASCII: `cjk`, `devanagari`."""
    return next(unicodedata.name(letter, "private").split()[0].lower() for letter in word if not letter.isascii())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep matplotlib from warning of letters and weights that no font has: the figure itself says so."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="(Glyph .* missing|Matplotlib currently does not support)")
            yield
    finally:
        log.setLevel(level)


@cache
def fonts_for(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return installed fonts that together have the letters, as far as any has them, and the letters that none has."""
    families: list[str] = []
    for family in sorted({font.name for font in font_manager.fontManager.ttflist} - {FIRST}):
        if not letters:
            break
        left = _missing(family, "".join(letters)) if not family.startswith(_BOXES) else letters
        if left < letters:
            families.append(family)
            letters = left
    return tuple(families), letters


def font_file(line: str) -> str:
    """Return the file of the font that lacks fewest letters of a line: the first font unless another one has more."""
    seen = _INVISIBLE.sub("", line)
    lacking = _missing(FIRST, seen)
    families = (FIRST, *fonts_for(lacking)[0]) if lacking else (FIRST,)
    return font_manager.findfont(min(families, key=lambda family: len(_missing(family, seen))))


def _missing(family: str, text: str) -> frozenset[str]:
    """Return the characters of the text that a font lacks; all where it is none that can be drawn at any size."""
    known = frozenset[int]() if text.isascii() else _letters(family)
    return frozenset(letter for letter in text if not letter.isascii() and ord(letter) not in known)


@cache
def _letters(family: str) -> frozenset[int]:
    try:
        font = FT2Font(font_manager.findfont(family, fallback_to_default=False))
        return frozenset(font.get_charmap()) if font.scalable else frozenset()
    except (OSError, RuntimeError, ValueError):  # a damaged file of a font
        return frozenset()
