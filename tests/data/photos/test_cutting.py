"""Parts of a photo: which pixels a box means, stored or upright, and what scaled decoding may cost."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.photos import cutting, open_photo, quiet_decoding
from data.photos.cutting import Region, crop, crop_image, find_regions, open_regions
from data.photos.landmarks import Landmarks
from data.photos.placed import WHOLE, Placed, placed_in
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
    failure = crop(photo(width=64, height=48), Box(64, 0, 99, 48), SMALL)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BAD_BOX


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
    cut, around = cutting.cut, cutting.crop_around

    def noted(photo: Image.Image, *how: Any) -> Image.Image:
        decoded.append(photo.size)
        return cut(photo, *how)

    def noted_around(photo: Image.Image, *how: Any) -> tuple[Image.Image, Placed]:
        decoded.append(photo.size)
        return around(photo, *how)

    monkeypatch.setattr(cutting, "cut", noted)
    monkeypatch.setattr(cutting, "crop_around", noted_around)
    crop(photo(0, 1280, 960), None, SMALL)
    crop(photo(0, 1280, 960), Box(0, 0, 100, 100), SMALL)
    crop(photo(0, 1280, 960), None, DownloadSettings(size=32, filter="nearest"))
    crop(photo(0, 1280, 960), Box(0, 0, 960, 960), SMALL)
    crop(photo(0, 1280, 960), Box(0, 0, 960, 960), DownloadSettings(size=32, filter="nearest"))
    assert decoded == [(160, 120), (1280, 960), (1280, 960), (160, 120), (1280, 960)]


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


# Upright photos -------------------------------------------------------------------------------------------------------

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


def turned(orientation: int, form: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return as_file(quarters().transpose(STORED[orientation]), form, exif=exif)


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
    opened = open_regions(as_file(quarters()), [Box(500, 0, 600, 90), None], 8, "L")
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
    (region,) = regions(as_file(big, "JPEG", quality=95, exif=exif), [Box(600, 400, 1800, 1200)], 32)
    exact = quarters(2400, 1600).crop((600, 400, 1800, 1200)).resize((32, 32), Image.Resampling.BICUBIC)
    difference = region.pixels.transpose(1, 2, 0).astype(float) - np.asarray(exact, dtype=float)
    assert np.abs(difference).mean() < 3


def test_what_is_found_is_cut_out_of_the_upright_photo() -> None:
    seen: list[tuple[str, tuple[int, int]]] = []

    def find(photo: Image.Image, scale: int) -> list[Placed]:
        seen.append((photo.mode, photo.size))
        return [Placed(Box(120, 0, 240, 80)), Placed(Box(0, 80, 120, 160))]

    found = find_regions(turned(8), find, 16, "RGB")
    assert isinstance(found, list)
    assert seen == [("RGB", (240, 160))]
    np.testing.assert_allclose(means(found[0]), COLOURS["lime"], atol=12)
    np.testing.assert_allclose(means(found[1]), COLOURS["blue"], atol=12)


def test_a_damaged_exif_block_is_no_damaged_photo() -> None:
    data = as_file(quarters(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with quiet_decoding():
        (region,) = regions(data, [Box(0, 0, 120, 80)])
    np.testing.assert_allclose(means(region), COLOURS["red"], atol=12)


def test_a_crop_says_where_in_it_the_box_lies_and_shows_what_is_around_it() -> None:
    seen: list[tuple[tuple[int, int], Box]] = []

    def find(photo: Image.Image, box: Box, scale: int) -> Landmarks:
        seen.append((photo.size, box))
        return Landmarks((70, 50), (90, 50), (80, 60), (72, 70), (88, 70))

    data = as_file(quarters(240, 160), "PNG")
    file = crop(data, Box(60, 40, 100, 80), DownloadSettings(size=80, around=0.5), find)
    assert isinstance(file, bytes)
    assert seen == [((240, 160), Box(60, 40, 100, 80))]
    with Image.open(io.BytesIO(file)) as picture:
        assert picture.size == (160, 160)
    face = placed_in(file)
    assert face.box == Box(40, 40, 120, 120)
    assert face.points == Landmarks((60.0, 60.0), (100.0, 60.0), (80.0, 80.0), (64.0, 100.0), (96.0, 100.0))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("box", [Box(0, 0, 120, 80), Box(150, 100, 240, 160), Box(100, 70, 150, 100)])
def test_the_box_in_a_crop_is_what_would_be_cut_out_of_the_photo(orientation: int, box: Box) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = as_file(quarters(240, 160), "JPEG", quality=95, exif=exif)
    settings = DownloadSettings(size=32)
    file, expected = crop(data, box, settings), crop_image(data, box, settings)
    assert isinstance(file, bytes)
    assert isinstance(expected, Image.Image)
    assert np.abs(pixels(open_photo(file, 32, "RGB")) - pixels(expected)).mean() < 8


def test_a_crop_without_a_box_or_with_nothing_around_it_is_the_box_alone() -> None:
    data = as_file(quarters(240, 160), "PNG")
    for box, settings in ((None, DownloadSettings(size=32)), (Box(0, 0, 40, 20), DownloadSettings(size=32, around=0))):
        file = crop(data, box, settings)
        assert isinstance(file, bytes)
        with Image.open(io.BytesIO(file)) as picture:
            assert picture.size == (32, 32)
        assert placed_in(file) == WHOLE


def test_a_box_outside_of_the_photo_has_no_crop() -> None:
    assert crop(as_file(quarters(), "PNG"), Box(9_000, 0, 9_100, 50), DownloadSettings()) == Failure(
        Reason.BAD_BOX, "box 9000,0,9100,50 in a photo of 240 x 160"
    )


def test_an_aligned_face_of_a_wide_crop_and_of_its_photo_are_the_same() -> None:
    x, y = np.meshgrid(np.arange(300), np.arange(300))
    smooth = (127 + 60 * np.sin(x / 40) + 60 * np.cos(y / 30)).astype(np.uint8)
    data = as_file(Image.fromarray(smooth).convert("RGB"), "PNG")
    points = Landmarks((130, 130), (170, 135), (150, 150), (130, 170), (168, 172))
    face = Placed(Box(100, 100, 200, 200), points)
    file = crop(data, face.box, DownloadSettings(size=100), lambda *photo: points)
    assert isinstance(file, bytes)
    with_margin = [open_photo(file, 64, "RGB", margin=0.2), open_photo(data, 64, "RGB", face=face, margin=0.2)]
    assert np.abs(pixels(with_margin[0]) - pixels(with_margin[1])).mean() < 1
    assert np.abs(pixels(with_margin[0]) - pixels(open_photo(file, 64, "RGB"))).mean() > 2.5
