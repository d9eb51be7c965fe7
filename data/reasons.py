"""Why a row of a list ended as it did: one word a row, the same in the journal, the manifest and the report.

A reason is added here, explained in the table below, and nowhere else spelled as text. Neighbours: `fetch` and
`crop` find reasons, `journal` keeps them, `summary` counts them.
"""

from enum import StrEnum


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
