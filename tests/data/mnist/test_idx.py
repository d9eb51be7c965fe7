"""The IDX reader: what is written comes back, and bytes that are no such file are one line that says why."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.mnist.idx import read_idx
from errors import DatasetError

WriteIdx = Callable[[Path, NDArray[np.uint8]], None]
ANY_FILE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
GOOD = struct.pack(">4B3I", 0, 0, 8, 3, 2, 3, 4) + bytes(range(24))  # 2 x 3 x 4


def read(folder: Path, data: bytes, dimensions: int = 3) -> NDArray[np.uint8]:
    (folder / "file").write_bytes(data)
    return read_idx(folder / "file", dimensions)


def complaint(folder: Path, data: bytes, dimensions: int = 3) -> str:
    with pytest.raises(DatasetError) as caught:
        read(folder, data, dimensions)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{folder / 'file'} cannot be used: ")
    assert text.endswith("; replace it")
    return text


@pytest.mark.parametrize("shape", [(1,), (5,), (1, 1, 1), (3, 28, 28), (2, 3, 4, 5)])
def test_what_is_written_comes_back_packed_or_not(tmp_path: Path, shape: tuple[int, ...], write_idx: WriteIdx) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_idx(tmp_path / "plain", array)
    (tmp_path / "packed").write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    for name in ("plain", "packed"):
        read = read_idx(tmp_path / name, len(shape))
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, array)


def test_the_last_dimension_varies_fastest(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD)[1, 2].tolist() == [20, 21, 22, 23]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "00 00 08 03 at first, got an empty file"),
        (GOOD[:3], "got 00 00 08"),
        (b"<!DOCTYPE html>", "got 3c 21 44 4f"),
        (b"\0\0\x0d" + GOOD[3:], "got 00 00 0d 03"),  # floats
        (b"\0\0\x08\x01" + GOOD[4:], "expected 3-dimensional IDX of bytes, 00 00 08 03 at first, got 00 00 08 01"),
        (GOOD[:4], "expected 3 lengths in its header, got a file of 4 bytes"),
        (GOOD[:15], "got a file of 15 bytes"),
        (GOOD[:-1], "expected 24 bytes after its header, which says 2 x 3 x 4, got only 23"),
        (GOOD + b"\0", "expected 24 bytes after its header, which says 2 x 3 x 4, got more"),
        (GOOD[:4] + bytes(12), "which says 0 x 0 x 0"),
        (GOOD[:4] + b"\xff" * 12 + bytes(9), "got only 9"),
        (gzip.compress(GOOD, mtime=0)[:-9], "its gzip packing breaks off"),
        (gzip.compress(GOOD, mtime=0)[:-8] + bytes(8), "its gzip packing is damaged"),
        (b"\x1f\x8b" + GOOD, "its gzip packing is damaged"),
        (gzip.compress(GOOD + bytes(5_000_000), mtime=0), "got more"),
    ],
)
def test_what_is_no_such_file_is_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    assert says in complaint(tmp_path, data)


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="No such file or directory; replace it"):
        read_idx(tmp_path / "missing", 3)
    with pytest.raises(DatasetError, match="Is a directory; replace it"):
        read_idx(tmp_path, 3)


def headers() -> st.SearchStrategy[bytes]:
    lengths = st.lists(st.integers(0, 4) | st.integers(0, 2**32 - 1), min_size=1, max_size=3)
    return lengths.map(lambda sizes: struct.pack(f">4B{len(sizes)}I", 0, 0, 8, len(sizes), *sizes))


@given(head=headers() | st.binary(max_size=20), tail=st.binary(max_size=9), packed=st.booleans(), cut=st.integers(0, 9))
@example(head=struct.pack(">4B2I", 0, 0, 8, 2, 2, 3), tail=b"abcdef", packed=True, cut=0)
@example(head=struct.pack(">4B2I", 0, 0, 8, 2, 2, 3), tail=b"abcdef", packed=True, cut=1)
@ANY_FILE
def test_any_bytes_are_read_whole_or_refused(tmp_path: Path, head: bytes, tail: bytes, packed: bool, cut: int) -> None:
    content = head + tail if packed else (head + tail)[: max(len(head + tail) - cut, 0)]
    data = gzip.compress(content)[: -cut or None] if packed else content
    lengths = struct.unpack(">2I", content[4:12]) if len(content) > 12 else (0, 0)
    good = content[:4] == b"\0\0\x08\x02" and lengths[0] * lengths[1] == len(content) - 12 > 0
    if good and not (packed and cut):
        array = read(tmp_path, data, 2)
        assert (array.shape, array.tobytes()) == (lengths, content[12:])
    else:
        complaint(tmp_path, data, 2)


@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple), data=st.data())
@ANY_FILE
def test_any_array_comes_back(tmp_path: Path, write_idx: WriteIdx, shape: tuple[int, ...], data: st.DataObject) -> None:
    size = int(np.prod(shape))
    array = np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), np.uint8).reshape(shape)
    write_idx(tmp_path / "any", array)
    np.testing.assert_array_equal(read_idx(tmp_path / "any", len(shape)), array)
