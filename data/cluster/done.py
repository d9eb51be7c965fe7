"""What a worker hands back for a partition: one small line, as Ray carries it from machine to machine.

Values only.
"""

import os
import socket
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from data.journal.outcomes import Outcome


@dataclass
class Done:
    """A partition that was worked through, or the error that this ended with."""

    partition: int
    rows: int = 0
    asked: int = 0  # of the rows, those that this attempt ended; an earlier one, which was lost, ended the others
    shards: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    kind: str = ""  # of the error, a name in `errors`
    process: str = ""  # which worked
    peak_bytes: int = 0  # of memory, that the process has had in use

    def count(self, outcome: Outcome) -> None:
        """A row has ended."""
        self.rows += 1
        self.asked += outcome.fresh

    def as_line(self) -> dict[str, Any]:
        """The values by name, with those of this process."""
        return {**asdict(self), "process": f"{socket.gethostname()}:{os.getpid()}", "peak_bytes": _peak_bytes()}

    @classmethod
    def from_line(cls, line: dict[str, Any]) -> "Done":
        """What `as_line` gave, as Ray's tables give it back."""
        return cls(**{**line, "shards": list(line["shards"]), "warnings": list(line["warnings"])})


def _peak_bytes() -> int:
    """The most memory that this process has used so far; 0 on Windows, where it is not measured."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
