"""Numbers of things in words."""

from collections import Counter


def count(n: int, what: str) -> str:
    """A number of things, in words: `1 file`, `3 files`."""
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"


def counts(kinds: Counter[str]) -> str:
    """How many of each kind, the most frequent first: `3 .txt, 1 PDF`."""
    return ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
