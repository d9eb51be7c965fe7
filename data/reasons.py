"""Why a row of a list ended as it did: one word a row, the same in the journal, the manifest and the report.

A reason is added here, explained in the table below, and nowhere else spelled as text.
"""

from dataclasses import dataclass
from enum import StrEnum

_FIRST_WAIT = 0.5  # seconds before the second attempt; each further one waits twice as long


class Reason(StrEnum):
    """`OK`, or the first thing that went wrong with the row."""

    OK = "ok"  # verified, cropped and stored
    HTTP_404 = "http_404"  # the server says that the page is not there
    HTTP_4XX = "http_4xx"  # another refusal: 401, 403, 410 ...
    HTTP_5XX = "http_5xx"  # the server failed, each time it was asked
    RATE_LIMITED = "rate_limited"  # 429, each time it was asked
    DNS = "dns"  # the host's name has no address
    TLS = "tls"  # no trusted encrypted connection
    CONNECT = "connect"  # no connection, or one cut before an answer came
    TIMEOUT = "timeout"  # silent for longer than `timeout`
    DEADLINE = "deadline"  # the row as a whole took longer than `deadline`
    SHORT_BODY = "short_body"  # fewer bytes came than were announced
    TOO_LARGE = "too_large"  # more than `max_bytes`
    REDIRECT = "redirect"  # a loop, a chain without end, or one that leads out of the web
    NOT_AN_IMAGE = "not_an_image"  # not JPEG, PNG, GIF or WebP
    TRUNCATED = "truncated"  # begins as a picture, but is cut short or damaged
    BOMB = "bomb"  # more pixels than may be decoded
    HASH_MISMATCH = "hash_mismatch"  # bytes came, but not those of the listed photo
    BAD_BOX = "bad_box"  # nothing of the box lies inside the photo
    BAD_ROW = "bad_row"  # the list's line cannot be read as a row
    BLOCKED_ADDRESS = "blocked_address"  # leads to a private or local address
    OPT_OUT = "opt_out"  # the owner asks that the picture be left alone


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
