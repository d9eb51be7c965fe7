"""A photo is upright by its EXIF orientation, once, in every kind of file; a list's box counts its stored pixels."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from data.photos import crop, find_regions, open_photo, open_regions
from data.photos.cutting import crop_image
from data.photos.placed import Placed
from data.rows import Box
from data.settings import DownloadSettings

# An orientation -> how an upright picture is laid down so that it says how to put it up again.
LAID = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
KINDS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC")
SMALL = DownloadSettings(size=32)


def scene() -> Image.Image:
    """96 x 64 pixels: no turn and no mirror image of it is like another."""
    image = Image.new("RGB", (96, 64), "white")
    image.paste("red", (0, 0, 48, 32))
    image.paste("blue", (48, 0, 96, 32))
    image.paste("lime", (0, 32, 48, 64))
    image.paste("black", (56, 40, 88, 56))
    return image


def laid(orientation: int, kind: str = "JPEG", **options: Any) -> bytes:
    """The scene stored so that `orientation` puts it up."""
    if kind == "HEIC":
        pytest.importorskip("pillow_heif", reason="pillow-heif is not installed: pip install -e '.[heic]'")
        import pillow_heif

        pillow_heif.register_heif_opener()
    turn = LAID[orientation]
    image = scene() if turn is None else scene().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    how: dict[str, Any] = {"WEBP": {"lossless": True}, "PNG": {}, "TIFF": {}}.get(kind, {"quality": 95})
    if kind in ("JPEG", "AVIF"):
        how["subsampling"] = 0 if kind == "JPEG" else "4:4:4"
    file = io.BytesIO()
    image.copy().save(file, "HEIF" if kind == "HEIC" else kind, **({"exif": exif} | how | options))
    return file.getvalue()


def apart(image: Any, other: Any) -> float:
    return float(np.abs(np.asarray(image).astype(int) - np.asarray(other).astype(int)).mean())


@pytest.mark.parametrize("orientation", LAID)
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_a_box_is_stored_upright_as_predict_sees_it(kind: str, orientation: int) -> None:
    data = laid(orientation, kind)
    stored = crop_image(data, None, SMALL)
    upright = scene().resize((32, 32), Image.Resampling.BICUBIC)
    assert apart(stored, upright) < 8
    assert apart(stored, open_photo(data, 32, "RGB")) < 1


@pytest.mark.parametrize("orientation", LAID)
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_a_box_counts_stored_pixels_and_its_crop_is_turned_upright(kind: str, orientation: int) -> None:
    if kind == "AVIF" and orientation != 1:
        pytest.skip("Pillow writes the orientation as a turn")
    black = {1: (56, 40), 2: (8, 40), 3: (8, 8), 4: (56, 8), 5: (40, 56), 6: (40, 8), 7: (8, 8), 8: (8, 56)}
    x, y = black[orientation]
    box = Box(x, y, x + (16 if orientation > 4 else 32), y + (32 if orientation > 4 else 16))
    shown = crop_image(laid(orientation, kind), box, SMALL)
    assert isinstance(shown, Image.Image)
    assert np.asarray(shown).max() < 60
    half = Box(0, 0, 32, 96) if orientation > 4 else Box(0, 0, 96, 32)
    turn = LAID[orientation]
    lying = scene() if turn is None else scene().transpose(turn)
    part = lying.crop(half).resize((32, 32), Image.Resampling.BICUBIC)
    back = {6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}.get(orientation, turn)
    expected = part if back is None else part.transpose(back)
    assert apart(crop_image(laid(orientation, kind), half, SMALL), expected) < 8


@pytest.mark.parametrize("orientation", LAID)
@pytest.mark.parametrize("kind", KINDS)
def test_a_box_of_an_upright_photo_finds_its_place(kind: str, orientation: int) -> None:
    data, black = laid(orientation, kind), Box(57, 41, 87, 55)
    for found in (
        open_regions(data, [black], 16, "L"),
        find_regions(data, lambda photo, scale: [Placed(black)], 16, "L"),
    ):
        assert isinstance(found, list)
        assert not isinstance(found[0], type(None))
        assert found[0].pixels.max() < 60  # type: ignore[union-attr]


@pytest.mark.parametrize("orientation", LAID)
def test_a_turn_that_heic_keeps_beside_exif_is_made_once(orientation: int) -> None:
    """As phones write it: the file has boxes for the turn, and EXIF says it again."""
    exif, file = Image.Exif(), io.BytesIO()
    laid(1, "HEIC")
    exif[0x0112] = orientation
    turn = LAID[orientation]
    lying = scene() if turn is None else scene().transpose(turn)
    lying.info["exif"] = exif.tobytes()
    lying.save(file, "HEIF", quality=95)
    assert (b"irot" in file.getvalue() or b"imir" in file.getvalue()) == (orientation != 1)
    assert apart(open_photo(file.getvalue(), 32, "RGB"), scene().resize((32, 32))) < 8


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_stored_crop_says_nothing_of_an_orientation(orientation: int) -> None:
    data = crop(laid(orientation), None, SMALL)
    assert isinstance(data, bytes)
    with Image.open(io.BytesIO(data)) as stored:
        assert not stored.getexif()
    assert apart(open_photo(data, 32, "RGB"), Image.open(io.BytesIO(data))) < 1


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_does_not_exist_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        assert apart(crop_image(laid(1, kind, exif=exif), None, SMALL), scene().resize((32, 32))) < 8


def test_an_orientation_in_xmp_counts_where_there_is_no_exif() -> None:
    said = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", said.decode(), zip=True)
    upright = scene().resize((32, 32), Image.Resampling.BICUBIC)
    for data in (
        laid(6, exif=b"", xmp=said),
        laid(6, "WEBP", exif=b"", xmp=said),
        laid(6, "PNG", exif=b"", pnginfo=texts),
    ):
        assert apart(open_photo(data, 32, "RGB"), upright) < 8


def test_the_old_form_of_exif_in_a_png_counts() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    for text in (block.hex(), "\n".join([block.hex()[:72], block.hex()[72:]])):
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Raw profile type exif", f"\nexif\n    {len(block)}\n{text}\n", zip=True)
        upright = scene().resize((32, 32), Image.Resampling.BICUBIC)
        assert apart(open_photo(laid(6, "PNG", exif=b"", pnginfo=texts), 32, "RGB"), upright) < 8


@pytest.mark.parametrize("orientation", LAID)
def test_a_large_photo_is_turned_at_the_scale_that_it_is_decoded_at(orientation: int) -> None:
    turn = LAID[orientation]
    large = scene().resize((960, 640))
    lying = large if turn is None else large.transpose(turn)
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    lying.save(file, "JPEG", exif=exif, quality=95)
    assert apart(crop_image(file.getvalue(), None, SMALL), scene().resize((32, 32))) < 12
