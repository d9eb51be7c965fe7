"""From a photo's bytes to a crop: which pixels, in which mode, and what hostile bytes come to."""

import io
import resource
import struct
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.photos.crop import crop, crop_image, quiet_decoding
from data.photos.decoding import flat
from data.reasons import Failure, Reason
from data.rows import Box
from data.settings import FILTERS, DownloadSettings

Pixels = np.ndarray[Any, np.dtype[np.float64]]
Draw = Callable[..., bytes]
SMALL = DownloadSettings(size=32)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.float64)


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


@pytest.mark.parametrize("gray", [False, True])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_a_crop_is_a_jpeg_of_the_size_and_mode_asked_for(photo: Draw, format: str, gray: bool) -> None:
    image = opened(crop(photo(format=format), None, DownloadSettings(size=40, gray=gray)))
    assert (image.format, image.size, image.mode) == ("JPEG", (40, 40), "L" if gray else "RGB")


def test_a_crop_keeps_full_colour_resolution_and_nothing_of_the_file(photo: Draw) -> None:
    told = as_file(
        Image.open(io.BytesIO(photo())), "JPEG", comment=b"secret", exif=b"Exif\0\0secret", icc_profile=b"secret"
    )
    data = crop(told, None, SMALL)
    assert isinstance(data, bytes)
    assert b"secret" not in data
    assert all(layer[1:3] == (1, 1) for layer in opened(data).layer)  # type: ignore[attr-defined]


def test_a_crop_shows_what_lies_in_its_box() -> None:
    image = Image.new("RGB", (90, 60), "black")
    image.paste("red", (30, 20, 60, 40))
    crops = crop_image(as_file(image), Box(30, 20, 60, 40), SMALL)
    assert isinstance(crops, Image.Image)
    assert crops.getextrema() == ((255, 255), (0, 0), (0, 0))


@pytest.mark.parametrize("filter", FILTERS)
def test_a_crop_is_pillows_own_crop_and_resize(picture: Callable[..., Image.Image], filter: Any) -> None:
    image, box = picture(3, 100, 80), (-10, 5, 61, 99)
    expected = image.crop((0, 5, 61, 80)).resize((32, 32), Image.Resampling[filter.upper()])
    found = crop_image(as_file(image), Box(*box), DownloadSettings(size=32, filter=filter))
    assert isinstance(found, Image.Image)
    assert np.array_equal(pixels(found), pixels(expected))


def test_a_box_outside_of_the_photo_leaves_nothing(photo: Draw) -> None:
    assert failed(photo(width=64, height=48), Box(64, 0, 99, 48)) is Reason.BAD_BOX


def test_orientation_is_left_as_the_box_counts_it(picture: Callable[..., Image.Image]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to show
    turned, plain = (as_file(picture(), "JPEG", exif=part) for part in (exif, Image.Exif()))
    assert crop(turned, Box(0, 0, 20, 10), SMALL) == crop(plain, Box(0, 0, 20, 10), SMALL)


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


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_colour_marked_as_transparent_is_shown_white(mode: str) -> None:
    image = Image.new(mode, (40, 40), 0)
    transparent: Any = (0, 0, 0) if mode == "RGB" else 0
    found = crop_image(as_file(image, transparency=transparent), None, SMALL)
    assert isinstance(found, Image.Image)
    assert found.getextrema() == ((255, 255),) * 3


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64)
    found = crop_image(as_file(Image.fromarray(ramp.astype(np.uint16))), None, DownloadSettings(size=64, gray=True))
    assert isinstance(found, Image.Image)
    assert np.abs(pixels(found) - ramp / 257).max() <= 1


def test_adobes_inverted_cmyk_shows_the_right_colours(picture: Callable[..., Image.Image]) -> None:
    image = picture(5)
    data = as_file(image.convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    found, expected = crop_image(data, None, SMALL), image.resize((32, 32), Image.Resampling.BICUBIC)
    assert isinstance(found, Image.Image)
    assert np.abs(pixels(found) - pixels(expected)).mean() < 4


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_picture_is_taken(format: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "lime")]
    data = as_file(frames[0], format, save_all=True, append_images=frames[1:], duration=50)
    found = crop_image(data, None, SMALL)
    assert isinstance(found, Image.Image)
    assert np.abs(pixels(found).mean((0, 1)) - (255, 0, 0)).max() < 8


def test_of_several_pictures_in_one_jpeg_the_first_is_taken(picture: Callable[..., Image.Image]) -> None:
    data = as_file(picture(1), "MPO", save_all=True, append_images=[picture(2)])
    assert crop(data, None, SMALL) == crop(as_file(picture(1), "JPEG"), None, SMALL)


# Scaled decoding against decoding every pixel: what it may cost -------------------------------------------------------


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize(
    ("gray", "box"), [(False, (37, 11, 1203, 907)), (True, (37, 11, 1203, 907)), (False, (5, 3, 801, 800))]
)
def test_scaled_decoding_stays_within_two_levels_on_average(photo: Draw, filter: Any, gray: bool, box: Any) -> None:
    noisy = np.asarray(Image.open(io.BytesIO(photo(7, 1280, 960)))).astype(int)
    noisy = noisy + np.random.default_rng(0).normal(0, 12, noisy.shape)
    data = as_file(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)), "JPEG", quality=90)
    sought = DownloadSettings(size=60, gray=gray, filter=filter)
    fast, slow = (crop_image(data, Box(*box), sought, scaled=scaled) for scaled in (True, False))
    assert isinstance(fast, Image.Image)
    assert isinstance(slow, Image.Image)
    apart = np.abs(pixels(fast) - pixels(slow))
    assert apart.mean() <= 2
    assert np.percentile(apart, 99) <= 8
    assert abs((pixels(fast) - pixels(slow)).mean()) <= 0.5


def test_a_large_photo_is_decoded_scaled(photo: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    load = Image.Image.crop

    def noted(self: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
        decoded.append(self.size)
        return load(self, box)

    monkeypatch.setattr(Image.Image, "crop", noted)
    crop(photo(0, 1280, 960), None, SMALL)
    crop(photo(0, 1280, 960), Box(0, 0, 100, 100), SMALL)
    crop(photo(0, 1280, 960), None, DownloadSettings(size=32, filter="nearest"))
    assert decoded == [(160, 120), (1280, 960), (1280, 960)]


# Hostile bytes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"<html><body>Gone</body></html>", b"BM" + bytes(100), b"%PDF-1.4", b"<svg/>", b"MM\0*" + bytes(60)],
)
def test_what_is_none_of_the_four_formats_is_no_image(data: bytes) -> None:
    assert failed(data) is Reason.NOT_AN_IMAGE


def test_a_tiff_is_no_image(picture: Callable[..., Image.Image]) -> None:
    assert failed(as_file(picture(), "TIFF")) is Reason.NOT_AN_IMAGE


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
        assert opened(result).size == (32, 32)


def test_scaled_decoding_of_real_photos(shared: Path) -> None:
    """The tolerance that the drawn photos keep holds on the largest real ones."""
    responses = sorted((shared / "facescrub" / "responses").iterdir(), key=lambda path: -path.stat().st_size)
    apart = []
    for path in responses[:12]:
        fast, slow = (crop_image(path.read_bytes(), None, DownloadSettings(size=64), scaled=s) for s in (True, False))
        if isinstance(fast, Image.Image) and isinstance(slow, Image.Image):
            apart.append(np.abs(pixels(fast) - pixels(slow)).mean())
    assert len(apart) > 5
    assert max(apart) <= 2
