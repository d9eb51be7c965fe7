"""Opening photos: shape and range, upright, on white, and errors that name the file."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.photos import load_images, open_photo, read_photo
from data.reasons import Failure
from errors import DatasetError


def encoded(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def test_a_batch_has_one_axis_each_for_photo_channel_row_and_column(tmp_path: Path) -> None:
    paths = []
    for index, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        paths.append(tmp_path / f"{index}.png")
        paths[-1].write_bytes(encoded(Image.new("RGB", (40, 30), colour)))
    images = load_images(paths, 16, "RGB")
    assert images.shape == (3, 3, 16, 16)
    assert images.dtype == np.uint8
    assert (images.mean((2, 3)) == 255 * np.eye(3)).all()
    assert load_images(paths, 8, "L").shape == (3, 1, 8, 8)


def test_no_photo_at_all_is_an_empty_batch() -> None:
    assert load_images([], 8, "L").shape == (0, 1, 8, 8)


def test_a_phones_rotation_is_applied() -> None:
    picture = Image.new("L", (64, 64), 0)
    picture.paste(255, (0, 0, 64, 32))  # bright above
    exif = Image.Exif()
    exif[0x0112] = 3  # taken upside down
    pixels = np.asarray(open_photo(encoded(picture, "JPEG", exif=exif), 16, "L"))
    assert pixels[:6].mean() < 30
    assert pixels[10:].mean() > 225


def test_what_is_transparent_is_white() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert np.asarray(open_photo(encoded(clear), 4, "RGB")).min() == 255


def test_scaled_decoding_of_a_large_photo_stays_close_to_decoding_all_of_it() -> None:
    down, across = np.mgrid[0:1024, 0:1280]
    waves = (127 + 60 * np.sin(across / 40) + 60 * np.cos(down / 55)).astype(np.uint8)
    picture = Image.fromarray(waves)
    fast = np.asarray(open_photo(encoded(picture, "JPEG", quality=95), 32, "L"), dtype=float)
    slow = np.asarray(picture.resize((32, 32), Image.Resampling.BICUBIC), dtype=float)
    assert np.abs(fast - slow).mean() < 1.5


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", encoded(Image.new("L", (99, 99)), "JPEG")[:120]])
def test_what_is_no_image_is_named(tmp_path: Path, data: bytes) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(data)
    with pytest.raises(DatasetError, match=r"photo\.jpg is not an image that can be read") as error:
        load_images([photo], 8, "L")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", ["another photo", "no photo"])
def test_a_photo_that_was_replaced_is_named_and_not_taken_for_the_one_before(tmp_path: Path, content: str) -> None:
    paths = [tmp_path / name for name in ("1.png", "2.png")]
    for shade, path in enumerate(paths):
        Image.new("L", (20, 20), shade).save(path)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert load_images(paths, 8, "L", digests=digests).shape == (2, 1, 8, 8)
    if content == "another photo":
        Image.new("L", (20, 20), 200).save(paths[1])
    else:
        paths[1].write_bytes(b"<html>")
    with pytest.raises(DatasetError, match=r"2\.png was replaced while the photos were being read: run again"):
        load_images(paths, 8, "L", digests=digests)
    assert isinstance(read_photo(paths[1], digests[1]), Failure)
    assert read_photo(paths[0], digests[0]) == paths[0].read_bytes()
