"""Undo the `Content-Encoding` of a body within a limit, so that a kilobyte cannot become a gigabyte.

Servers use the field freely: deflate with zlib's header and without, several codings, a gzip file of several members,
and a body that is not packed at all. What does not have the form it is said to have is left as it is; a coding that
Python cannot undo is left too, and the body says so: a wrong header may stand before a right photo, and only its
SHA-256 or a decoder can tell.
"""

import zlib

from data.reasons import Failure, Reason, StillPacked

_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}  # zlib's `wbits`: what is tried, in this order
_NO_CODING = frozenset({"", "identity", "none", "chunked", "aws-chunked", "binary", "utf-8"})
_MOST_CODINGS = 5  # of one body
_MOST_MEMBERS = 10_000  # of one gzip file
_STEP = 1 << 14  # bytes given to zlib at a time
_GZIP = b"\x1f\x8b"


def unpacked(data: bytes, codings: str, max_bytes: int) -> bytes | Failure:
    """The body with its codings, as the header names them, undone from the last to the first."""
    names = [name.partition(";")[0].strip(" \t\"'").lower() for name in codings.split(",")]
    names = [name for name in names if name not in _NO_CODING]
    if len(names) > _MOST_CODINGS:
        return StillPacked(data, f"{len(names)} codings")
    for name in reversed(names):
        if name not in _WINDOWS:
            return StillPacked(data, name)
        plain = _without(name, data, max_bytes)
        if isinstance(plain, Failure):
            return plain
        data = plain
    return data


def _without(name: str, data: bytes, max_bytes: int) -> bytes | Failure:
    """The bytes without one coding; unchanged if they do not have its form."""
    if not data:
        return data
    cut: Failure | None = None
    for window in _WINDOWS[name]:
        try:
            plain = _members(data, window, max_bytes)
        except zlib.error:
            continue
        if not isinstance(plain, Failure) or plain.reason is not Reason.SHORT_BODY:
            return plain
        cut = plain
    if cut is None and name != "deflate" and data.startswith(_GZIP):
        return Failure(Reason.SHORT_BODY, "its packing is damaged", temporary=True)
    return data if cut is None else cut


def _members(data: bytes, window: int, max_bytes: int) -> bytes | Failure:
    """What the members of a gzip file, or the one of another form, unpack to. Raises zlib.error."""
    parts, size, start = [], 0, 0
    for _ in range(_MOST_MEMBERS):
        unpacker = zlib.decompressobj(window)
        while not unpacker.eof:
            if start >= len(data):
                return Failure(Reason.SHORT_BODY, "its packing breaks off", temporary=True)
            fed = data[start : start + _STEP]
            parts.append(unpacker.decompress(fed, max_bytes + 1 - size))
            size += len(parts[-1])
            if size > max_bytes:
                return Failure(Reason.TOO_LARGE, f"unpacks to more than {max_bytes} bytes")
            start += len(fed) - len(unpacker.unused_data)
        if window == -15 and start < len(data):
            raise zlib.error("bytes after the end: these were no packed ones")
        if window < 31 or not data.startswith(_GZIP, start):  # what comes after the last member is padding
            return b"".join(parts)
    return Failure(Reason.TOO_LARGE, f"more than {_MOST_MEMBERS} gzip members")
