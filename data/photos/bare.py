"""The bare picture of a photo's file: what a decoder needs of it, and nothing else.

Text, profiles, thumbnails, further pictures, video and trailing bytes are what most broken photos are broken in, and
what decoders have limits for. None of it is needed to see the picture, so it is left out before anything is decoded;
only the EXIF orientation is read from it. What is cut short stays cut short: a decoder shall see it.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from PIL import Image

from data.photos.bare_jpeg import bare_jpeg

_ORIENTATION = 0x0112  # the EXIF tag
_IN_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)([1-8])")
_MOST_TEXT = 1 << 20  # bytes of a text that are looked through for an orientation


@dataclass(frozen=True, slots=True)
class Bare:
    """A picture's bytes. `orientation` is None where the file has to be opened to know it."""

    data: bytes
    orientation: int | None = None
    scans: int = 1  # of a JPEG
    ended: bool = True  # False: a JPEG that is cut short
    streams: bool = False  # a decoder can make it smaller while it reads it, and holds only that


def bare(kind: str, data: bytes) -> Bare:
    """Return the picture of a file of one of `kinds.FORMATS`; of several the first."""
    if kind == "JPEG":
        jpeg = bare_jpeg(data)
        return Bare(jpeg.data, orientation_in(jpeg.exif, jpeg.xmp), jpeg.scans, jpeg.ended, jpeg.streams)
    known: dict[str, Callable[[bytes], Bare]] = {
        "PNG": _png,
        "GIF": _gif,
        "WEBP": _webp,
        "HEIC": _heic,
        "AVIF": _boxes,
    }
    return known[kind](data) if kind in known else Bare(data)


def orientation_in(exif: bytes, xmp: bytes) -> int:
    """The orientation that a file's EXIF says, or else its XMP; 1, as it is stored, where neither can be read."""
    with suppress(Exception):  # a damaged block does not make the picture unusable
        block = Image.Exif()
        block.load(exif)
        if _ORIENTATION in block:
            return int(block[_ORIENTATION])
    said = _IN_XMP.search(xmp)
    return int(said[1]) if said else 1


# PNG: chunks ----------------------------------------------------------------------------------------------------------


def _png(data: bytes) -> Bare:
    kept, exif, xmp = [data[:8]], b"", b""
    depth, colour = (data[24], data[25]) if len(data) > 25 else (8, 0)
    for kind, at, end in _chunks(data):
        if kind == b"eXIf":
            exif = exif or data[at + 8 : end - 4]
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            found = _exif_or_xmp(kind, data[at + 8 : end - 4])
            exif, xmp = exif or found[0], xmp or found[1]
        elif kind == b"tRNS" and end <= len(data):
            body = kind + _transparent(data[at + 8 : end - 4], depth, colour)
            kept.append((len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big"))
        elif kind[:1].isupper() or end > len(data):  # a chunk in small letters is none that the picture needs
            kept.append(data[at:end])
        if kind == b"IEND":
            break
    return Bare(b"".join(kept), orientation_in(exif, xmp))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The type, start and end of each chunk; the last may end behind the data."""
    at = 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, end
        at = end


def _transparent(colour: bytes, depth: int, type: int) -> bytes:
    """The transparent colour as Pillow compares it: with pixels of 8 bits, but for grey ones of 16."""
    samples = [int.from_bytes(colour[at : at + 2], "big") for at in range(0, len(colour), 2)]
    if type == 2 and depth == 16:
        return b"".join((sample >> 8).to_bytes(2, "big") for sample in samples)
    if type == 0 and depth in (2, 4):
        return b"".join((sample % 2**depth * 255 // (2**depth - 1)).to_bytes(2, "big") for sample in samples)
    return colour


def _exif_or_xmp(kind: bytes, chunk: bytes) -> tuple[bytes, bytes]:
    """The EXIF and the XMP in a chunk of text; both are empty in most."""
    keyword, _, rest = chunk.partition(b"\0")
    if keyword == b"XML:com.adobe.xmp":
        text = rest.split(b"\0", 2)[-1] if kind != b"iTXt" or rest[:1] == b"\0" else _unpacked(rest)
        return b"", text[:_MOST_TEXT]
    if keyword in (b"Raw profile type exif", b"Raw profile type APP1"):
        text = _inflated(rest[1:]) if kind == b"zTXt" else rest[:_MOST_TEXT]
        with suppress(ValueError):  # ImageMagick's form: the type, the length, and hexadecimal digits
            return bytes.fromhex(b"".join(text.split()[2:]).decode("ascii", "replace")), b""
    return b"", b""


def _unpacked(rest: bytes) -> bytes:
    """The compressed text of an iTXt: behind two flags, a language and a translated keyword."""
    return _inflated(rest[2:].split(b"\0", 2)[-1])


def _inflated(packed: bytes) -> bytes:
    with suppress(zlib.error):
        return zlib.decompressobj().decompress(packed, _MOST_TEXT)
    return b""


# GIF: blocks ----------------------------------------------------------------------------------------------------------


def _gif(data: bytes) -> Bare:
    at = 13 + _colours(data[10:11])
    kept, control = [data[:at]], b""
    while at < len(data):
        mark, start = data[at], at
        if mark == 0x2C:  # the picture
            at = _behind_blocks(data, at + 11 + _colours(data[at + 9 : at + 10]))
            kept += [control, data[start:at]]
            return Bare(b"".join(kept) + (b";" if at <= len(data) else b""), 1)
        if mark == 0x3B:
            break
        at = _behind_blocks(data, at + 2) if mark == 0x21 else at + 1
        if data[start : start + 2] == b"\x21\xf9":  # a delay and a transparent colour, for the next picture
            control = data[start:at]
    return Bare(b"".join(kept), 1)


def _colours(packed: bytes) -> int:
    """Bytes of the table of colours that a byte of flags announces."""
    return 3 << (packed[0] & 7) + 1 if packed and packed[0] & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    """The place behind a run of blocks, each begun by its length, that one of length 0 ends."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


# WebP: chunks of a RIFF -----------------------------------------------------------------------------------------------

_PICTURE = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
_METADATA_FLAGS = 0x20 | 0x08 | 0x04  # of VP8X: a profile, EXIF, XMP


def _webp(data: bytes) -> Bare:
    kept: list[bytes] = []
    seen, exif, xmp, at = set[bytes](), b"", b"", 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        chunk = data[at : at + 8 + length + length % 2]
        if kind == b"EXIF":
            exif = exif or chunk[8:]
        elif kind == b"XMP ":
            xmp = xmp or chunk[8 : 8 + _MOST_TEXT]
        elif kind in _PICTURE and kind not in seen:  # of several pictures the first
            seen.add(kind)
            plain = kind == b"VP8X" and len(chunk) > 8
            kept.append(chunk[:8] + bytes([chunk[8] & ~_METADATA_FLAGS]) + chunk[9:] if plain else chunk)
        at += len(chunk)
    body = b"WEBP" + b"".join(kept)
    return Bare(b"RIFF" + len(body).to_bytes(4, "little") + body, orientation_in(exif, xmp))


# HEIC and AVIF: boxes -------------------------------------------------------------------------------------------------

_BOXES = {b"ftyp", b"meta", b"mdat", b"moov", b"idat", b"free", b"skip", b"wide", b"uuid"}


_TURNS = (b"irot", b"imir")


def _heic(data: bytes) -> Bare:
    """A decoder turns a picture as its boxes say; without any, EXIF counts as in every other kind of file."""
    boxes = _boxes(data)
    start = boxes.data.find(b"meta")
    head = boxes.data[start : start + int.from_bytes(boxes.data[max(start - 4, 0) : max(start, 0)], "big")]
    return replace(boxes, orientation=1) if any(turn in head for turn in _TURNS) else boxes


def _boxes(data: bytes) -> Bare:
    """Places in such a file count from its start: only what lies behind its boxes can be left out."""
    at = 0
    while at + 8 <= len(data) and data[at + 4 : at + 8] in _BOXES:
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:  # a longer one follows
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:  # 0: to the end
            return Bare(data)
        at += length
    return Bare(data[:at])
