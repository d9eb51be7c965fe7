"""One URL on a server with a fault -> its own reason, in time, for the price of one request.

Times are short here (`timeout` 0.4 s, `deadline` 1 s), the faults are the web's.
"""

import gzip
import os
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Web

SETTINGS = DownloadSettings(timeout=0.4, deadline=1.0, max_bytes=20_000, max_redirects=5, allow_private=True)
Site = Any


def ask(url: str, settings: DownloadSettings = SETTINGS) -> bytes | Failure:
    with Web(settings) as web:
        return web(Row(1, "Ann", url, None, None), settings.deadline)


def drip(site: Site, request: BaseHTTPRequestHandler, data: Iterator[bytes]) -> None:
    for piece in data:
        if site.closing.wait(0.05):
            return
        request.wfile.write(piece)


def faults(site: Site) -> dict[str, Callable[[BaseHTTPRequestHandler], None]]:
    """A path a fault."""

    def head(request: BaseHTTPRequestHandler, *lines: str, status: str = "200 OK") -> None:
        request.wfile.write("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode())

    def drip_body(request: BaseHTTPRequestHandler) -> None:
        head(request, "Content-Length: 10000")
        drip(site, request, iter(lambda: b"x", b""))

    def drip_header(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        drip(site, request, iter(lambda: b"x", b""))

    def many_headers(request: BaseHTTPRequestHandler) -> None:
        head(request, *[f"X-{n}: y" for n in range(5000)], "Content-Length: 0")

    def endless_hints(request: BaseHTTPRequestHandler) -> None:
        drip(site, request, iter(lambda: b"HTTP/1.1 100 Continue\r\n\r\n", b""))

    def never_answers(request: BaseHTTPRequestHandler) -> None:
        site.closing.wait(5)

    def stalls(request: BaseHTTPRequestHandler) -> None:
        head(request, "Content-Length: 100")
        request.wfile.write(b"x" * 50)
        site.closing.wait(5)

    def short_body(request: BaseHTTPRequestHandler) -> None:
        head(request, "Content-Length: 100")
        request.wfile.write(b"x" * 50)
        request.close_connection = True

    def short_chunks(request: BaseHTTPRequestHandler) -> None:
        head(request, "Transfer-Encoding: chunked")
        request.wfile.write(b"64\r\nonly a part")
        request.close_connection = True

    def long_body(request: BaseHTTPRequestHandler) -> None:
        head(request, "Content-Length: 30000")
        request.wfile.write(b"x" * 30_000)

    def endless_body(request: BaseHTTPRequestHandler) -> None:
        head(request, "Connection: close")
        while not site.closing.is_set():
            request.wfile.write(b"x" * 4096)

    def reset(request: BaseHTTPRequestHandler) -> None:
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(request.connection.detach())

    def no_http(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        request.close_connection = True

    def packed(data: bytes, encoding: str) -> Callable[[BaseHTTPRequestHandler], None]:
        def send(request: BaseHTTPRequestHandler) -> None:
            head(request, f"Content-Length: {len(data)}", f"Content-Encoding: {encoding}")
            request.wfile.write(data)

        return send

    def redirect(target: str) -> Callable[[BaseHTTPRequestHandler], None]:
        return lambda request: head(request, f"Location: {target}", "Content-Length: 0", status="302 Found")

    def endless_redirect(request: BaseHTTPRequestHandler) -> None:
        head(request, f"Location: {request.path}x", "Content-Length: 0", status="302 Found")

    def redirect_with_endless_body(request: BaseHTTPRequestHandler) -> None:
        head(request, "Location: /loop", "Connection: close", status="302 Found")
        while not site.closing.is_set():
            request.wfile.write(b"x" * 4096)

    bomb = zlib.compress(bytes(50_000_000), 9)
    return {
        "/drip-body": drip_body,
        "/drip-header": drip_header,
        "/many-headers": many_headers,
        "/endless-hints": endless_hints,
        "/never-answers": never_answers,
        "/stalls": stalls,
        "/short-body": short_body,
        "/short-chunks": short_chunks,
        "/long-body": long_body,
        "/endless-body": endless_body,
        "/reset": reset,
        "/no-http": no_http,
        "/gzip-bomb": packed(gzip.compress(bytes(50_000_000), 1)[:19_000], "gzip"),
        "/deflate-bomb": packed(bomb[:19_000], "deflate"),
        "/cut-gzip": packed(gzip.compress(b"photo" * 100)[:-12], "gzip"),
        "/loop": redirect("/loop-back"),
        "/loop-back": redirect("/loop"),
        "/to-ftp": redirect("ftp://127.0.0.1/x"),
        "/to-file": redirect("file:///etc/passwd"),
        "/to-nonsense": redirect("http://[::1"),
        "/redirect-with-endless-body": redirect_with_endless_body,
        **dict.fromkeys([f"/endless{'x' * n}" for n in range(10)], endless_redirect),
    }


@pytest.mark.parametrize(
    ("path", "reason", "temporary"),
    [
        ("/drip-body", Reason.DEADLINE, False),
        ("/drip-header", Reason.DEADLINE, False),
        ("/many-headers", Reason.CONNECT, True),
        ("/endless-hints", Reason.DEADLINE, False),
        ("/never-answers", Reason.TIMEOUT, True),
        ("/stalls", Reason.TIMEOUT, True),
        ("/short-body", Reason.SHORT_BODY, True),
        ("/short-chunks", Reason.SHORT_BODY, True),
        ("/long-body", Reason.TOO_LARGE, False),
        ("/endless-body", Reason.TOO_LARGE, False),
        ("/reset", Reason.CONNECT, True),
        ("/no-http", Reason.CONNECT, True),
        ("/gzip-bomb", Reason.TOO_LARGE, False),
        ("/deflate-bomb", Reason.TOO_LARGE, False),
        ("/cut-gzip", Reason.SHORT_BODY, True),
        ("/loop", Reason.REDIRECT, False),
        ("/endless", Reason.REDIRECT, False),
        ("/to-ftp", Reason.REDIRECT, False),
        ("/to-file", Reason.REDIRECT, False),
        ("/to-nonsense", Reason.REDIRECT, False),
        ("/redirect-with-endless-body", Reason.REDIRECT, False),
    ],
)
def test_a_fault_ends_in_time_with_its_own_reason(site: Site, path: str, reason: Reason, temporary: bool) -> None:
    site.routes.update(faults(site))
    started = time.monotonic()
    failure = ask(site.url(path))
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.temporary) == (reason, temporary), failure.detail
    assert time.monotonic() - started < SETTINGS.deadline + 1
    assert site.asked[path] == 1


@pytest.mark.parametrize(
    ("status", "reason", "temporary"),
    [
        (400, Reason.HTTP_4XX, False),
        (401, Reason.HTTP_4XX, False),
        (403, Reason.HTTP_4XX, False),
        (404, Reason.HTTP_404, False),
        (408, Reason.HTTP_4XX, True),
        (410, Reason.HTTP_4XX, False),
        (425, Reason.HTTP_4XX, True),
        (429, Reason.RATE_LIMITED, True),
        (500, Reason.HTTP_5XX, True),
        (503, Reason.HTTP_5XX, True),
        (304, Reason.REDIRECT, False),
    ],
)
def test_a_status_says_why_and_whether_it_may_pass(site: Site, status: int, reason: Reason, temporary: bool) -> None:
    failure = ask(site.serve("/", b"no" if status != 304 else b"", status))
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.temporary, failure.wait) == (reason, temporary, None)
    assert failure.detail.startswith(f"status {status}")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (201, Reason.NOT_AN_IMAGE),
        (202, Reason.NOT_AN_IMAGE),
        (204, Reason.NOT_AN_IMAGE),
        (205, Reason.NOT_AN_IMAGE),
        (206, Reason.SHORT_BODY),
        (207, Reason.NOT_AN_IMAGE),
        (226, Reason.NOT_AN_IMAGE),
    ],
)
def test_a_success_that_is_not_the_whole_photo_is_none(site: Site, status: int, reason: Reason) -> None:
    failure = ask(site.serve("/", b"" if status == 204 else b"photo", status, Content_Range="bytes 0-4/9"))
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.temporary) == (reason, False)
    assert failure.detail.startswith(f"status {status}: ")


@pytest.mark.parametrize("status", [200, 203, 299])
def test_another_success_is_the_photo(site: Site, status: int) -> None:
    assert ask(site.serve("/", b"photo", status)) == b"photo"


@pytest.mark.parametrize("status", [403, 406, 429])
def test_a_refusal_says_that_a_user_agent_may_help(site: Site, status: int) -> None:
    failure = ask(site.serve("/", b"no", status))
    assert isinstance(failure, Failure)
    assert "--user-agent" in failure.detail


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("7", 7, 7),
        ("100000", 60, 60),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        pytest.param(formatdate(time.time() + 1e6, usegmt=True), 60, 60, id="a date to come"),
    ],
)
def test_a_time_to_wait_is_understood_and_capped(site: Site, said: str, least: float, most: float) -> None:
    failure = ask(site.serve("/", status=503, Retry_After=said))
    assert isinstance(failure, Failure)
    assert failure.wait is not None
    assert least <= failure.wait <= most


@pytest.mark.parametrize("said", ["soon", "-5", "1e3", ""])
def test_any_other_time_to_wait_is_none(site: Site, said: str) -> None:
    failure = ask(site.serve("/", status=429, Retry_After=said))
    assert isinstance(failure, Failure)
    assert failure.wait is None


@pytest.mark.parametrize("wish", ["noai", "noindex, NoImageAI", "somebot: noai"])
def test_an_owner_who_opts_out_is_obeyed(site: Site, wish: str) -> None:
    failure = ask(site.serve("/", b"photo", X_Robots_Tag=wish))
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.OPT_OUT


def test_other_wishes_of_robots_are_no_opt_out(site: Site) -> None:
    assert ask(site.serve("/", b"photo", X_Robots_Tag="noindex, nofollow")) == b"photo"


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("gzip", bytes), ("identity", bytes), ("br", bytes)],
)
def test_a_packed_body_is_unpacked_and_one_that_is_not_is_left_alone(
    site: Site, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    assert ask(site.serve("/", pack(b"photo" * 100), Content_Encoding=encoding)) == b"photo" * 100


def test_redirects_are_followed_and_connections_kept(site: Site) -> None:
    site.serve("/photo", b"photo")
    site.serve("/b", status=301, Location="/photo#part")
    site.serve("/a", status=302, Location=site.url("/b"))
    ports = set()

    def noted(route: Callable[[BaseHTTPRequestHandler], None]) -> Callable[[BaseHTTPRequestHandler], None]:
        def answer(request: BaseHTTPRequestHandler) -> None:
            ports.add(request.client_address[1])
            route(request)

        return answer

    site.routes.update({path: noted(route) for path, route in site.routes.items()})
    assert ask(site.url("/a")) == b"photo"
    assert site.asked == {"/a": 1, "/b": 1, "/photo": 1}
    assert len(ports) == 1


def test_what_a_request_says(site: Site) -> None:
    said: dict[str, str] = {}

    def listen(request: BaseHTTPRequestHandler) -> None:
        said.update(request.headers.items())
        request.send_response(200)
        request.send_header("Set-Cookie", "a=b")
        request.send_header("Content-Length", "0")
        request.end_headers()

    site.routes["/"] = listen
    with Web(SETTINGS) as web:
        for _ in range(2):
            web(Row(1, "Ann", site.url("/"), None, None), 1.0)
    assert said["User-Agent"] == SETTINGS.user_agent
    assert said["Accept-Encoding"] == "identity"
    assert "Cookie" not in said
    assert "Authorization" not in said


def test_a_user_agent_of_the_users_choice_is_sent_at_every_hop(site: Site) -> None:
    said: list[str | None] = []
    site.routes["/"] = lambda request: said.append(request.headers["User-Agent"])
    site.serve("/from", status=302, Location="/")
    forward = site.routes["/from"]
    site.routes["/from"] = lambda request: (said.append(request.headers["User-Agent"]), forward(request))
    ask(site.url("/from"), replace(SETTINGS, user_agent="me/1.0 (me@my.example)"))
    assert said == ["me/1.0 (me@my.example)"] * 2


def test_passwords_of_the_users_netrc_are_not_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    said: list[str | None] = []
    site.routes["/"] = lambda request: said.append(request.headers["Authorization"])
    ask(site.url("/"))
    assert said == [None]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", f"http://{'a' * 70}.example/"])
def test_a_host_that_is_not_there(url: str) -> None:
    failure = ask(url)
    assert isinstance(failure, Failure)
    assert failure.reason is (Reason.CONNECT if "127" in url else Reason.DNS)
    assert not failure.temporary


def strict(**changes: Any) -> DownloadSettings:
    return DownloadSettings(timeout=0.4, deadline=1.0, **changes)


INSIDE = [
    "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "127.0.0.1.", "localhost.", "[::ffff:127.0.0.1]",
    "[fec0::1]", "[::1.2.3.4]", "[64:ff9b:1::1]", "[2001:db8::1]", "[2001:0:7f00:1::]", "[2002:7f00:1::]", "100.64.0.1",
    "192.0.0.8", "224.0.0.1",
]  # fmt: skip


def test_a_local_address_is_not_asked(site: Site) -> None:
    failure = ask(site.serve("/", b"photo"), strict())
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BLOCKED_ADDRESS
    assert not site.asked


def test_a_name_that_leads_to_a_local_address_is_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [entry])
    failure = ask("http://harmless.example/", strict())
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BLOCKED_ADDRESS
    assert not site.asked


def test_a_redirect_to_a_local_address_is_not_followed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first hop is public: its name is led to the site, past the check, as a public server would be reached."""
    site.serve("/", status=302, Location="http://169.254.169.254/latest/meta-data")
    monkeypatch.setattr("data.web.transport.is_public", lambda address: address == "127.0.0.1")
    failure = ask(site.url("/"), strict())
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BLOCKED_ADDRESS
    assert site.asked == {"/": 1}


def test_a_proxy_of_the_environment_is_trusted_and_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.url(""))
    site.serve("http://photos.example/1.jpg", b"photo")
    assert ask("http://photos.example/1.jpg", strict()) == b"photo"


def test_through_a_proxy_too_no_local_address_is_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.url(""))
    for host in ("127.0.0.1", "[::1]", "localhost", "169.254.169.254", *INSIDE):
        failure = ask(f"http://{host}/", strict())
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.BLOCKED_ADDRESS, host
    assert not site.asked


@pytest.mark.parametrize("host", [*INSIDE, "\uff11\uff12\uff17.0.0.1", "127\u30020.0.1"])
@pytest.mark.parametrize("proxied", [True, False])
def test_no_spelling_of_a_local_address_is_asked(
    site: Site, monkeypatch: pytest.MonkeyPatch, host: str, proxied: bool
) -> None:
    """Of a row, or where a redirect leads."""
    if proxied:
        monkeypatch.setenv("http_proxy", site.url(""))
    location = f"http://bob:secret@{host}/".encode().decode("latin-1")  # as a server would send it
    site.serve("http://photos.example/", status=302, Location=location)
    failure = ask("http://photos.example/" if proxied else f"http://{host}/", strict())
    assert isinstance(failure, Failure)
    assert failure.reason in (Reason.BLOCKED_ADDRESS, Reason.BLOCKED_ADDRESS if host.isascii() else Reason.DNS)
    assert site.asked.total() == proxied


def test_hosts_exempt_from_the_proxy_are_asked_directly(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert ask(site.serve("/", b"photo")) == b"photo"


def test_a_proxy_that_refuses_to_connect_through(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", site.url(""))
    failure = ask("https://photos.example/1.jpg", strict())
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.CONNECT
