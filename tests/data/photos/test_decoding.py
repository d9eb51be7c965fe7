"""From bytes to an open picture: every mode, and the reason for damaged or hostile bytes."""

import io
import resource
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.photos import crop, find_regions, flat, open_regions, quiet_decoding
from data.photos.placed import Placed, placed_in
from data.reasons import Failure, Reason
from data.rows import Box
from data.settings import DownloadSettings

Draw = Callable[..., bytes]
SMALL = DownloadSettings(size=32)


def opened(data: bytes | Failure) -> Image.Image:
    assert isinstance(data, bytes), data
    return Image.open(io.BytesIO(data))


def as_file(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def failed(data: bytes, box: Box | None = None, **changes: Any) -> Reason:
    with quiet_decoding():
        failure = crop(data, box, DownloadSettings(size=32, **changes))
    assert isinstance(failure, Failure)
    assert "\n" not in failure.detail
    return failure.reason


# Modes ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "colour", "shown"),
    [
        ("1", 1, 255),
        ("L", 77, 77),
        ("LA", (0, 0), (255, 255, 255)),
        ("La", (100, 255), (100, 100, 100)),
        ("P", 0, (0, 0, 0)),
        ("PA", (0, 0), (255, 255, 255)),
        ("RGB", (1, 2, 3), (1, 2, 3)),
        ("RGBX", (1, 2, 3, 0), (1, 2, 3)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 102), (153, 153, 153)),
        ("RGBa", (0, 0, 0, 0), (255, 255, 255)),
        ("CMYK", (0, 0, 0, 255), (0, 0, 0)),
        ("YCbCr", (255, 128, 128), (255, 255, 255)),
        ("HSV", (0, 0, 128), (128, 128, 128)),
        ("I;16", 65535, 255),
        ("I;16B", 257 * 9, 9),
        ("I", 257 * 100, 100),
        ("F", 300.0, 255),
    ],
)
def test_every_mode_of_pillow_is_brought_to_grey_or_colour(mode: str, colour: Any, shown: Any) -> None:
    image = flat(Image.new(mode, (2, 2), colour))
    assert image.mode in ("L", "RGB")
    assert image.getpixel((0, 0)) == shown


# Hostile bytes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"<html><body>Gone</body></html>", b"BM" + bytes(100), b"%PDF-1.4", b"<svg/>"],
)
def test_what_is_none_of_the_formats_is_no_image(data: bytes) -> None:
    assert failed(data) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_photo_cut_short_is_truncated(photo: Draw, format: str, share: float) -> None:
    data = photo(1, 200, 150, format)
    assert failed(data[: int(len(data) * share)]) is Reason.TRUNCATED


def png(width: int, height: int, body: bytes, depth: int = 8, colour: int = 0) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 13_000, 60_000])
def test_a_bomb_is_told_by_its_header_and_not_decoded(side: int) -> None:
    bomb = png(side, side, zlib.compress(bytes(20_000_000), 9), depth=1)
    assert len(bomb) < 25_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert failed(bomb) is Reason.BOMB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000 * (
        1024 if sys.platform == "darwin" else 1
    )


def test_a_gif_whose_picture_is_larger_than_its_screen_is_a_bomb_too(photo: Draw) -> None:
    data = bytearray(photo(format="GIF"))
    at = data.index(b"\x2c\0\0\0\0")
    data[at + 5 : at + 9] = struct.pack("<HH", 65_535, 65_535)
    assert failed(bytes(data)) is Reason.BOMB


def test_a_jpeg_of_many_scans_is_a_bomb(photo: Draw) -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(photo())).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    last = data.rindex(b"\xff\xda")
    assert isinstance(crop(data, None, SMALL), bytes)
    assert failed(data[:-2] + data[last:-2] * 300 + data[-2:]) is Reason.BOMB


def test_the_cap_on_pixels_is_a_setting(photo: Draw) -> None:
    assert failed(photo(width=64, height=48), max_pixels=64 * 48 - 1) is Reason.BOMB
    assert isinstance(crop(photo(width=64, height=48), None, DownloadSettings(max_pixels=64 * 48)), bytes)


def test_nothing_is_said_on_stderr_while_decoding(photo: Draw, recwarn: pytest.WarningsRecorder) -> None:
    with quiet_decoding():
        failed(png(10_000, 10_000, b""))
        warnings.warn_explicit("corrupt", UserWarning, "x", 1, module="PIL.ImageFile")
    assert not recwarn.list


@pytest.fixture(scope="module")
def originals() -> list[bytes]:
    image = Image.effect_noise((40, 30), 60).convert("RGB")
    return [
        *(as_file(image, format) for format in ("JPEG", "PNG", "GIF", "WEBP")),
        as_file(image, "JPEG", progressive=True),
        as_file(image.convert("CMYK"), "JPEG"),
        as_file(image.quantize(9), "PNG", transparency=3),
        as_file(image.convert("RGBA"), "WEBP", lossless=True),
        as_file(image, "GIF", save_all=True, append_images=[image.rotate(90)]),
    ]


@settings(max_examples=300, deadline=None)
@given(
    which=st.integers(0, 8),
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    cut=st.integers(0, 10**6) | st.none(),
)
def test_damaged_photos_come_to_a_crop_or_a_reason(
    originals: list[bytes], which: int, changes: list[tuple[int, int]], cut: int | None
) -> None:
    data = bytearray(originals[which])
    for place, value in changes:
        data[place % len(data)] = value
    with quiet_decoding():
        result = crop(bytes(data if cut is None else data[: cut % len(data)]), Box(3, 3, 30, 20), SMALL)
    if isinstance(result, Failure):
        assert result.reason in (Reason.TRUNCATED, Reason.NOT_AN_IMAGE, Reason.BOMB, Reason.BAD_BOX)
    else:
        box, picture = placed_in(result).box, opened(result)
        assert box is not None
        assert 0 <= box.x1 < box.x2 <= picture.width
        assert 0 <= box.y1 < box.y2 <= picture.height
        assert max(box.x2 - box.x1, box.y2 - box.y1) == 32


NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NOT_AN_IMAGE),
        (b"<html>404</html>", Reason.NOT_AN_IMAGE),
        (b"MM\0*" + bytes(60), Reason.TRUNCATED),
        (as_file(NOISE, "TIFF")[:900], Reason.TRUNCATED),
        (as_file(NOISE, "AVIF")[:900], Reason.TRUNCATED),
        (as_file(NOISE, "JPEG")[:900], Reason.TRUNCATED),
        (as_file(NOISE, "PNG")[:900], Reason.TRUNCATED),
        (as_file(NOISE, "BMP")[:900], Reason.TRUNCATED),
        (as_file(NOISE, "WEBP")[:900], Reason.TRUNCATED),
        (as_file(Image.new("1", (9000, 9000))), Reason.BOMB),
    ],
)
def test_what_is_no_photo_has_a_reason(data: bytes, reason: Reason) -> None:
    for opened in (
        open_regions(data, [None, Box(1, 1, 9, 9)], 8, "L"),
        find_regions(data, lambda photo, scale: [Placed(Box(0, 0, 5, 5))], 8, "L"),
    ):
        assert isinstance(opened, Failure)
        assert opened.reason is reason
        assert "\n" not in opened.detail
