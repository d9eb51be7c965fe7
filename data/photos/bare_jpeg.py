"""The first picture of a JPEG: its segments are walked up to its end, and those that are no picture are left out.

Behind that end cameras put further pictures (MPO), depth maps and videos (motion photos of Google, Samsung, Apple),
and before it thumbnails, profiles and whole editing histories (T.81, annex B).
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SOI, _EOI, _SOS, _COM, _APP0, _EXIF, _ADOBE, _APP15 = 0xD8, 0xD9, 0xDA, 0xFE, 0xE0, 0xE1, 0xEE, 0xEF
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15: size and kind of the picture
_SEQUENTIAL = (0xC0, 0xC1)
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a segment
_MARKER = re.compile(rb"\xff+([^\x00\xff])")


@dataclass(frozen=True, slots=True)
class BareJpeg:
    """A JPEG with one picture and no other segments, and what they held of EXIF (a TIFF) and XMP."""

    data: bytes
    exif: bytes
    xmp: bytes
    scans: int
    streams: bool  # sequential, in one scan: a decoder needs no more memory than for what it returns
    ended: bool  # False: cut short


def bare_jpeg(data: bytes) -> BareJpeg:
    """Walk the segments of a file that begins as a JPEG. One that is cut short comes back so."""
    kept, exif, xmp = [data[:2]], b"", b""
    at, scans, frames, ended = 2, 0, list[int](), False
    behind_scans = _markers(data)
    while found := _MARKER.search(data, at):
        marker, start = found[1][0], found.end()
        at = start
        if marker == _EOI:
            kept.append(b"\xff\xd9")
            ended = True
            break
        if marker == _SOI:  # of a thumbnail, in a segment whose length is wrong
            end = data.find(b"\xff\xd9", start)
            at = len(data) if end < 0 else end + 2
        if marker in _ALONE:
            continue
        at = start + int.from_bytes(data[start : start + 2], "big")
        segment = data[start + 2 : at]
        if marker == _EXIF and segment[:4] == b"Exif":
            exif = exif or segment[6:]
        elif marker == _EXIF and segment.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            xmp = xmp or segment
        if marker == _SOS:  # pixels follow, up to the next marker
            scans += 1
            after = behind_scans[np.searchsorted(behind_scans, at) :][:1]
            at = int(after[0]) if len(after) else len(data)
        if _is_picture(marker, segment):
            kept.append(b"\xff" + bytes([marker]) + data[start:at])
        if marker in _FRAMES:
            frames.append(marker)
    streams = scans == 1 and len(frames) == 1 and frames[0] in _SEQUENTIAL
    return BareJpeg(b"".join(kept), exif, xmp, scans, streams, ended)


def _markers(data: bytes) -> NDArray[np.integer[Any]]:
    """The places of all markers that can follow pixels. A byte 255 of pixels has a 0 behind it, or a restart."""
    values = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(values[:-1] == 0xFF)
    behind = values[places + 1]
    marked: NDArray[np.bool_] = (behind != 0) & (behind != 0xFF) & ((behind < 0xD0) | (behind > 0xD7))
    return places[marked]


def _is_picture(marker: int, segment: bytes) -> bool:
    """Whether a decoder needs a segment: of the applications' only those that say how colours are stored."""
    if marker == _APP0:
        return segment[:5] == b"JFIF\0" and len(segment) >= 12
    if marker == _ADOBE:
        return segment[:5] == b"Adobe" and len(segment) >= 12
    return marker != _COM and not _APP0 <= marker <= _APP15 and not 0xF0 <= marker <= 0xFD
