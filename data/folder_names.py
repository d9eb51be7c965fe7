"""The name of a person's folder: safe on every file system, and never the same for two people.

A plain name is used as it is ("Alec Baldwin"). Any other - `..`, a slash, `CON`, 300 characters, invisible or
right-to-left controls, accents in decomposed form - keeps its readable part and gets a digest of the whole name. The
rule looks at one name only, so a folder depends neither on the order of a list nor on its other rows.

Two plain names can still be equal on a disk that ignores case ("alec baldwin", "Alec Baldwin"), which a rule for one
name cannot see. So `candidates` offers several folders, and the journal takes the first whose `folded` form is free.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

_MOST_BYTES = 120  # of a name in UTF-8; with a digest it is far below the limit of file systems, 255
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9])\s*(\..*)?")  # of Windows, folded
_RESERVED = frozenset({"manifest.csv", "report.json", "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"})
_LEADING, _TRAILING = " .-~=+@", " ."  # hidden, an option, a home, a formula; dropped by Windows


def candidates(name: str) -> Iterator[str]:
    """The folders that `name` may have, the preferred one first; the last has the whole digest."""
    if is_plain(name):
        yield name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    for length in (8, 16, 64):
        yield f"{_readable(name)}-{digest[:length]}"


def is_plain(name: str) -> bool:
    """Whether the name can be a folder without a change, on every system."""
    return (
        name == unicodedata.normalize("NFC", name)
        and 0 < len(name.encode("utf-8", "surrogatepass")) <= _MOST_BYTES
        and all(map(_is_allowed, name))
        and name == name.lstrip(_LEADING).rstrip(_TRAILING)
        and not _DEVICES.fullmatch(folded(name))
        and folded(name) not in _RESERVED
    )


def folded(folder: str) -> str:
    """The form in which a disk compares names if it ignores case and Unicode's different forms of one letter."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folder).casefold())
    return unicodedata.normalize("NFKC", decomposed.casefold())


def _readable(name: str) -> str:
    """The readable part of the name: plain, short, never empty."""
    kept = "".join(c if _is_allowed(c) else "_" for c in unicodedata.normalize("NFC", name[:1000]))
    short = kept.encode()[:_MOST_BYTES].decode(errors="ignore").lstrip(_LEADING + "_").rstrip(_TRAILING + "_")
    return f"_{short}" if _DEVICES.fullmatch(folded(short)) else short or "person"


def _is_allowed(character: str) -> bool:
    """Letters, marks, digits, punctuation and the plain space; no controls, no other white space."""
    if character in _FORBIDDEN:
        return False
    return character == " " or unicodedata.category(character)[0] not in "CZ"
