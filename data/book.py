"""What a pass over a list asks of a journal, and tells it.

`journal` is the one that lasts; `verify` repairs with another. Neighbours: `admission`, `work`.
"""

from collections.abc import Iterable
from typing import Protocol

from data.outcomes import Outcome
from data.records import Ended


class Book(Protocol):
    """What a pass asks of a journal, and tells it."""

    def begin_list(self) -> None:
        """A list begins."""

    def list_rows(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """The numbers and keys of its next rows."""

    def ended(self, keys: list[bytes]) -> dict[bytes, Ended]:
        """Which of these rows have ended, and how."""
        ...

    def folder_of(self, name: str) -> str:
        """Where a person's crops go."""
        ...

    def record(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        """How rows ended."""

    def commit(self) -> None:
        """What was recorded is to last."""
