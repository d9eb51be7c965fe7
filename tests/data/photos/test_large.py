"""Photos of very many pixels: a JPEG is decoded at the scale that is needed, and memory is bounded for all others."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.photos import crop, find_regions, open_photo, open_regions
from data.photos.cutting import Region
from data.photos.placed import Placed
from data.reasons import Failure, Reason
from data.rows import Box
from data.settings import DownloadSettings

MEASURED = """
import re, sys
from pathlib import Path
from data.photos import load_photo
picture = load_photo(Path(sys.argv[1]), int(sys.argv[2]), "RGB")
assert picture.getextrema() == ((128, 128),) * 3
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def jpeg(width: int, height: int) -> bytes:
    """A baseline JPEG in even grey; every block of 8 x 8 pixels is coded by the same 14 bits, so that none is drawn."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (128, 128, 128)).save(file, "JPEG", subsampling=0)
    data = file.getvalue()
    size = data.index(b"\xff\xc0") + 5
    scan = data.index(b"\xff\xda")
    scan += 2 + struct.unpack_from(">H", data, scan + 2)[0]
    block = "00" + "1010" + "00" * 4  # no change of the mean, no waves: of Y, Cb and Cr
    four = int(block * 4, 2).to_bytes(7, "big")
    blocks = -(-width // 8) * -(-height // 8)
    head = data[:size] + struct.pack(">HH", height, width) + data[size + 4 : scan]
    return head + four * (blocks // 4 + 1) + b"\xff\xd9"


def png(width: int, height: int) -> bytes:
    """A PNG in single bits whose pixels are not there."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def several_scans(data: bytes) -> bytes:
    """The same JPEG, said to be progressive."""
    return data.replace(b"\xff\xc0", b"\xff\xc2", 1)


def refused(data: bytes, max_pixels: int | None = None) -> str:
    failure = open_regions(data, [None], 8, "L", max_pixels=max_pixels)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BOMB
    return failure.detail


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in another way there")
@pytest.mark.parametrize("side", [32, 227])
@pytest.mark.parametrize(("width", "height"), [(12_000, 9_000), (15_800, 15_800)])
def test_a_phones_photo_takes_less_than_300_mb(tmp_path: Path, width: int, height: int, side: int) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(jpeg(width, height))
    command = [sys.executable, "-W", "error", "-c", MEASURED, str(photo), str(side)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) * 1024 < 300e6
    assert not done.stderr


def test_a_small_face_in_a_large_photo_is_cut_from_a_smaller_one() -> None:
    data = jpeg(12_000, 9_000)
    regions = open_regions(data, [Box(5, 5, 45, 45)], 32, "RGB")
    assert isinstance(regions, list)
    assert isinstance(regions[0], Region)
    assert np.unique(regions[0].pixels).tolist() == [128]
    seen = []

    def find(photo: Image.Image, scale: int) -> list[Placed]:
        seen.append((*photo.size, scale))
        return [Placed(Box(10, 20, 30, 40))]

    found = find_regions(data, find, 16, "L")
    assert isinstance(found, list)
    assert seen == [(6_000, 4_500, 2)]
    assert found[0].box == Box(20, 40, 60, 80)  # in pixels of the whole photo


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        (jpeg(15_820, 15_820), ("250272400", "250000000")),
        (jpeg(60_000, 60_000)[:5_000] + b"\xff\xd9", ("3600000000", "250000000")),
        (several_scans(jpeg(8_008, 8_008)), ("64128064", "64000000", "decoded whole")),
        (png(8_001, 8_001), ("64016001", "64000000", "decoded whole")),
        (png(60_000, 60_000), ("3600000000", "64000000")),
    ],
)
def test_a_photo_that_is_too_large_is_told_with_the_numbers_and_the_flag(data: bytes, numbers: tuple[str, ...]) -> None:
    detail = refused(data)
    for words in (*numbers, "--max-pixels"):
        assert words in detail


def test_the_size_comes_before_any_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    Image.new("F", (101, 100)).save(file, "TIFF")
    monkeypatch.setattr(Image.Image, "load", None)
    assert "more than 10000" in refused(file.getvalue(), 10_000)


def test_the_limit_that_is_set_counts_for_all_kinds() -> None:
    assert "10100 pixels, more than 10000" in refused(jpeg(101, 100), 10_000)
    assert "10100 pixels, more than 10000" in refused(png(101, 100), 10_000)
    assert isinstance(crop(jpeg(15_820, 15_820), None, DownloadSettings(size=8, max_pixels=260_000_000)), bytes)
    cut_short = open_regions(png(8_001, 8_001), [None], 8, "L", max_pixels=100_000_000)
    assert isinstance(cut_short, Failure)
    assert cut_short.reason is Reason.TRUNCATED  # its size is none of its faults now


def test_pillows_own_limit_neither_counts_nor_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    picture = Image.new("RGB", (200, 150), (9, 99, 199))
    for kind in ("JPEG", "PNG", "BMP"):
        file = io.BytesIO()
        picture.save(file, kind)
        assert np.asarray(open_photo(file.getvalue(), 8, "RGB"))[4, 4].tolist() == pytest.approx([9, 99, 199], abs=3)
        regions = open_regions(file.getvalue(), [Box(0, 0, 100, 100)], 8, "RGB")
        assert isinstance(regions, list)
        assert isinstance(regions[0], Region)
    assert Image.MAX_IMAGE_PIXELS == 1_000
