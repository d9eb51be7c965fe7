"""What the status of an answer says: whether its body is the photo, and if not, why, and whether to ask again.

By RFC 9110 a status that is not known counts as the first of its hundred; so only those are named that mean more.
"""

import email.utils
import time

from data.reasons import Failure, Reason

_TEMPORARY = frozenset({408, 425, 429})  # and every 5xx
_LONGEST_WAIT = 60.0  # seconds that a server may tell a client to wait
_NO_PHOTO = {  # of 2xx: answers whose body, if they have one, is about something else
    201: "created: its body is about something new",
    202: "accepted: the photo is not ready, or a challenge for browsers",
    204: "no content",
    205: "no content",
    207: "several answers in one",
    208: "several answers in one",
    226: "a difference from another photo",
}
_NAME_YOURSELF = "some servers want a User-Agent with your address: --user-agent"
_HINTS = {
    101: "another protocol, not asked for",
    304: "not modified, where the whole was asked for",
    401: "it wants a password: none is ever sent",
    403: _NAME_YOURSELF,
    406: _NAME_YOURSELF,
    407: "the proxy wants a password: write it into http_proxy or https_proxy",
    429: f"a smaller --per-host may help; {_NAME_YOURSELF}",
}


def refusal(status: int, retry_after: str) -> Failure | None:
    """Why the body is not the photo; None if it is. `retry_after`: the header field of that name."""
    text = f"status {status}"
    if 200 <= status < 300:
        if status == 206:
            return Failure(Reason.SHORT_BODY, f"{text}: a part, where the whole was asked for")
        return Failure(Reason.NOT_AN_IMAGE, f"{text}: {_NO_PHOTO[status]}") if status in _NO_PHOTO else None
    detail = f"{text}: {_HINTS[status]}" if status in _HINTS else text
    return Failure(_reason(status), detail, status in _TEMPORARY or status >= 500, _seconds(retry_after))


def _reason(status: int) -> Reason:
    if status in (404, 429):
        return Reason.HTTP_404 if status == 404 else Reason.RATE_LIMITED
    if status >= 500:
        return Reason.HTTP_5XX
    return Reason.HTTP_4XX if status >= 400 else Reason.REDIRECT


def _seconds(text: str) -> float | None:
    """Seconds to wait, at most `_LONGEST_WAIT`, from a `Retry-After` in seconds or as a date; None from other text."""
    text = text.strip()
    if text.isdecimal():
        return min(float(text[:9]), _LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(moment - time.time(), 0.0), _LONGEST_WAIT)
