"""The result of a partition, as values that Ray sends from a worker to the driver."""

import os
import socket
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from data.journal import Outcome


@dataclass
class PartitionResult:
    """Counts of a partition whose rows have ended, or the error that stopped it."""

    partition: int
    rows: int = 0
    asked: int = 0  # rows that ended in this attempt; the others ended in one whose process was lost
    shards: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    error: str = ""
    kind: str = ""  # the error's class in `errors`
    process: str = ""  # host and number of the worker process
    peak_bytes: int = 0  # the most memory that the process has used

    def count(self, outcome: Outcome) -> None:
        """Count a row that has ended."""
        self.rows += 1
        self.asked += outcome.fresh

    def as_line(self) -> dict[str, Any]:
        """The values by name, with the name and memory of this process."""
        return {**asdict(self), "process": f"{socket.gethostname()}:{os.getpid()}", "peak_bytes": _peak_bytes()}

    @classmethod
    def from_line(cls, line: dict[str, Any]) -> "PartitionResult":
        """The inverse of `as_line`."""
        return cls(**{**line, "shards": list(line["shards"]), "warnings": list(line["warnings"])})


def _peak_bytes() -> int:
    """The most memory that this process has used so far; 0 on Windows, where it is not measured."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
