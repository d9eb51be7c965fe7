"""What became of a row: a failure on the way, or the one result object a row ends with.

Values only. Neighbours: `fetch` and `crop` return `Failure`, `download` turns it into an `Outcome`, `journal` keeps it.
"""

from dataclasses import dataclass

from data.reasons import Reason
from data.rows import BadRow, Row

_FIRST_WAIT = 0.5  # seconds before the second attempt; each further one waits twice as long


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a row did not get on. `passing`: another attempt may help, after `wait` seconds if the server named them."""

    reason: Reason
    detail: str = ""
    passing: bool = False
    wait: float | None = None

    def pause(self, attempts: int) -> float:
        """Seconds to wait before the next attempt, after so many that were repeated."""
        return _FIRST_WAIT * 2**attempts if self.wait is None else self.wait


def one_line(error: object) -> str:
    """What an error says, short and on one line, without the control characters that a stranger may have put in it."""
    return "".join(c if c.isprintable() else " " for c in str(error)[:200]).strip()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a row ended. `file` is relative to the folder; `photo` is the SHA-256 of the bytes that came, if any did.

    `crop` is the SHA-256 of the stored file and `look` what it looks like (`looks`). `fresh` is False when an earlier
    run had ended the row already.
    """

    row: Row | BadRow
    reason: Reason
    file: str | None = None
    photo: str | None = None
    crop: str | None = None
    detail: str = ""
    fresh: bool = True
    look: str | None = None
