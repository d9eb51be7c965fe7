"""The bare picture at the edges: every marker of a JPEG, every byte where a file may be cut short, levels of a TIFF."""

import io
import struct
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.photos import quiet_decoding
from data.photos.bare import bare
from data.photos.bare_jpeg import bare_jpeg
from data.photos.levels import levels_of

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 11, 3), dtype=np.uint8))


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    PICTURE.copy().save(file, kind, **({} if kind in ("GIF", "BMP") else {"exif": exif}))
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_file_may_be_cut_short_at_every_byte(kind: str) -> None:
    whole = encoded(kind)
    with quiet_decoding():
        for length in range(4, len(whole)):
            cut = bare(kind, whole[:length])
            assert len(cut.data) <= length + 8, "a header that says how much there is"
            assert cut.orientation == 1 or kind != "GIF", "which has none"
    assert bare(kind, whole + b"behind").data == bare(kind, whole).data or kind in ("BMP", "TIFF")


HEIF = b"".join(struct.pack(">I", 8 + n) + kind + bytes(n) for kind, n in ((b"ftyp", 12), (b"meta", 5), (b"mdat", 0)))


@pytest.mark.parametrize("kind", ["AVIF", "HEIC"])
def test_boxes_are_kept_up_to_the_first_that_is_none(kind: str) -> None:
    assert bare(kind, HEIF).data == HEIF
    assert bare(kind, HEIF + b"\0\0\0\x09junk1").data == HEIF
    assert bare(kind, HEIF + b"\0\0\0\0mdatto the end").data == HEIF + b"\0\0\0\0mdatto the end"
    long = b"\0\0\0\1mdat" + struct.pack(">Q", 16 + 3) + b"abc"
    assert bare(kind, long + HEIF + b"behind").data == long + HEIF
    assert bare(kind, HEIF + b"\0\0\0\7mdat").data == HEIF + b"\0\0\0\7mdat", "no box is shorter than its head"
    for length in range(len(HEIF)):  # of a box that is cut short, what there is, but no part of its head
        ended = max(end for end in (0, 20, 33, 41) if end <= length)
        assert bare(kind, HEIF[:length]).data == HEIF[: length if length - ended >= 8 else ended]


def test_a_segment_is_kept_that_a_decoder_needs_and_no_other() -> None:
    """Tables, frames, scans and restarts; of the applications' JFIF and Adobe; no comments, no extensions."""
    end = b"\xff\xd9"
    kept = set()
    for marker in {*range(0x02, 0xD0), *range(0xDB, 0xFF)}:  # those that have a segment
        segment = bytes([0xFF, marker]) + struct.pack(">H", 2 + 14) + b"fourteen bytes"
        data = bare_jpeg(b"\xff\xd8" + segment + end).data
        assert data in (b"\xff\xd8" + segment + end, b"\xff\xd8" + end), hex(marker)
        if len(data) > 4:
            kept.add(marker)
    assert kept == {*range(0x02, 0xD0), *range(0xDB, 0xE0)}


@pytest.mark.parametrize(
    ("marker", "content", "kept"),
    [
        (0xE0, b"JFIF\0" + bytes(7), True),
        (0xE0, b"JFIF\0" + bytes(6), False),
        (0xEE, b"Adobe" + bytes(7), True),
        (0xEE, b"Adobe" + bytes(6), False),
        (0xE0, b"JFXX\0" + bytes(9), False),
    ],
)
def test_what_says_how_colours_are_stored_is_kept_if_it_is_whole(marker: int, content: bytes, kept: bool) -> None:
    segment = bytes([0xFF, marker]) + struct.pack(">H", 2 + len(content)) + content
    assert (segment in bare_jpeg(b"\xff\xd8" + segment + b"\xff\xd9").data) == kept


def tiff(mode: str, highest: float, **tags: Any) -> Any:
    """As much of an opened TIFF as its levels need."""
    names = {"bits": 258, "photometric": 262, "sample_format": 339}
    dtype = np.float32 if mode == "F" else np.int32
    picture = Image.fromarray(np.array([[0, highest], [0, 0]], dtype))
    return SimpleNamespace(
        mode=mode,
        width=2,
        height=2,
        crop=picture.crop,
        tag_v2={names[name]: value for name, value in tags.items()},
    )


@pytest.mark.parametrize(
    ("photo", "levels"),
    [
        (tiff("I;16", 9, bits=16), (0, 65_535)),
        (tiff("I;16", 9, bits=(12,)), (0, 4095)),
        (tiff("I", 9, bits=16, sample_format=2), (0, 32_767)),
        (tiff("I;16", 9), (0, 255)),  # 8 bits, where a file does not say it
        (tiff("I;16", 9, bits=16, photometric=0), (65_535, 0)),
        (tiff("I;16", 9, bits=16, photometric=1), (0, 65_535)),
        (tiff("I", 255, bits=32), (0, 255)),
        (tiff("I", 256, bits=32), (0, 65_535)),
        (tiff("I", 65_535, bits=32), (0, 65_535)),
        (tiff("I", 65_536, bits=32), (0, 2**32 - 1)),
        (tiff("I", 2, bits=32), (0, 2**32 - 1)),
        (tiff("I", 3, bits=32), (0, 255)),
        (tiff("F", 0.5, bits=32), (0, 1.0)),
        (tiff("F", 2.0, bits=32), (0, 1.0)),
        (tiff("F", 2.5, bits=32), (0, 255)),
        (tiff("F", 255.0, bits=32), (0, 255)),
        (tiff("F", 65_536.0, bits=32), (0, 65_536.0)),
    ],
)
def test_black_and_white_of_a_tiff(photo: Any, levels: tuple[float, float]) -> None:
    assert levels_of(photo) == levels


def png_with(kind: bytes, content: bytes) -> bytes:
    png = encoded("BMP"), io.BytesIO()
    Image.open(io.BytesIO(png[0])).save(png[1], "PNG")
    whole = png[1].getvalue()
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return whole[:33] + chunk + whole[33:]


TURNED = Image.Exif()
TURNED[0x0112] = 6
HEXADECIMAL = b"\nexif\n    %d\n%s" % (len(TURNED.tobytes()), TURNED.tobytes().hex().encode())
XMP = b'<x:xmpmeta tiff:Orientation="6"/>'


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"eXIf", TURNED.tobytes()[6:]),
        (b"tEXt", b"Raw profile type exif\0" + HEXADECIMAL),
        (b"tEXt", b"Raw profile type APP1\0" + HEXADECIMAL),
        (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(HEXADECIMAL)),
        (b"tEXt", b"XML:com.adobe.xmp\0" + XMP),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0\0" + zlib.compress(XMP)),
    ],
    ids=str,
)
def test_each_place_of_a_png_may_say_how_it_is_turned(kind: bytes, content: bytes) -> None:
    found = bare("PNG", png_with(kind, content))
    assert found.orientation == 6
    assert kind not in found.data
