"""What kind of file some bytes are, told by how they begin and never by a name, and which kinds can be decoded here.

A further kind is a line in `_SIGNATURES`; one that can be decoded also has a line in `_PLUGINS`. HEIC needs an
optional extra, `.[heic]`, which is imported when the first such photo comes.
"""

import codecs
import struct
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from PIL import Image, features

from data.program import install, short

HEAD = 4096  # bytes that are enough for `kind_of`
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIC")  # the kinds that are photos here

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\xff\x0a", "JXL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"IIRO", "RAW"),  # Olympus
    (b"IIRS", "RAW"),
    (b"MMOR", "RAW"),
    (b"IIU\0", "RAW"),  # Panasonic
    (b"FUJIFILMCCD-RAW", "RAW"),
    (b"FOVb", "RAW"),  # Sigma
    (b"\0MRM", "RAW"),  # Minolta
    (b"8BPS", "PSD"),
    (b"gimp xcf", "XCF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"\0\0\1\0", "ICO"),
    (b"icns", "ICNS"),
    (b"v/1\1", "EXR"),
    (b"\x1aE\xdf\xa3", "Matroska"),
    (b"OggS", "Ogg"),
    (b"ID3", "MP3"),
    (b"PK\3\4", "ZIP"),
    (b"PK\5\6", "ZIP"),
    (b"Rar!\x1a\7", "RAR"),
    (b"7z\xbc\xaf'\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\0\5\x16\7", "AppleDouble"),  # what macOS leaves beside a file: ._photo.jpg
    (b"\0\0\0\1Bud1", "DS_Store"),
    (b"SQLite format 3\0", "SQLite"),
    (b"version https://git-lfs", "Git LFS pointer"),
)
_RIFF = {b"WEBP": "WEBP", b"AVI ": "AVI", b"WAVE": "WAV"}
_TIFF = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}  # how it begins -> the order of its bytes
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # lengths of the header behind the first 14 bytes
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1"}
_DNG_VERSION, _CFA_PATTERN, _SUB_FILES, _SUBFILE_TYPE = 0xC612, 0x828E, 0x14A, 0xFE  # tags of a TIFF
_SMALLER = 1  # the bit of the subfile type that says: a smaller copy of another picture of this file


def kind_of(head: bytes) -> str | None:
    """The kind of a file from its first `HEAD` bytes; None: it is none of those known here."""
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _of_boxes(head)
    if head[:4] in _TIFF:
        return "RAW" if head[8:10] == b"CR" or _is_raw(head, _TIFF[head[:4]]) else "TIFF"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"pnot"):
        return "MP4"
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    return _of_text(head)


def can_decode(kind: str | None) -> bool:
    """Whether photos of a kind can be opened with what is installed."""
    return kind in FORMATS and not missing(kind)


def missing(kind: str) -> str:
    """What a photo's kind needs and is not installed, and how to get it; empty: nothing is missing."""
    if kind == "HEIC" and _heif() is None:
        return f"a HEIC photo needs pillow-heif, which is not installed: {install('heic')}"
    codec = {"AVIF": "avif", "WEBP": "webp", "JPEG": "jpg", "PNG": "zlib"}.get(kind)
    if codec is not None and codec not in (*features.get_supported_modules(), *features.get_supported_codecs()):
        upgrade = f"{short(sys.executable)} -m pip install --upgrade pillow"
        return f"the installed Pillow has no decoder for {kind}: {upgrade}"
    return ""


def plugin(kind: str) -> Callable[..., Any]:
    """What opens a file of one of `FORMATS`: Pillow's class for it.

    `Image.open` would apply the limit that Pillow keeps for the whole process; the one here is the caller's.
    """
    heif = _heif() if kind == "HEIC" else None
    if heif is not None:
        return heif
    if kind not in Image.OPEN:
        Image.init()
    return Image.OPEN[kind][0]


@cache
def _heif() -> Callable[..., Any] | None:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        return None
    opener: Callable[..., Any] = HeifImageFile
    return opener


def _of_boxes(head: bytes) -> str:
    """The kind of a file of boxes (ISO 14496-12), from the brands that its first box lists."""
    end = min(max(int.from_bytes(head[:4], "big"), 16), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if brands[0] == b"crx ":
        return "RAW"  # Canon
    if brands[0] in _AVIF_BRANDS or (brands[0] in (b"mif1", b"msf1") and _AVIF_BRANDS & set(brands)):
        return "AVIF"
    return "HEIC" if brands[0] in _HEIC_BRANDS else "MP4"


def _is_raw(head: bytes, order: str) -> bool:
    """Whether a TIFF is a camera's raw file: its first picture is a thumbnail, or not developed."""
    try:
        if head[2:4] in (b"+\0", b"\0+"):  # BigTIFF
            return False
        (start,) = struct.unpack_from(order + "I", head, 4)
        (entries,) = struct.unpack_from(order + "H", head, start)
        tags: dict[int, int] = {}
        for entry in range(min(entries, 64)):
            tag, kind, _, value = struct.unpack_from(order + "HHII", head, start + 2 + 12 * entry)
            tags[tag] = value >> 16 if kind == 3 and order == ">" else value
    except struct.error:  # the tags are not in the head
        return False
    return bool({_DNG_VERSION, _CFA_PATTERN} & set(tags)) or (
        _SUB_FILES in tags and bool(tags.get(_SUBFILE_TYPE, 0) & _SMALLER)
    )


def _of_text(head: bytes) -> str | None:
    if b"%PDF-" in head[:1024]:
        return "PDF"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "SVG"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<!--", b"<?xml")):
        return "HTML" if b"<html" in text or not text.startswith(b"<?xml") else "XML"
    try:
        plain = codecs.getincrementaldecoder("utf-8")().decode(head, len(head) < HEAD)  # a cut letter may end the head
    except UnicodeDecodeError:
        return None
    return "text" if plain and all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in plain) else None
