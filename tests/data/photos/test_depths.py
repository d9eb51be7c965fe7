"""Every depth of pixels, every way to be transparent: each is seen as the same picture in 8 bits is."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.photos import open_photo, quiet_decoding

Grey = NDArray[Any]
RAMP = np.linspace(0, 255, 48 * 40).reshape(40, 48).astype(np.uint8)  # 0 to 255
COLOURS = np.stack([RAMP, RAMP[::-1], np.full_like(RAMP, 60)], 2)
COLOURS[10:20, 10:20] = (40, 80, 120)
HOLE = np.zeros(RAMP.shape, bool)
HOLE[10:30, 12:36] = True  # what is transparent


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(values: Grey, depth: int, colour: int, *chunks: bytes) -> bytes:
    """A PNG of samples (H, W) or (H, W, C) in 0..2^depth - 1; `chunks` stand before the pixels."""
    height, width = values.shape[:2]
    samples = values.reshape(height, -1)
    if depth == 16:
        rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    elif depth == 8:
        rows = samples.astype(np.uint8)
    else:
        bits = samples[:, :, None] >> np.arange(depth)[::-1] & 1
        rows = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", head), *chunks, chunk(b"IDAT", body), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def clear(*samples: int) -> bytes:
    return chunk(b"tRNS", struct.pack(f">{len(samples)}H", *samples))


def tiff(values: Grey, bits: int, form: int = 1, order: str = "<", photometric: int = 1) -> bytes:
    """A grey TIFF; `form` is its sample format: 1 unsigned, 2 signed, 3 floating point."""
    height, width = values.shape
    if bits == 12:
        flat = values.reshape(-1).astype(np.uint16)
        pairs = np.packbits((flat[:, None] >> np.arange(12)[::-1] & 1).astype(np.uint8).reshape(height, -1), axis=1)
        body = pairs.tobytes()
    else:
        body = values.astype(f"{order}{'_uif'[form]}{bits // 8}").tobytes()
    tags = [
        (256, 3, width),
        (257, 3, height),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, photometric),
        (273, 4, 8),
        (277, 3, 1),
        (278, 3, height),
        (279, 4, len(body)),
        (339, 3, form),
    ]
    entries = b"".join(
        struct.pack(order + "HHI", tag, type, 1) + struct.pack(order + ("H2x" if type == 3 else "I"), value)
        for tag, type, value in tags
    )
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(body))
    return head + body + struct.pack(order + "H", len(tags)) + entries + bytes(4)


def seen(data: bytes, mode: Any = "RGB") -> Any:
    with quiet_decoding():
        return np.asarray(open_photo(data, 24, mode)).astype(int)


def check(data: bytes, twin: bytes, within: float = 1) -> None:
    for mode in ("L", "RGB"):
        assert np.abs(seen(data, mode) - seen(twin, mode)).max() <= within


GREY = encoded(Image.fromarray(RAMP))


@pytest.mark.parametrize(
    "data",
    [
        png(RAMP.astype(int) * 257, 16, 0),
        encoded(Image.fromarray(RAMP.astype(np.uint16) * 257), "TIFF"),
        tiff(RAMP.astype(int) * 257, 16),
        tiff(RAMP.astype(int) * 257, 16, order=">"),
        tiff(65_535 - RAMP.astype(int) * 257, 16, photometric=0),
        tiff(RAMP.astype(int) * 4095 // 255, 12),
        tiff(RAMP.astype(int) * 16_843_009, 32),
        tiff(RAMP.astype(int) * 8_421_504, 32, form=2),
        tiff(RAMP.astype(int) * 8_421_504, 32, form=2, order=">"),
        tiff(RAMP, 32),
        tiff(RAMP.astype(int) * 257, 32, form=2),
        tiff(RAMP.astype(int) * 32_767 // 255, 16, form=2),
        tiff(RAMP / 255, 32, form=3),
        tiff(RAMP / 255, 32, form=3, order=">"),
        tiff(RAMP, 32, form=3),
        tiff(RAMP.astype(int) * 257, 32, form=3),
        tiff(1 - RAMP / 255, 32, form=3, photometric=0),
        encoded(Image.fromarray(RAMP).convert("I"), "TIFF"),
        encoded(Image.fromarray(RAMP).convert("F"), "TIFF"),
        encoded(Image.fromarray(RAMP), "TIFF"),
        tiff(RAMP, 8),
        tiff(255 - RAMP.astype(int), 8, photometric=0),
    ],
)
def test_grey_of_every_depth_is_seen_as_in_8_bits(data: bytes) -> None:
    check(data, GREY)


@pytest.mark.parametrize("depth", [1, 2, 4, 16])
def test_a_grey_png_is_seen_as_in_8_bits(depth: int) -> None:
    few = np.round(RAMP / 255 * (2**depth - 1)).astype(int)
    check(png(few, depth, 0), png(np.round(few * 255 / (2**depth - 1)).astype(int), 8, 0))


@pytest.mark.parametrize("depth", [1, 2, 4, 16])
@pytest.mark.parametrize("part", [0.0, 1.0])
def test_one_transparent_grey_is_white_at_every_depth(depth: int, part: float) -> None:
    """Black is made transparent, and white; what is neither stays."""
    most = 2**depth - 1
    few = np.round(RAMP / 255 * most).astype(int)
    few[HOLE] = round(part * most)
    data = png(few, depth, 0, clear(round(part * most)))
    check(data, png(np.round(few * 255 / most).astype(int), 8, 0, clear(round(part * 255))))
    assert seen(data, "L")[8:16, 8:16].min() == 255


def test_one_transparent_grey_between_black_and_white() -> None:
    for depth, scale in ((4, 1 / 17), (16, 257)):
        few = np.full(RAMP.shape, round(51 * scale))
        few[HOLE] = round(204 * scale)
        data = png(few, depth, 0, clear(round(51 * scale)))
        check(data, png(np.where(HOLE, 204, 51), 8, 0, clear(51)))
        assert seen(data, "L")[0, 0] == 255


def test_only_the_very_grey_that_is_named_is_transparent() -> None:
    assert seen(png(np.full((9, 9), 0x1234), 16, 0, clear(0x1235)), "L").max() == 0x12


@pytest.mark.parametrize("hidden", [(0, 0, 0), (40, 80, 120)])
def test_one_transparent_colour_is_white_in_16_bits_too(hidden: tuple[int, ...]) -> None:
    colours = COLOURS.astype(int)
    colours[HOLE] = hidden
    data = png(colours * 257, 16, 2, clear(*(257 * value for value in hidden)))
    check(data, png(colours, 8, 2, clear(*hidden)))
    assert seen(data)[8:16, 8:16].min() == 255


@pytest.mark.parametrize(
    ("channels", "colour"), [((RAMP,), 4), ((RAMP, RAMP[::-1], RAMP // 2), 6)], ids=["grey and alpha", "RGBA"]
)
def test_alpha_of_16_bits_is_seen_as_of_8(channels: tuple[Grey, ...], colour: int) -> None:
    alpha = np.where(HOLE, 0, np.linspace(255, 100, RAMP.size).reshape(RAMP.shape)).astype(int)
    values = np.stack([*channels, alpha], 2).astype(int)
    check(png(values * 257, 16, colour), png(values, 8, colour))
    assert seen(png(values * 257, 16, colour))[8:16, 8:16].min() == 255


def test_colour_of_16_bits_is_seen_as_of_8() -> None:
    check(png(COLOURS.astype(int) * 257, 16, 2), encoded(Image.fromarray(COLOURS)))


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_with_alpha_is_seen_as_rgba(depth: int) -> None:
    places = (RAMP.astype(int) * 2**depth) // 256
    palette = np.random.default_rng(1).integers(0, 256, (2**depth, 3), dtype=np.uint8)
    alpha = np.linspace(0, 255, 2**depth).astype(np.uint8)
    data = png(places, depth, 3, chunk(b"PLTE", palette.tobytes()), chunk(b"tRNS", alpha.tobytes()))
    check(data, encoded(Image.fromarray(np.column_stack([palette, alpha])[places])), 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda rgba: encoded(rgba, "WEBP", lossless=True, exact=True),
        lambda rgba: encoded(rgba, "TIFF"),
        lambda rgba: encoded(rgba, "AVIF", quality=100, subsampling="4:4:4"),
        lambda rgba: encoded(rgba.convert("LA"), "PNG"),
        lambda rgba: encoded(rgba.convert("LA"), "TIFF"),
    ],
    ids=["WebP", "TIFF", "AVIF", "grey PNG", "grey TIFF"],
)
def test_what_is_transparent_is_white_in_every_kind(make: Callable[[Image.Image], bytes]) -> None:
    rgba = Image.fromarray(np.dstack([RAMP, RAMP, RAMP, np.where(HOLE, 0, 255).astype(np.uint8)]))
    check(make(rgba), encoded(rgba), 6)


def test_grey_with_alpha_in_webp() -> None:
    layer = Image.fromarray(np.dstack([RAMP, np.where(HOLE, 0, 255).astype(np.uint8)]))
    check(encoded(layer, "WEBP", lossless=True, exact=True), encoded(layer), 2)


@pytest.mark.parametrize("bits", ["CMYK", "YCCK"])
def test_four_inks_show_the_colours(bits: str) -> None:
    """Adobe's programs store them inverted, as CMYK or turned into YCCK, and say so in a segment."""
    data = encoded(Image.fromarray(COLOURS).convert("CMYK"), "JPEG", quality=98, subsampling=0)
    at = data.index(b"Adobe")
    assert data[at + 11] == 0
    if bits == "YCCK":  # the first three inks as a picture in YCbCr; and the flag that says so
        inks = np.asarray(Image.fromarray(COLOURS).convert("CMYK"))
        turned = np.asarray(Image.fromarray(inks[:, :, :3]).convert("YCbCr"))
        stored = Image.merge("CMYK", [*Image.fromarray(255 - turned).split(), Image.fromarray(inks[:, :, 3])])
        data = encoded(stored, "JPEG", quality=98, subsampling=0)
        at = data.index(b"Adobe")
        data = data[: at + 11] + b"\2" + data[at + 12 :]
    check(data, encoded(Image.fromarray(COLOURS)), 12)


def test_four_inks_in_a_tiff() -> None:
    check(encoded(Image.fromarray(COLOURS).convert("CMYK"), "TIFF"), encoded(Image.fromarray(COLOURS)), 2)


def test_single_bits_are_black_and_white() -> None:
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        bits = encoded(Image.fromarray(HOLE), kind)
        check(bits, encoded(Image.fromarray(HOLE.astype(np.uint8) * 255)))


def test_values_that_are_no_numbers_are_black_and_stop_nothing() -> None:
    values = RAMP / 255
    values[HOLE] = np.nan
    values[0, 0] = np.inf
    shown = seen(tiff(values, 32, form=3), "L")
    assert shown[10:14, 10:14].max() == 0
    assert shown[-1, -1] > 240
