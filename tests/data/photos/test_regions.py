"""Faces of a photo as people see it: upright, cut to boxes that count what is seen, and a reason for what is none."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.photos.crop import quiet_decoding
from data.photos.regions import Region, find_regions, open_regions
from data.reasons import Failure, Reason
from data.rows import Box

COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
# What a viewer shows for each EXIF orientation -> how the camera stored it.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(width: int = 240, height: int = 160) -> Image.Image:
    """Red and lime above, blue and white below."""
    picture = Image.new("RGB", (width, height))
    for index, colour in enumerate(COLOURS.values()):
        across, down = index % 2 * width // 2, index // 2 * height // 2
        picture.paste(colour, (across, down, across + width // 2, down + height // 2))
    return picture


def encoded(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def turned(orientation: int, form: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(quarters().transpose(STORED[orientation]), form, exif=exif)


def regions(data: bytes, boxes: Sequence[Box | None], size: int = 16) -> list[Region]:
    opened = open_regions(data, boxes, size, "RGB")
    assert isinstance(opened, list), opened
    assert all(isinstance(region, Region) for region in opened), opened
    return [region for region in opened if isinstance(region, Region)]


def means(region: Region) -> NDArray[np.float64]:
    """The mean colour, away from the border."""
    return np.asarray(region.pixels[:, 3:-3, 3:-3].mean((1, 2)))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_boxes_count_pixels_of_the_photo_as_it_is_seen(orientation: int, form: str) -> None:
    boxes = [Box(0, 0, 120, 80), Box(120, 0, 240, 80), Box(0, 80, 120, 160), Box(120, 80, 240, 160)]
    for region, box, colour in zip(regions(turned(orientation, form), boxes), boxes, COLOURS.values(), strict=True):
        assert region.box == box
        np.testing.assert_allclose(means(region), colour, atol=12)


def test_a_box_is_cut_off_at_the_photos_edge_and_says_so() -> None:
    (region,) = regions(turned(6), [Box(-50, -50, 120, 80)])
    assert region.box == Box(0, 0, 120, 80)
    np.testing.assert_allclose(means(region), COLOURS["red"], atol=12)


def test_a_box_outside_is_a_bad_box_and_the_others_are_cut_all_the_same() -> None:
    opened = open_regions(encoded(quarters()), [Box(500, 0, 600, 90), None], 8, "L")
    assert isinstance(opened, list)
    assert isinstance(opened[0], Failure)
    assert opened[0].reason is Reason.BAD_BOX
    assert isinstance(opened[1], Region)
    assert opened[1].box is None
    assert opened[1].pixels.shape == (1, 8, 8)


def test_scaled_decoding_of_a_large_turned_photo_cuts_the_same_place() -> None:
    big = quarters(2400, 1600).transpose(STORED[6])
    exif = Image.Exif()
    exif[0x0112] = 6
    (region,) = regions(encoded(big, "JPEG", quality=95, exif=exif), [Box(600, 400, 1800, 1200)], 32)
    exact = quarters(2400, 1600).crop((600, 400, 1800, 1200)).resize((32, 32), Image.Resampling.BICUBIC)
    difference = region.pixels.transpose(1, 2, 0).astype(float) - np.asarray(exact, dtype=float)
    assert np.abs(difference).mean() < 3


def test_what_is_found_is_cut_out_of_the_upright_photo() -> None:
    seen: list[tuple[str, tuple[int, int]]] = []

    def find(photo: Image.Image) -> list[Box]:
        seen.append((photo.mode, photo.size))
        return [Box(120, 0, 240, 80), Box(0, 80, 120, 160)]

    found = find_regions(turned(8), find, 16, "RGB")
    assert isinstance(found, list)
    assert seen == [("RGB", (240, 160))]
    np.testing.assert_allclose(means(found[0]), COLOURS["lime"], atol=12)
    np.testing.assert_allclose(means(found[1]), COLOURS["blue"], atol=12)


def test_a_damaged_exif_block_is_no_damaged_photo() -> None:
    data = encoded(quarters(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with quiet_decoding():
        (region,) = regions(data, [Box(0, 0, 120, 80)])
    np.testing.assert_allclose(means(region), COLOURS["red"], atol=12)


NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 90, 3), dtype=np.uint8))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.NOT_AN_IMAGE),
        (b"<html>404</html>", Reason.NOT_AN_IMAGE),
        (encoded(NOISE, "TIFF"), Reason.NOT_AN_IMAGE),
        (encoded(NOISE, "JPEG")[:900], Reason.TRUNCATED),
        (encoded(NOISE, "PNG")[:900], Reason.TRUNCATED),
        (encoded(NOISE, "BMP")[:900], Reason.TRUNCATED),
        (encoded(NOISE, "WEBP")[:900], Reason.TRUNCATED),
        (encoded(Image.new("1", (9000, 9000))), Reason.BOMB),
    ],
)
def test_what_is_no_photo_has_a_reason(data: bytes, reason: Reason) -> None:
    for opened in (
        open_regions(data, [None, Box(1, 1, 9, 9)], 8, "L"),
        find_regions(data, lambda photo: [Box(0, 0, 5, 5)], 8, "L"),
    ):
        assert isinstance(opened, Failure)
        assert opened.reason is reason
        assert "\n" not in opened.detail
