"""A body is whole and within the limit, or it is none; at the limit, with and without an announced length."""

from collections.abc import Iterator

import pytest
from requests import Response

from data.reasons import Failure, Reason
from data.web.body import read_body


class Raw:
    """What comes over a connection, in pieces; `read` counts those that were asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.read = 0

    def stream(self, size: int, decode_content: bool) -> Iterator[bytes]:
        assert not decode_content
        for piece in self._pieces:
            self.read += 1
            yield piece


def answer(raw: Raw, **headers: str) -> Response:
    response = Response()
    response.raw = raw
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def reason(found: bytes | Failure) -> Reason:
    return found.reason if isinstance(found, Failure) else Reason.OK


@pytest.mark.parametrize(
    "announced", [{}, {"Content_Length": "10"}, {"Content_Length": " 10"}, {"Content_Length": "?"}]
)
def test_a_body_of_exactly_the_limit_is_whole(announced: dict[str, str]) -> None:
    assert read_body(answer(Raw(b"12345", b"67890"), **announced), 10) == b"1234567890"


def test_one_byte_more_is_too_large_and_what_follows_is_not_read() -> None:
    raw = Raw(b"12345", b"67890", b"1", b"2", b"3")
    assert reason(read_body(answer(raw), 10)) is Reason.TOO_LARGE
    assert raw.read == 3


@pytest.mark.parametrize("length", ["11", "9" * 300])
def test_one_that_is_announced_as_larger_is_not_read_at_all(length: str) -> None:
    raw = Raw(b"1")
    assert reason(read_body(answer(raw, Content_Length=length), 10)) is Reason.TOO_LARGE
    assert raw.read == 0


@pytest.mark.parametrize(("came", "expected"), [(4, Reason.SHORT_BODY), (5, Reason.OK), (6, Reason.OK)])
def test_it_has_at_least_as_many_bytes_as_announced(came: int, expected: Reason) -> None:
    found = read_body(answer(Raw(b"x" * came), Content_Length="5"), 10)
    assert reason(found) is expected
    if isinstance(found, Failure):
        assert found.temporary
        assert found.detail == "4 of 5 bytes"


def test_chunks_have_a_length_of_their_own() -> None:
    assert read_body(answer(Raw(b"1234"), Content_Length="5", Transfer_Encoding="Chunked"), 10) == b"1234"


def test_no_body_is_an_empty_one() -> None:
    assert read_body(answer(Raw()), 10) == b""
    assert read_body(answer(Raw(), Content_Length="0"), 10) == b""
