"""A person's name as the name of a folder: safe on every file system, and never another person's.

A plain name stays as it is ("Alec Baldwin"). Any other - `..`, a slash, `CON`, 300 characters, hidden or
right-to-left controls, accents not in their composed form - keeps what can be read of it and gets a digest of the
whole name. This is a rule for one name alone, so neither the order of a list nor its other rows change a folder.

Two plain names can still be one on a disk that ignores case ("alec baldwin", "Alec Baldwin"). No rule for one name
alone can see that without renaming names that collide with nothing; so `candidates` offers a name's folders in order
of liking, and whoever keeps the folders (`journal`) gives it the first whose `folded` form is still free.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

_MOST_BYTES = 120  # of a name in UTF-8; with a digest it stays far below the 255 that file systems take
_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9])\s*(\..*)?")  # of Windows, folded
_OURS = frozenset({"manifest.csv", "report.json", "journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"})
_LEADING, _TRAILING = " .-~=+@", " ."  # hidden, an option, a home, a formula; dropped by Windows


def candidates(name: str) -> Iterator[str]:
    """The folders that `name` may have, the most wanted first; the last holds the whole digest."""
    if is_plain(name):
        yield name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    for length in (8, 16, 64):
        yield f"{_readable(name)}-{digest[:length]}"


def is_plain(name: str) -> bool:
    """Whether the name can be a folder as it stands, everywhere."""
    return (
        name == unicodedata.normalize("NFC", name)
        and 0 < len(name.encode("utf-8", "surrogatepass")) <= _MOST_BYTES
        and all(map(_is_allowed, name))
        and name == name.lstrip(_LEADING).rstrip(_TRAILING)
        and not _DEVICES.fullmatch(folded(name))
        and folded(name) not in _OURS
    )


def folded(folder: str) -> str:
    """What a folder's name is to a disk that ignores case, accents' form and look-alike forms of one letter."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", folder).casefold())
    return unicodedata.normalize("NFKC", decomposed.casefold())


def _readable(name: str) -> str:
    """What can be kept of the name: plain, short, never empty."""
    kept = "".join(c if _is_allowed(c) else "_" for c in unicodedata.normalize("NFC", name[:1000]))
    short = kept.encode()[:_MOST_BYTES].decode(errors="ignore").lstrip(_LEADING + "_").rstrip(_TRAILING + "_")
    return f"_{short}" if _DEVICES.fullmatch(folded(short)) else short or "person"


def _is_allowed(character: str) -> bool:
    """Letters, marks, digits, punctuation and the plain space; no controls, no other white space."""
    if character in _FORBIDDEN:
        return False
    return character == " " or unicodedata.category(character)[0] not in "CZ"
