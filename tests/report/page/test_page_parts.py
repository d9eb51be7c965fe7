"""The parts of the page: photos made small, the interval, pictures as addresses, numbers in words."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from report.figures import style
from report.page import photo_jpeg, wilson_interval
from report.page.embedding import css_size, data_uri
from report.page.render import style_sheet
from report.page.wording import about, count, percent

_DESCRIPTION, _ORIENTATION = 0x010E, 0x0112  # EXIF tags


def photo(width: int = 300, height: int = 200) -> Image.Image:
    return Image.fromarray(np.random.default_rng(4).integers(0, 255, (height, width, 3), dtype=np.uint8))


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    photo(width, height).save(buffer, "PNG")
    return buffer.getvalue()


def test_photos_become_small_upright_jpegs_that_tell_nothing_of_their_place() -> None:
    exif = Image.Exif()
    exif[_DESCRIPTION], exif[_ORIENTATION] = "home", 6
    buffer = io.BytesIO()
    photo(300, 200).save(buffer, "JPEG", exif=exif)
    small = photo_jpeg(Image.open(buffer), 60)
    with Image.open(io.BytesIO(small)) as opened:
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (40, 60), {})
    for mode in ("L", "RGBA", "P", "CMYK"):
        assert photo_jpeg(photo().convert(mode), 60).startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),  # Newcombe 1998, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_has_the_published_values(right: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(right, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(n - right, n) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_the_interval_of_nothing_is_everything_and_of_nonsense_an_error() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    for right, n in ((3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="is no share"):
            wilson_interval(right, n)


def test_pictures_are_known_by_their_first_bytes() -> None:
    assert data_uri(photo_jpeg(photo(), 60)).startswith("data:image/jpeg;base64,")
    assert data_uri(png(20, 10)).startswith("data:image/png;base64,")
    assert css_size(png(300, 150)) == (192, 96)
    with pytest.raises(ValueError, match="expected a PNG"):
        css_size(photo_jpeg(photo(), 60))


def test_numbers_are_rounded_but_never_to_none_or_all() -> None:
    assert [percent(share) for share in (0, 0.0001, 0.875, 0.9999, 1)] == ["0%", "<0.1%", "87.5%", ">99.9%", "100%"]
    assert [about(share) for share in (0.001, 0.874, 0.999)] == ["<1%", "87%", ">99%"]
    assert (count(1, "photo"), count(1200, "person", "people")) == ("1 photo", "1,200 people")


def test_the_page_has_the_colours_of_the_figures() -> None:
    colours = dict(re.findall(r"--(\w+): (#\w+);", style_sheet().partition("@media")[0]))
    assert (colours["page"], colours["plate"], colours["ink"], colours["faint"]) == (
        style.PAGE,
        style.PAGE,
        style.INK,
        style.FAINT,
    )
    assert (colours["blue"], colours["orange"], colours["green"]) == (style.TRAIN, style.VALIDATION, style.TEST)
