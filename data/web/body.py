"""Read the body of an answer: complete, or not at all, and never more than a limit.

Requests ask for no `Content-Encoding`. If a server compresses all the same, its bytes are decompressed within the same
limit.
"""

from requests import Response

from data.reasons import Failure, Reason
from data.web.packing import unpacked

_CHUNK = 1 << 16


def read_body(response: Response, max_bytes: int) -> bytes | Failure:
    """The whole body, decompressed; a Failure if it is too large or incomplete. Errors of the connection are raised."""
    too_large = Failure(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced[:20]) > max_bytes:
        return too_large
    parts, size = [], 0
    for part in response.raw.stream(_CHUNK, decode_content=False):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            return too_large
    transfer = response.headers.get("Transfer-Encoding", "").lower()
    if announced.isdecimal() and size < int(announced[:20]) and "chunked" not in transfer:
        return Failure(Reason.SHORT_BODY, f"{size} of {announced} bytes", temporary=True)
    codings = f"{response.headers.get('Content-Encoding', '')},{transfer}"
    return unpacked(b"".join(parts), codings, max_bytes)
