"""What kind of file some bytes are, and that a photo is opened by what it is, never by its name."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from data.photos import can_decode, crop, kind_of, kinds, load_images, open_regions, read_photo
from data.photos.kinds import FORMATS, HEAD
from data.reasons import Failure, Reason
from data.settings import DownloadSettings
from errors import DatasetError

SMALL = DownloadSettings(size=16)


def encoded(kind: str, image: Image.Image, **options: object) -> bytes:
    """A file of one of the kinds; skips where nothing here can write it."""
    if kind == "HEIC":
        pytest.importorskip("pillow_heif", reason="pillow-heif is not installed: pip install -e '.[heic]'")
        import pillow_heif

        pillow_heif.register_heif_opener()
    elif kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    file = io.BytesIO()
    image.copy().save(file, "HEIF" if kind == "HEIC" else kind, **options)
    return file.getvalue()


def tiff(order: str, *tags: tuple[int, int, int]) -> bytes:
    """The head of a TIFF: tags as (tag, type, value)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
    for tag, type, value in tags:
        head += struct.pack(order + "HHI", tag, type, 1) + struct.pack(order + ("H2x" if type == 3 else "I"), value)
    return head


@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_is_known_by_its_content(kind: str, tmp_path: Path) -> None:
    data = encoded(kind, Image.new("RGB", (40, 30), (200, 30, 30)))
    assert kind_of(data[: kinds.HEAD]) == kind
    assert can_decode(kind)
    misnamed = tmp_path / "photo.txt"
    misnamed.write_bytes(data)
    assert np.abs(load_images([misnamed], 8, "RGB").mean((0, 2, 3)) - (200, 30, 30)).max() < 6
    assert isinstance(crop(data, None, SMALL), bytes)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\x0a\xfa\x1f", "JXL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftyp", "JXL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "AVIF"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0avifmiaf", "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isom", "MP4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "MP4"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx ", "RAW"),
        (b"II*\0\x10\0\0\0CR\2\0", "RAW"),
        (b"IIU\0\x18\0\0\0", "RAW"),
        (b"FUJIFILMCCD-RAW 0201", "RAW"),
        (tiff("<", (0xFE, 4, 1), (0x10F, 2, 5), (0x14A, 4, 99)), "RAW"),
        (tiff(">", (0xFE, 4, 1), (0x14A, 4, 99)), "RAW"),
        (tiff("<", (0xFE, 4, 0), (0xC612, 1, 1)), "RAW"),
        (tiff("<", (0x100, 3, 9), (0x101, 3, 9)), "TIFF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WEBP"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"RIFF\0\0\0\0XXXX", None),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html><p>", "HTML"),
        (b"\xef\xbb\xbf\r\n<html>", "HTML"),
        (b'<?xml version="1.0"?><svg xmlns=', "SVG"),
        (b"BM a text that begins so", "text"),
        (b"404 page not found\n", "text"),
        (b"8BPS\0\1", "PSD"),
        (b"PK\3\4\x14\0", "ZIP"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X", "AppleDouble"),
        (b"\0\0\0\1Bud1\0", "DS_Store"),
        (bytes(64), None),
        (b"", None),
    ],
)
def test_what_is_no_photo_has_a_kind_too(head: bytes, kind: str | None) -> None:
    assert kind_of(head) == kind
    assert can_decode(kind) == (kind in FORMATS)
    failure = open_regions(head, [None], 8, "L")
    assert isinstance(failure, Failure)
    if kind not in FORMATS:
        assert failure.reason is Reason.NOT_AN_IMAGE
        assert (str(kind) if kind else "empty file" if not head else "no kind") in failure.detail


def test_a_decoder_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    heic, avif = b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf"
    monkeypatch.setattr(kinds, "_heif", lambda: None)
    monkeypatch.setattr(features, "get_supported_modules", lambda: ["pil"])
    for data, words in ((heic, "pip install -e '.[heic]'"), (avif, "no decoder for AVIF")):
        failure = crop(data, None, SMALL)
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.NOT_AN_IMAGE
        assert words in failure.detail
        assert not can_decode(kind_of(data))


def test_the_extra_is_imported_when_it_is_needed_and_registers_nothing() -> None:
    code = (
        "import sys; from PIL import Image;"
        "from data.photos import crop; from data.settings import DownloadSettings as S;"
        "crop(b'\\xff\\xd8\\xff', None, S()); assert 'pillow_heif' not in sys.modules;"
        "crop(b'\\0\\0\\0\\x1cftypheic', None, S()); assert 'HEIF' not in Image.OPEN;"
        "assert Image.MAX_IMAGE_PIXELS == int(1024 * 1024 * 1024 // 4 // 3)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_cannot_be_read_is_a_reason_and_no_exception(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert read_photo(tmp_path / "empty") == b""
    for path, words in (
        (tmp_path, "a folder"),
        (tmp_path / "gone.jpg", "No such file"),
        (Path("/dev/null"), "device"),
        (tmp_path / "a\0b", "null"),
    ):
        failure = read_photo(path)
        assert isinstance(failure, Failure)
        assert words in failure.detail
        with pytest.raises(DatasetError, match=words):
            load_images([path], 8, "L")
    with pytest.raises(DatasetError, match="an empty file"):
        load_images([tmp_path / "empty"], 8, "L")


@pytest.mark.parametrize("letter", ["a", "é", "張", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_a_text_is_one_wherever_its_head_is_cut(letter: str, shift: int) -> None:
    text = ("-" * shift + letter * HEAD).encode()
    assert kind_of(text[:HEAD]) == "text"
    assert kind_of(text[: HEAD - 8] + b"\xff" * 4 + text[:4]) is None, "a byte near its end that is no text"


@pytest.mark.parametrize(("before", "kind"), [(0, "PDF"), (1019, "PDF"), (1020, None)])
def test_a_pdf_begins_within_its_first_1024_bytes(before: int, kind: str | None) -> None:
    assert kind_of(b"\xff\x00" * (before // 2) + b"\x00" * (before % 2) + b"%PDF-1.4" + bytes(9)) == kind
