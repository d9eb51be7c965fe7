"""What is no picture in a file never makes it unreadable, and never changes what is seen; what is cut short is told."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from data.photos import open_photo, open_regions, quiet_decoding
from data.photos.bare_jpeg import bare_jpeg
from data.photos.kinds import FORMATS
from data.reasons import Failure, Reason
from data.rows import Box

PICTURE = Image.fromarray(np.random.default_rng(3).integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((120, 90))
OTHER = PICTURE.rotate(180)
VIDEO = b"\0\0\0\x18ftypmp42" + np.random.default_rng(0).bytes(3_000_000) + b"\xff\xda" * 300 + b"\xff\xd8\xff\xe1"
MANY = b"\xff" * 9 + b"\xff\xda\xff\xd9"  # looks like markers


def encoded(kind: str, image: Image.Image, **options: Any) -> bytes:
    if kind == "HEIC":
        pytest.importorskip("pillow_heif", reason="pillow-heif is not installed: pip install -e '.[heic]'")
        import pillow_heif

        pillow_heif.register_heif_opener()
    file = io.BytesIO()
    image.copy().save(file, "HEIF" if kind == "HEIC" else kind, **options)
    return file.getvalue()


def seen(data: bytes) -> Any:
    return np.asarray(open_photo(data, 32, "RGB")).astype(int)


def segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def inside(jpeg: bytes, *segments: bytes) -> bytes:
    """A JPEG with further segments behind its first marker."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(kind: bytes, content: bytes, wrong: int = 0) -> bytes:
    check = zlib.crc32(kind + content) ^ wrong
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with further chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


JPEG, PNG = encoded("JPEG", PICTURE), encoded("PNG", PICTURE)
PROGRESSIVE = encoded("JPEG", PICTURE, progressive=True)
THUMBNAIL = encoded("JPEG", OTHER.resize((40, 30)))
MPF = b"MPF\0II*\0\x08\0\0\0\xff\xff"

JPEGS: dict[str, bytes] = {
    "motion photo": JPEG + VIDEO,
    "progressive motion photo": PROGRESSIVE + VIDEO,
    "two pictures": JPEG + encoded("JPEG", OTHER),
    "trailing junk": JPEG + MANY * 200,
    "trailing zeros": JPEG + bytes(100_000),
    "a thumbnail in EXIF": inside(JPEG, segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0" + THUMBNAIL)),
    "a thumbnail of JFXX": inside(JPEG, segment(0xE0, b"JFXX\0\x10" + THUMBNAIL)),
    "megabytes of segments": inside(JPEG, *[segment(0xE2, b"x" * 65_000), segment(0xFE, b"\xff\xda" * 32_000)] * 40),
    "broken EXIF": inside(JPEG, segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff")),
    "empty EXIF": inside(JPEG, segment(0xE1, b"Exif\0\0")),
    "broken MPF": inside(JPEG, segment(0xE2, MPF)),
    "broken ICC": inside(JPEG, segment(0xE2, b"ICC_PROFILE\0"), segment(0xE2, b"ICC_PROFILE\0\7\1junk")),
    "broken Photoshop block": inside(JPEG, segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\xff\xff\xff\xff\xff")),
    "short Adobe": inside(JPEG, segment(0xEE, b"Adobe")),
    "short JFIF": inside(JPEG, segment(0xE0, b"JFIF\0")),
    "junk between segments": inside(JPEG, segment(0xFE, b"hello"), b"\0\0junk", segment(0xFE, b""), b"\xff\xff\xff"),
    "a segment of a wrong length": inside(JPEG, b"\xff\xed\x00\x10Photoshop 3.0\x00" + THUMBNAIL + b"rest"),
}
XMP = b"XML:com.adobe.xmp\0"
PNGS: dict[str, bytes] = {
    "XMP of 1.4 MB": with_chunks(PNG, chunk(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(b"<x/>" * 350_000))),
    "XMP of 30 MB": with_chunks(PNG, chunk(b"iTXt", XMP + b"\1\0\0\0" + zlib.compress(bytes(30_000_000)))),
    "zTXt of 30 MB": with_chunks(PNG, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(30_000_000)))),
    "many texts": with_chunks(PNG, *[chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000)))] * 80),
    "broken text": with_chunks(PNG, chunk(b"zTXt", b"Comment\0\0junk"), chunk(b"iTXt", b"x"), chunk(b"tEXt", b"")),
    "broken profile": with_chunks(PNG, chunk(b"iCCP", b"name\0\0junk"), chunk(b"iCCP", b""), chunk(b"cHRM", b"1")),
    "short pHYs and sRGB": with_chunks(PNG, chunk(b"pHYs", b"1"), chunk(b"sRGB", b""), chunk(b"gAMA", b"")),
    "wrong checks": with_chunks(PNG, chunk(b"tEXt", b"a\0b", 1), chunk(b"tIME", bytes(7), 1), chunk(b"eXIf", b"?", 1)),
    "data behind the end": PNG + VIDEO,
    "an unknown chunk": with_chunks(PNG, chunk(b"juNk", b"x"), chunk(b"caBX", bytes(100_000))),
    "broken animation": with_chunks(PNG, chunk(b"acTL", b"\0"), chunk(b"fcTL", b"1")),
}


@pytest.mark.parametrize("what", JPEGS)
def test_what_is_no_picture_in_a_jpeg_changes_nothing(what: str) -> None:
    with quiet_decoding():
        assert np.array_equal(seen(JPEGS[what]), seen(PROGRESSIVE if "progressive" in what else JPEG))


@pytest.mark.parametrize("what", PNGS)
def test_what_is_no_picture_in_a_png_changes_nothing(what: str) -> None:
    with quiet_decoding():
        assert np.array_equal(seen(PNGS[what]), seen(PNG))


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"".join(kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in chunks)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("GIF", lambda data: data + VIDEO),
        ("GIF", lambda data: data[:-1] + b"\x21\xfe" + b"\xff" + b"x" * 255 + b"\0;"),
        ("GIF", lambda data: data[:781] + b"\x21\xfe" + (b"\xff" + b"x" * 255) * 40_000 + b"\0" + data[781:]),
        ("GIF", lambda data: data[:781] + b"\x21\xff\x0bXMP DataXMP" + bytes([9]) + b"x" * 9 + b"\0" + data[781:]),
        ("WEBP", lambda data: data + VIDEO),
        ("WEBP", lambda data: data + riff((b"EXIF", b"junk"), (b"ICCP", b""), (b"XMP ", b"x" * 2_000_000))),
        ("WEBP", lambda data: data[:4] + b"\xff\xff\xff\x7f" + data[8:]),
        ("BMP", lambda data: data + VIDEO),
        ("TIFF", lambda data: data + VIDEO),
        ("AVIF", lambda data: data + VIDEO[24:]),
        ("AVIF", lambda data: data + b"\0\1\0\0mpvd" + VIDEO),
        ("HEIC", lambda data: data + VIDEO[24:]),
        ("HEIC", lambda data: data + b"\0\1\0\0mpvd" + VIDEO),
    ],
)
def test_what_is_no_picture_in_other_kinds_changes_nothing(kind: str, change: Callable[[bytes], bytes]) -> None:
    plain = encoded(kind, PICTURE)
    if kind == "GIF":
        assert plain[10] & 7 == 7, "the test counts on a table of 256 colours"
    with quiet_decoding():
        assert np.array_equal(seen(change(plain)), seen(plain))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "AVIF", "TIFF", "PNG", "MPO", "HEIC"])
def test_of_several_pictures_the_first_is_taken(kind: str) -> None:
    options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    several = encoded(kind, PICTURE, save_all=True, append_images=[OTHER, OTHER], **options)
    alone = encoded("JPEG" if kind == "MPO" else kind, PICTURE, **options)
    assert np.abs(seen(several) - seen(alone)).mean() < 3
    assert np.abs(seen(several) - seen(encoded("PNG", OTHER))).mean() > 20


def test_scans_are_counted_within_the_picture() -> None:
    last = PROGRESSIVE.rindex(b"\xff\xda")
    bomb = PROGRESSIVE[:-2] + PROGRESSIVE[last:-2] * 300 + b"\xff\xd9"
    failure = open_regions(bomb, [None], 8, "L")
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BOMB
    assert "more than 200" in failure.detail
    assert bare_jpeg(JPEG + VIDEO).scans == 1
    assert bare_jpeg(PROGRESSIVE + bomb).scans == PROGRESSIVE.count(b"\xff\xda")


def test_a_wrong_check_of_the_picture_itself_is_damage() -> None:
    at = PNG.index(b"IDAT")
    damaged = PNG[: at + 30] + bytes([PNG[at + 30] ^ 1]) + PNG[at + 31 :]
    failure = open_regions(damaged, [None], 8, "L")
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TRUNCATED


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_that_is_cut_short_is_truncated(kind: str, share: float) -> None:
    options: dict[str, Any] = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    data = encoded(kind, PICTURE, **options)
    failure = open_regions(data[: int(len(data) * share)], [None], 8, "L")
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TRUNCATED
    assert failure.detail


@pytest.mark.parametrize("behind", [b"", bytes(50_000), VIDEO[:50_000].replace(b"\xff", b"\xfe")])
@pytest.mark.parametrize("whole", [JPEG, PROGRESSIVE])
def test_no_half_of_a_jpeg_is_taken_for_all_of_it(whole: bytes, behind: bytes) -> None:
    for share in (0.4, 0.7, 0.95):
        failure = open_regions(whole[: int(len(whole) * share)] + behind, [None], 8, "L")
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.TRUNCATED


def test_texts_of_a_png_written_by_pillow_are_no_bound() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", "<x/>" * 400_000, zip=True)
    file = io.BytesIO()
    PICTURE.save(file, "PNG", pnginfo=texts)
    assert np.array_equal(seen(file.getvalue()), seen(PNG))


@settings(max_examples=400, deadline=None)
@given(
    kind=st.sampled_from(FORMATS),
    changes=st.lists(
        st.tuples(st.sampled_from(["set", "insert", "cut", "repeat"]), st.integers(0, 10**6), st.binary(max_size=5)),
        min_size=1,
        max_size=6,
    ),
    near_start=st.booleans(),
)
def test_changed_files_come_to_a_picture_or_a_reason(
    kind: str, changes: list[tuple[str, int, bytes]], near_start: bool
) -> None:
    data = encoded(kind, PICTURE.resize((40, 30)))
    for how, place, put in changes:
        at = place % (min(len(data), 300) + 1 if near_start else len(data) + 1)
        if how == "cut":
            data = data[:at]
        elif how == "repeat":
            data = data[:at] + data[at : at + 100] * 3 + data[at:]
        else:
            data = data[:at] + put + data[at + (len(put) if how == "set" else 0) :]
    with quiet_decoding():
        found = open_regions(data, [None, Box(3, 3, 20, 20)], 8, "L", max_pixels=1_000_000)
    if isinstance(found, Failure):
        assert found.reason in (Reason.TRUNCATED, Reason.NOT_AN_IMAGE, Reason.BOMB)
        assert found.detail
        assert "\n" not in found.detail
