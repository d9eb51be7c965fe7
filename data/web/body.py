"""Read the body of an answer: complete, or not at all, and never more than a limit.

Requests ask for no `Content-Encoding`. If a server compresses all the same, its bytes are decompressed within the same
limit, so that a kilobyte cannot become a gigabyte.
"""

import zlib

from requests import Response

from data.reasons import Failure, Reason

_CHUNK = 1 << 16
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's `wbits`


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
    if announced.isdecimal() and size < int(announced[:20]) and "chunked" not in _codings(response):
        return Failure(Reason.SHORT_BODY, f"{size} of {announced} bytes", temporary=True)
    data = b"".join(parts)
    window = _WINDOWS.get(response.headers.get("Content-Encoding", "").strip().lower())
    return data if window is None else _decompressed(data, window, max_bytes)


def _codings(response: Response) -> str:
    return response.headers.get("Transfer-Encoding", "").lower()


def _decompressed(data: bytes, window: int, max_bytes: int) -> bytes | Failure:
    """The bytes decompressed; unchanged if they are not compressed at all, as from some servers."""
    unpacker = zlib.decompressobj(window)
    try:
        plain = unpacker.decompress(data, max_bytes + 1)
    except zlib.error:
        return data
    if len(plain) > max_bytes:
        return Failure(Reason.TOO_LARGE, f"unpacks to more than {max_bytes} bytes")
    return plain if unpacker.eof else Failure(Reason.SHORT_BODY, "its packing breaks off", temporary=True)
