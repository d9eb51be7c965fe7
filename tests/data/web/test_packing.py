"""A packed body is unpacked as its header says, within the limit; what cannot be undone is named."""

import gzip
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.download import download
from data.journal import Outcome
from data.reasons import Failure, Reason, StillPacked
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Web
from data.web.packing import unpacked

SETTINGS = DownloadSettings(timeout=2.0, deadline=9.0, retries=0, max_bytes=20_000, allow_private=True, size=16)
Site = Any
Pack = Callable[[bytes], bytes]


def raw(data: bytes) -> bytes:
    """Deflate without zlib's header, as many servers understand the name."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def members(data: bytes) -> bytes:
    return b"".join(gzip.compress(data[n : n + 50]) for n in range(0, len(data), 50))


def twice(data: bytes) -> bytes:
    return gzip.compress(gzip.compress(data))


def ask(url: str) -> bytes | Failure:
    with Web(SETTINGS) as web:
        return web(Row(1, "Ann", url, None, None), SETTINGS.deadline)


UNDONE: list[tuple[str, Pack]] = [
    ("gzip", gzip.compress),
    ("GZip ", gzip.compress),
    ("x-gzip", gzip.compress),
    ("gzip", members),
    ("gzip", lambda data: members(data) + bytes(500)),
    ("gzip", lambda data: gzip.compress(data) + b"what is this"),
    ("gzip", lambda data: gzip.compress(b"") + gzip.compress(data) + gzip.compress(b"")),
    ("deflate", zlib.compress),
    ("deflate", raw),
    ("gzip, identity", gzip.compress),
    ("identity, gzip", gzip.compress),
    ("identity", bytes),
    ("", bytes),
    (",", bytes),
    ("gzip,", gzip.compress),
    ("gzip, gzip", twice),
    ("deflate, gzip", lambda data: gzip.compress(raw(data))),
    ("gzip, deflate", lambda data: raw(gzip.compress(data))),
    ("aws-chunked", bytes),
    ("gzip,aws-chunked", gzip.compress),
    ("gzip;q=1", gzip.compress),
]


@pytest.mark.parametrize(("coding", "pack"), UNDONE)
def test_a_body_is_unpacked(site: Site, photo: Callable[..., bytes], coding: str, pack: Pack) -> None:
    answer = ask(site.serve("/", pack(photo()), Content_Encoding=coding))
    assert answer == photo()
    assert not isinstance(answer, StillPacked)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "x-gzip", "gzip, gzip", "br", "zstd"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_one_that_is_not_packed_after_all_is_left_alone(
    site: Site, photo: Callable[..., bytes], coding: str, kind: str
) -> None:
    assert ask(site.serve("/", photo(format=kind), Content_Encoding=coding)) == photo(format=kind)


def test_one_packed_once_and_said_to_be_packed_twice(site: Site) -> None:
    assert ask(site.serve("/", gzip.compress(b"photo"), Content_Encoding="gzip, gzip")) == b"photo"


def test_a_packing_of_the_way_is_undone_too(site: Site) -> None:
    packed = gzip.compress(b"photo")

    def route(request: Any) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
        request.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed))

    site.routes["/"] = route
    assert ask(site.url("/")) == b"photo"


def test_two_header_lines_are_one(site: Site) -> None:
    packed = gzip.compress(raw(b"photo" * 9))
    lines = b"Content-Encoding: deflate\r\nContent-Encoding: gzip\r\n"

    def route(request: Any) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (lines, len(packed), packed))

    site.routes["/"] = route
    assert ask(site.url("/")) == b"photo" * 9


@pytest.mark.parametrize("pack", [lambda data: gzip.compress(data)[:-9], lambda data: members(data)[:-9]])
def test_a_packing_that_breaks_off_may_come_whole_next_time(pack: Pack) -> None:
    answer = unpacked(pack(bytes(range(256)) * 9), "gzip", 20_000)
    assert answer == Failure(Reason.SHORT_BODY, "its packing breaks off", temporary=True)


@pytest.mark.parametrize(("coding", "pack"), [("deflate", raw), ("deflate", zlib.compress)])
def test_so_may_deflate(coding: str, pack: Pack) -> None:
    answer = unpacked(pack(bytes(range(256)) * 9)[:-9], coding, 20_000)
    assert answer == Failure(Reason.SHORT_BODY, "its packing breaks off", temporary=True)


def test_a_damaged_packing_is_no_photo() -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 9))
    packed[-6] ^= 1
    answer = unpacked(bytes(packed), "gzip", 20_000)
    assert answer == Failure(Reason.SHORT_BODY, "its packing is damaged", temporary=True)


BOMBS: list[tuple[str, bytes]] = [
    ("gzip", gzip.compress(bytes(9_000_000))),
    ("gzip", gzip.compress(bytes(1_000)) * 100),
    ("deflate", raw(bytes(9_000_000))),
    ("deflate", zlib.compress(bytes(9_000_000))),
    ("gzip, gzip", gzip.compress(gzip.compress(bytes(9_000_000)))),
    ("deflate, gzip", gzip.compress(raw(bytes(9_000_000)))),
    ("gzip", gzip.compress(b"") * 200_000),
]


@pytest.mark.parametrize(("coding", "bomb"), BOMBS)
def test_the_limit_holds_for_what_comes_out_and_for_the_time_it_takes(coding: str, bomb: bytes) -> None:
    started = time.monotonic()
    answer = unpacked(bomb, coding, 20_000)
    assert isinstance(answer, Failure)
    assert answer.reason is Reason.TOO_LARGE
    assert time.monotonic() - started < 5


def test_exactly_the_limit_is_allowed() -> None:
    assert unpacked(gzip.compress(bytes(20_000)), "gzip", 20_000) == bytes(20_000)
    assert isinstance(unpacked(gzip.compress(bytes(20_001)), "gzip", 20_000), Failure)


@pytest.mark.parametrize(
    ("coding", "named"),
    [("br", "br"), ("zstd", "zstd"), ("compress, gzip", "compress"), ("X-Odd", "x-odd")],
)
@pytest.mark.parametrize("listed", [True, False])
def test_what_cannot_be_undone_is_named_in_the_rows_detail(
    site: Site, tmp_path: Path, coding: str, named: str, listed: bool
) -> None:
    url = site.serve("/", b"\x0b\x02\x80\x00packed", Content_Encoding=coding)
    ended: list[Outcome] = []
    download(
        [Row(1, "Ann", url, None, "0" * 64 if listed else None)], tmp_path, settings=SETTINGS, on_outcome=ended.append
    )
    assert ended[0].reason is (Reason.HASH_MISMATCH if listed else Reason.NOT_AN_IMAGE)
    assert f"Content-Encoding {named} cannot be undone" in ended[0].detail


def test_codings_without_end_are_not_undone(site: Site) -> None:
    answer = unpacked(gzip.compress(b"photo"), "gzip," * 9, 20_000)
    assert isinstance(answer, StillPacked)
    assert answer.coding == "9 codings"
    failure = ask(site.serve("/", b"photo", Content_Encoding="gzip," * 9))  # urllib3 refuses it before
    assert isinstance(failure, Failure)
    assert "content encodings" in failure.detail


def test_an_unknown_coding_before_a_right_photo_is_no_obstacle(
    site: Site, photo: Callable[..., bytes], tmp_path: Path
) -> None:
    url = site.serve("/", photo(), Content_Encoding="br")
    assert download([Row(1, "Ann", url, None, None)], tmp_path, settings=SETTINGS).ok == 1


def test_an_empty_body_is_one_whatever_its_packing(site: Site) -> None:
    assert ask(site.serve("/", b"", Content_Encoding="gzip")) == b""
