"""The head of an answer may be untidy: no line hides the ones behind it, and none is endless.

A server that answers with the bytes it is told.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Web

SETTINGS = DownloadSettings(timeout=0.5, deadline=2.0, retries=0, allow_private=True)
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """serve(first, second, ...): a URL; each connection gets the next of the answers, the last ones get the last."""
    servers: list[socket.socket] = []

    def start(*answers: bytes) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run() -> None:
            turn = 0
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    try:
                        while line.recv(65536):
                            line.sendall(answers[min(turn, len(answers) - 1)])
                            turn += 1
                    except OSError:
                        continue

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield start
    for server in servers:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def ask(url: str) -> bytes | Failure:
    with Web(SETTINGS) as web:
        return web(Row(1, "Ann", url, None, None), SETTINGS.deadline)


def answer(*lines: bytes, status: bytes = b"200 OK", body: bytes = b"photo", end: bytes = b"\r\n") -> bytes:
    return end.join([b"HTTP/1.1 " + status, *lines, b"Content-Length: %d" % len(body), b"", b""]) + body


UNTIDY = {
    "a space before a colon": b"Server : old",
    "a tab before a colon": b"Server\t: old",
    "a line without a colon": b"what is this",
    "a line of a letter": b"x",
    "no name": b": value",
    "a name with a space": b"My Server: old",
    "a name that is not ASCII": b"S\xe9rver: old",
    "a name in UTF-8": "Sérver: old".encode(),
    "a value that is not ASCII": b"Server: \xe9\xff\x80",
    "a folded line": b"Server: old\r\n and older",
    "a folded line after nothing": b" folded: what?",
    "a line folded twice, with a tab": b"Server: old\r\n\tand\r\n\t\tolder:",
    "a folded line after one that cannot be read": b"what is this\r\n and: this",
    "a line of blanks": b"   ",
    "an old mailbox's first line": b"From me Thu Jan  1 00:00:00 1970",
    "a carriage return within": b"Server: old\rand older",
    "a NUL": b"Ser\0ver: a\0b",
    "control characters": b"Server: a\x0b\x0c\x1c\x1d\x85b",
    "a status line twice": b"HTTP/1.1 200 OK",
    "lines that end in a line feed": b"Server: old\nVia: me",
    "an empty value": b"Server:",
    "many colons": b"::::",
}


@pytest.mark.parametrize("line", UNTIDY.values(), ids=UNTIDY)
def test_no_line_hides_an_opt_out(serve: Serve, line: bytes) -> None:
    assert ask(serve(answer(line, b"X-Robots-Tag: noai"))) == Failure(Reason.OPT_OUT, "X-Robots-Tag")


@pytest.mark.parametrize("line", UNTIDY.values(), ids=UNTIDY)
def test_nor_where_a_redirect_leads(serve: Serve, line: bytes) -> None:
    url = serve(answer(line, b"Location: /photo", status=b"302 Found", body=b""), answer(line))
    assert ask(url) == b"photo"


@pytest.mark.parametrize(
    "line",
    [
        b"X-Robots-Tag : noai", b"X-Robots-Tag\t:\tnoai", b"x-robots-tag:noai", b"X-Robots-Tag: noindex,\r\n noai",
        b"X-Robots-Tag:\r\n\tnoimageai", b"X-Robots-Tag: noindex\r\nX-Robots-Tag: noai", b"X-Robots-Tag: NOAI;noindex",
        b"X-Robots-Tag: noai\r\nX-Robots-Tag: all", b"X-Robots-Tag: otherbot: noai", b"X-Robots-Tag: x: noindex, noai",
        b"X-Robots-Tag: \xa0noai\xa0", b"X-Robots-Tag: noindex noai", b'X-Robots-Tag: "noai"',
        b"X-Robots-Tag: \xe9, noai", b"X-Robots-Tag: noai\xc2\xa0",
    ],
)  # fmt: skip
def test_an_opt_out_is_seen_however_it_is_written(serve: Serve, line: bytes) -> None:
    assert ask(serve(answer(line))) == Failure(Reason.OPT_OUT, "X-Robots-Tag")


@pytest.mark.parametrize(
    "line", [b"X-Robots-Tag: noindex", b"X-Robots-Tag: noaim, xnoai, no-ai", b"X-Other: noai", b"X-Robots-Tags: noai"]
)
def test_another_word_is_none(serve: Serve, line: bytes) -> None:
    assert ask(serve(answer(line))) == b"photo"


@pytest.mark.parametrize(
    "line",
    [b"Location : /photo", b"Location:\r\n /photo", b"Location: /photo\r\nLocation: /other", b"LOCATION:/photo  "],
)
def test_a_redirect_is_followed_however_it_is_written(serve: Serve, line: bytes) -> None:
    assert ask(serve(answer(line, status=b"302 Found", body=b""), answer())) == b"photo"


HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\nno colon\r\n\r\n",
        HINT,
        HINT * 3 + b"HTTP/1.1 100 Continue\r\n\r\n" + HINT,
        b"HTTP/1.1 103\r\n\r\n",
        b"HTTP/1.0 199 Odd\nX-Robots-Tag: noai\nLocation: /elsewhere\n\n",
    ],
)
def test_informational_answers_are_read_past(serve: Serve, before: bytes) -> None:
    assert ask(serve(before + answer())) == b"photo"


def test_a_switch_to_what_is_not_http_is_no_photo(serve: Serve) -> None:
    failure = ask(serve(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x00\x01\x02"))
    assert isinstance(failure, Failure)
    assert "101" in failure.detail


def test_a_connection_is_kept_after_an_untidy_answer(serve: Serve) -> None:
    url = serve(HINT + answer(b"what"), answer(b" is", body=b"another"))
    with Web(SETTINGS) as web:
        assert [web(Row(1, "Ann", url, None, None), 1.0) for _ in range(2)] == [b"photo", b"another"]


@pytest.mark.parametrize(
    "bad",
    [
        answer(*[b"X-%d: y" % n for n in range(101)]),
        answer(b"X: y", *[b" folded"] * 101),
        answer(*[b"no colon"] * 101),
        answer(b"X: " + b"y" * 70_000),
        b"HTTP/1.1 200 " + b"O" * 70_000,
        HINT * 5000,
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
    ],
    ids=["fields", "folds", "junk", "a long line", "a long status", "hints", "blank", "ssh", "version", "no number"],
)
def test_what_has_no_end_or_is_no_http_is_refused(serve: Serve, bad: bytes) -> None:
    started = time.monotonic()
    failure = ask(serve(bad))
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.temporary) == (Reason.CONNECT, True)
    assert time.monotonic() - started < SETTINGS.deadline
