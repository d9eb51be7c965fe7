"""The reasons with which a row of a list ends: the same words in the journal, the manifest and the report.

A new reason is added here; other modules use the enumeration, never the text.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_FIRST_DELAY = 0.5  # seconds before the second attempt; doubled for each further one


class Reason(StrEnum):
    """`OK`, or the first error of the row."""

    OK = "ok"  # verified, cropped and stored
    HTTP_404 = "http_404"  # the server says that the page is not there
    HTTP_4XX = "http_4xx"  # another refusal: 401, 403, 410 ...
    HTTP_5XX = "http_5xx"  # the server failed at every attempt
    RATE_LIMITED = "rate_limited"  # status 429 at every attempt
    DNS = "dns"  # the host's name has no address
    TLS = "tls"  # no trusted encrypted connection
    CONNECT = "connect"  # no connection, or one closed before an answer
    TIMEOUT = "timeout"  # no data for longer than `timeout`
    DEADLINE = "deadline"  # the row as a whole took longer than `deadline`
    SHORT_BODY = "short_body"  # fewer bytes than announced
    TOO_LARGE = "too_large"  # more than `max_bytes`
    REDIRECT = "redirect"  # a loop, too many, or one to something that is not http or https
    NOT_AN_IMAGE = "not_an_image"  # no photo that can be decoded here; the detail names the kind of file
    TRUNCATED = "truncated"  # begins as an image, but is cut short or damaged
    BOMB = "bomb"  # more pixels than may be decoded
    HASH_MISMATCH = "hash_mismatch"  # other bytes than those of the listed photo
    PLACEHOLDER = "placeholder"  # the picture that the host answers in place of many photos
    BAD_BOX = "bad_box"  # no part of the box lies inside the photo
    BAD_ROW = "bad_row"  # the list's line cannot be read as a row
    BLOCKED_ADDRESS = "blocked_address"  # leads to a private or local address
    OPT_OUT = "opt_out"  # the owner asks programs not to use the photo


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed. `temporary`: another one may help, after `wait` seconds if the server named a time."""

    reason: Reason
    detail: str = ""
    temporary: bool = False
    wait: float | None = None

    def delay(self, attempts: int) -> float:
        """Seconds to wait before the next attempt; `attempts` counts those that were repeated already."""
        return _FIRST_DELAY * 2**attempts if self.wait is None else self.wait


class StillPacked(bytes):
    """The bytes of a row whose server says that they are packed in a way, `coding`, that was not undone."""

    coding: str

    def __new__(cls, data: bytes, coding: str) -> Self:
        """Take the bytes as they came."""
        body = super().__new__(cls, data)
        body.coding = one_line(coding)
        return body


def one_line(error: object) -> str:
    """The text of an error: at most 200 characters, one line, no control characters."""
    return "".join(c if c.isprintable() else " " for c in str(error)[:200]).strip()
