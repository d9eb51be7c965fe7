"""Find what is suspicious about a list as a whole, early enough to stop: no single row shows it.

Rows are added one by one, while they end or from a journal. Memory is bounded.
"""

import hashlib
from collections.abc import Iterator

from data.reasons import Reason
from data.rows import host_of

_FIRST = 100  # rows whose bytes came: if none of them are the listed ones, the list is wrong, not the web
_OFTEN = 5  # different URLs of one host with the same wrong bytes
_MOST_PICTURES = 20_000  # wrong pictures kept; those seen once are dropped first
_MOST_WARNINGS = 20
_NOTHING = hashlib.sha256(b"").hexdigest()


class ListWarnings:
    """Add rows with `add`; `warnings` returns everything suspicious so far."""

    def __init__(self) -> None:
        self._came = 0  # rows whose bytes came
        self._mismatched = 0  # of the first `_FIRST` of them
        self._seen: dict[tuple[str, str], tuple[int, str]] = {}  # host, SHA-256 -> different URLs, the last of them

    def add(self, reason: str, url: str | None, photo: str | None) -> str | None:
        """Add a row's reason, URL and SHA-256 of what came; return a warning if this row completes one."""
        if url is None or photo is None:
            return None
        mismatched = reason == Reason.HASH_MISMATCH
        self._came += 1
        if self._came <= _FIRST:
            self._mismatched += mismatched
            if self._mismatched == _FIRST:
                return self._wrong_column()
        return self._count(host_of(url), photo, url) if mismatched else None

    def warnings(self) -> list[str]:
        """All warnings, with the numbers so far."""
        return [*([self._wrong_column()] if self._mismatched == _FIRST else []), *self._repeated()]

    @property
    def pictures(self) -> int:
        """How many different wrong pictures are kept."""
        return len(self._seen)

    def _wrong_column(self) -> str:
        return (
            f"none of the first {_FIRST} photos that came has the listed SHA-256: "
            "look whether the list's sha256 column is what it should be"
        )

    def _count(self, host: str, photo: str, url: str) -> str | None:
        urls, last = self._seen.pop((host, photo), (0, ""))
        urls += url != last
        self._seen[host, photo] = urls, url  # at the end: the longest unseen comes first
        if len(self._seen) > _MOST_PICTURES:
            self._seen = {key: seen for key, seen in self._seen.items() if seen[0] > 1}
        return _picture_line(host, photo, urls) if urls == _OFTEN and url != last else None

    def _repeated(self) -> Iterator[str]:
        often = sorted((-urls, host, photo) for (host, photo), (urls, _) in self._seen.items() if urls >= _OFTEN)
        for urls, host, photo in often[:_MOST_WARNINGS]:
            yield _picture_line(host, photo, -urls)
        if len(often) > _MOST_WARNINGS:
            yield f"{len(often) - _MOST_WARNINGS} more hosts answer different URLs with the same bytes"


def _picture_line(host: str, photo: str, urls: int) -> str:
    what = "an empty body" if photo == _NOTHING else f"the same wrong bytes, SHA-256 {photo}"
    return f"{host} answered {urls} different URLs with {what}: its sign for what is gone"
