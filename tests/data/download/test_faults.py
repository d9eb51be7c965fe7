"""Every fault of the web, each on a server of its own, all in one run of the engine: reason, requests made, time.

The table is printed with `pytest -s`, and kept in `docs/faults.md`:

    WRITE_FAULTS=1 python -m pytest tests/data/download/test_faults.py
"""

import gzip
import io
import os
import re
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data.download import download
from data.journal import Journal, Outcome
from data.reasons import Reason
from data.rows import BadRow, Box, Row
from data.settings import DownloadSettings
from data.web.addresses import is_public

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->"
SETTINGS = DownloadSettings(
    size=16,
    workers=64,
    per_host=4,
    timeout=0.6,
    deadline=4.0,
    max_bytes=100_000,
    max_redirects=5,
    respect_robots=False,
)
LATE = 3.0  # seconds beyond the deadline that a row may end at on a very busy machine
Site = Any
Request = BaseHTTPRequestHandler
Item = Row | BadRow
Rows = Callable[[Site], list[Item]]


@dataclass(frozen=True)
class Fault:
    """What is wrong, what its row ends with, and how many requests that may cost."""

    name: str
    reason: Reason
    requests: int
    rows: Rows
    at_most: int | None = None  # requests, where the number depends on which comes first

    @property
    def most(self) -> int:
        return self.requests if self.at_most is None else self.at_most


@dataclass(frozen=True)
class Seen:
    """What came of a fault."""

    reasons: set[Reason]
    requests: int
    seconds: float


# What servers do ------------------------------------------------------------------------------------------------------


def row(url: str, number: int = 1, box: Box | None = None, sha256: str | None = None, md5: str | None = None) -> Row:
    return Row(number, "Ann", url, box, sha256, md5)


def one(route: Callable[[Request], None]) -> Rows:
    """A row whose URL is answered so."""

    def rows(site: Site) -> list[Item]:
        site.routes["/"] = route
        return [row(site.url("/"))]

    return rows


def status(code: int, body: bytes = b"", **headers: str) -> Rows:
    return lambda site: [row(site.serve("/", body, code, **headers))]


def body(data: bytes, **listed: Any) -> Rows:
    return lambda site: [row(site.serve("/", data), **listed)]


def url(text: str) -> Rows:
    return lambda site: [row(text)]


def head(request: Request, *lines: str, status: str = "200 OK") -> None:
    request.wfile.write("\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode())


def wait(request: Request, seconds: float) -> None:
    """Until the client may have given up; a client that goes away ends the answer at the next write."""
    time.sleep(seconds)


def never_answers(request: Request) -> None:
    wait(request, 1.5)
    request.close_connection = True


def stops_answering(request: Request) -> None:
    head(request, "Content-Length: 100")
    request.wfile.write(b"x" * 50)
    never_answers(request)


def drip(*first: str) -> Callable[[Request], None]:
    """These lines, then a byte every now and then."""

    def route(request: Request) -> None:
        request.wfile.write("\r\n".join(first).encode())
        for _ in range(120):
            wait(request, 0.05)
            request.wfile.write(b"x")

    return route


def endless_hints(request: Request) -> None:
    for _ in range(120):
        wait(request, 0.05)
        request.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def endless_body(*first: str) -> Callable[[Request], None]:
    def route(request: Request) -> None:
        head(request, *first)
        while True:
            request.wfile.write(b"x" * 4096)

    return route


def short_body(request: Request) -> None:
    head(request, "Content-Length: 100")
    request.wfile.write(b"x" * 50)
    request.close_connection = True


def short_chunks(request: Request) -> None:
    head(request, "Transfer-Encoding: chunked")
    request.wfile.write(b"64\r\nonly a part")
    request.close_connection = True


def long_body(request: Request) -> None:
    head(request, "Content-Length: 10")
    request.wfile.write(PHOTO)
    request.close_connection = True


def no_http(request: Request) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    request.close_connection = True


def untidy_opt_out(request: Request) -> None:
    head(request, "Server : old", "what is this", " folded", f"Content-Length: {len(PHOTO)}", "X-Robots-Tag : noai")
    request.wfile.write(PHOTO)


def reset(request: Request) -> None:
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(request.connection.detach())


def packed(data: bytes) -> Rows:
    return status(200, data, Content_Encoding="gzip")


def to(target: str) -> Rows:
    return status(302, Location=target)


def endless_redirect(site: Site) -> list[Item]:
    for hop in range(10):
        site.serve(f"/{hop}", status=302, Location=f"/{hop + 1}")
    return [row(site.url("/0"))]


def first(*answers: tuple[int, dict[str, str]]) -> Rows:
    """These answers in turn, then the photo."""

    def rows(site: Site) -> list[Item]:
        turns = iter(answers)

        def route(request: Request) -> None:
            code, headers = next(turns, (200, {}))
            data = PHOTO if code == 200 else b""
            head(request, f"Content-Length: {len(data)}", *map(": ".join, headers.items()), status=f"{code} So")
            request.wfile.write(data)

        return one(route)(site)

    return rows


def unreachable(site: Site) -> list[Item]:
    site.routes.update({f"/{number}": reset for number in range(40)})
    return [row(site.url(f"/{number}"), number) for number in range(40)]


def the_same_picture(site: Site) -> list[Item]:
    return [row(site.serve(f"/{number}", PHOTO), number) for number in range(6)]


def plain_where_tls_is_expected(site: Site) -> list[Item]:
    return [row(site.url("/").replace("http:", "https:"))]


# What bytes may be ----------------------------------------------------------------------------------------------------


def file_of(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png(width: int, height: int, depth: int, colour: int, *chunks: tuple[bytes, bytes]) -> bytes:
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)), *chunks, (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


PICTURE = Image.effect_noise((40, 30), 60).convert("RGB")
PHOTO = file_of(PICTURE, "JPEG")
ZEROS = zlib.compress(bytes(20_000_000), 9)
SCANS = file_of(PICTURE, "JPEG", progressive=True)
LAST_SCAN = SCANS[SCANS.rindex(b"\xff\xda") : -2]
BOMB = png(13_000, 13_000, 8, 0, (b"IDAT", ZEROS))
PALETTE_BOMB = png(13_000, 13_000, 8, 3, (b"PLTE", bytes(768)), (b"IDAT", ZEROS))
GIF_BOMB = bytearray(file_of(PICTURE, "GIF"))
GIF_BOMB[6:10] = struct.pack("<HH", 60_000, 60_000)
SIXTEEN = file_of(Image.new("I;16", (20, 20), 40_000), "PNG")
ANIMATED = file_of(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)] * 20)
GZIP_BOMB = gzip.compress(bytes(50_000_000), 9)

OK, DEADLINE, TIMEOUT, CONNECT = Reason.OK, Reason.DEADLINE, Reason.TIMEOUT, Reason.CONNECT
SHORT, LARGE, REDIRECT, BLOCKED = Reason.SHORT_BODY, Reason.TOO_LARGE, Reason.REDIRECT, Reason.BLOCKED_ADDRESS
FAULTS = [
    Fault("404", Reason.HTTP_404, 1, status(404)),
    Fault("403", Reason.HTTP_4XX, 1, status(403)),
    Fault("410", Reason.HTTP_4XX, 1, status(410)),
    Fault("500, always", Reason.HTTP_5XX, 3, status(500)),
    Fault("500, then the photo", OK, 2, first((500, {}))),
    Fault("206, a part where the whole was asked for", SHORT, 1, status(206, PHOTO, Content_Range="bytes 0-9/99")),
    Fault("429 without a time, always", Reason.RATE_LIMITED, 3, status(429)),
    Fault("429 with Retry-After: 1, then the photo", OK, 2, first((429, {"Retry-After": "1"}))),
    Fault("503 with Retry-After: 1, then the photo", OK, 2, first((503, {"Retry-After": "1"}))),
    Fault("429 with Retry-After beyond the deadline", Reason.RATE_LIMITED, 1, status(429, Retry_After="50")),
    Fault("a name without an address", Reason.DNS, 0, url("http://no-such-host.invalid/")),
    Fault("a port that nobody listens at", CONNECT, 0, url("http://127.0.0.1:1/")),
    Fault("a connection reset", CONNECT, 3, one(reset)),
    Fault("an answer that is no HTTP", CONNECT, 3, one(no_http)),
    Fault("5,000 headers", CONNECT, 3, one(lambda request: head(request, *[f"X-{n}: y" for n in range(5000)], ""))),
    Fault("40 rows of a host that resets every connection", CONNECT, 15, unreachable, at_most=27),
    Fault("plain HTTP where TLS is expected", Reason.TLS, 0, plain_where_tls_is_expected),
    Fault("a certificate that nobody trusts", Reason.TLS, 0, lambda site: [row(site.secure())]),
    Fault("a server that never answers", TIMEOUT, 2, one(never_answers), at_most=3),
    Fault("a body that stops coming", TIMEOUT, 2, one(stops_answering), at_most=3),
    # on a busy machine a server that drips may be taken for one that has stopped, once
    Fault(
        *("a byte of the body now and then", DEADLINE, 1),
        one(drip("HTTP/1.1 200 OK", "Content-Length: 9999", "", "")),
        at_most=2,
    ),
    Fault("a byte of a header now and then", DEADLINE, 1, one(drip("HTTP/1.1 200 OK", "X-Slow: ")), at_most=2),
    Fault("100 Continue without end", DEADLINE, 1, one(endless_hints), at_most=2),
    Fault("a body shorter than announced", SHORT, 3, one(short_body)),
    Fault("chunks that break off", SHORT, 3, one(short_chunks)),
    Fault("a gzip body that breaks off", SHORT, 3, packed(gzip.compress(PHOTO)[:-12])),
    Fault("a body longer than announced", Reason.TRUNCATED, 1, one(long_body)),
    Fault("a body larger than allowed", LARGE, 1, status(200, bytes(100_001))),
    Fault("a body without end", LARGE, 1, one(endless_body("Connection: close"))),
    Fault("a gzip bomb", LARGE, 1, packed(GZIP_BOMB)),
    Fault("a packing that cannot be undone", Reason.NOT_AN_IMAGE, 1, status(200, b"\x0b\x02", Content_Encoding="br")),
    Fault("a redirect loop", REDIRECT, 1, to("/")),
    Fault("redirects without end", REDIRECT, 6, endless_redirect),
    Fault("a redirect to ftp", REDIRECT, 1, to("ftp://127.0.0.1/x")),
    Fault("a redirect to a file", REDIRECT, 1, to("file:///etc/passwd")),
    Fault("a redirect to what is no URL", REDIRECT, 1, to("http://[::1")),
    Fault("a redirect to 169.254.169.254", BLOCKED, 1, to("http://169.254.169.254/latest/meta-data")),
    Fault("a redirect to [::1]", BLOCKED, 1, to("http://[::1]:1/")),
    Fault("a row for 10.0.0.1", BLOCKED, 0, url("http://10.0.0.1/")),
    Fault("a row for [::1]", BLOCKED, 0, url("http://[::1]/")),
    Fault("a row for 169.254.169.254", BLOCKED, 0, url("http://169.254.169.254/")),
    Fault("a row for [fec0::1]", BLOCKED, 0, url("http://[fec0::1]/")),
    Fault("a row for 2130706433, which is 127.0.0.1", BLOCKED, 0, url("http://2130706433/")),
    Fault("a name that leads to 10.0.0.1", BLOCKED, 0, url("http://inside.example/")),
    Fault("X-Robots-Tag: noai", Reason.OPT_OUT, 1, status(200, PHOTO, X_Robots_Tag="noai")),
    Fault("X-Robots-Tag: noimageai", Reason.OPT_OUT, 1, status(200, PHOTO, X_Robots_Tag="noindex, noimageai")),
    Fault("the same behind a line that is no header", Reason.OPT_OUT, 1, one(untidy_opt_out)),
    Fault("another photo than the listed one", Reason.HASH_MISMATCH, 1, body(PHOTO, sha256="0" * 64)),
    Fault("a web page with status 200, no SHA-256 listed", Reason.NOT_AN_IMAGE, 1, body(b"<html>gone</html>")),
    Fault("an empty body, no SHA-256 listed", Reason.NOT_AN_IMAGE, 1, body(b"")),
    Fault("a TIFF", Reason.OK, 1, body(file_of(PICTURE, "TIFF"))),
    Fault("half a JPEG", Reason.TRUNCATED, 1, body(PHOTO[: len(PHOTO) // 2])),
    Fault("20 kB of PNG with 169 megapixels", Reason.BOMB, 1, body(BOMB)),
    Fault("the same with a palette", Reason.BOMB, 1, body(PALETTE_BOMB)),
    Fault("a GIF of 60,000 x 60,000", Reason.BOMB, 1, body(bytes(GIF_BOMB))),
    Fault("a JPEG of 300 scans", Reason.BOMB, 1, body(SCANS[:-2] + LAST_SCAN * 300 + SCANS[-2:])),
    Fault("a PNG of 16 bits", OK, 1, body(SIXTEEN)),
    Fault("an animated GIF", OK, 1, body(ANIMATED)),
    Fault("the same picture for 6 URLs of a host, no SHA-256 listed", Reason.PLACEHOLDER, 6, the_same_picture),
    Fault("another photo than the listed MD5 says", Reason.HASH_MISMATCH, 1, body(PHOTO, md5="0" * 32)),
    Fault("a box beside the photo", Reason.BAD_BOX, 1, body(PHOTO, box=Box(500, 500, 600, 600))),
    Fault("a box without pixels", Reason.BAD_BOX, 0, body(PHOTO, box=Box(5, 5, 5, 9))),
    Fault("a line that is no row", Reason.BAD_ROW, 0, lambda site: [BadRow(1, 1, "text", "expected 6 columns")]),
]


# The run --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(site_factory: Callable[[], Site], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """All faults at once, in one download: what came of each."""
    sites = [site_factory() for _ in FAULTS]
    secure = _secure(tmp_path_factory.mktemp("tls"))
    for site in sites:
        site.secure = lambda: secure[1]
    fault_of: dict[bytes, str] = {}
    rows: list[Item] = []
    for fault, site in zip(FAULTS, sites, strict=True):
        for item in fault.rows(site):
            rows.append(item)
            fault_of[item.key] = fault.name
    reasons: dict[str, set[Reason]] = {fault.name: set() for fault in FAULTS}
    seconds: dict[str, float] = {}
    started = time.monotonic()

    def note(outcome: Outcome) -> None:
        name = fault_of[outcome.row.key]
        reasons[name].add(outcome.reason)
        seconds[name] = time.monotonic() - started

    with pytest.MonkeyPatch.context() as patch:
        _pretend(patch)
        folder = tmp_path_factory.mktemp("faults")
        download(rows, folder, settings=SETTINGS, on_outcome=note)
    with Journal(folder) as journal:  # which rows got a placeholder is known when all have ended
        for key, outcome in journal.outcomes():
            if outcome.reason is Reason.PLACEHOLDER:
                reasons[fault_of[key]] = {outcome.reason}
    secure[0].close()
    requests = {fault.name: site.asked.total() for fault, site in zip(FAULTS, sites, strict=True)}
    found = {name: Seen(reasons[name], requests[name], seconds[name]) for name in reasons}
    print("\n" + table(found))
    if os.environ.get("WRITE_FAULTS"):
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        PAGE.write_text(before + BEGIN + table(found) + END + after, encoding="utf-8")
    return found


def _pretend(patch: pytest.MonkeyPatch) -> None:
    """127.0.0.1, where the sites are, counts as public; one name leads inside, no look-up leaves this machine."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if host == "2130706433":  # as the C library reads it
            host = "127.0.0.2"
        return real("10.0.0.1" if host == "inside.example" else host, port, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", look_up)
    patch.setattr("data.web.transport.is_public", lambda address: address == "127.0.0.1" or is_public(address))


def _secure(folder: Path) -> tuple[socket.socket, str]:
    """A server with an unknown certificate; without openssl, one that hangs up in the middle of the handshake."""
    server = socket.create_server(("127.0.0.1", 0))
    if shutil.which("openssl"):
        command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout key.pem -out crt.pem"
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)

    def serve() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if (folder / "crt.pem").exists():
            context.load_cert_chain(folder / "crt.pem", folder / "key.pem")
        while True:
            try:
                line, _ = server.accept()
                with line:
                    line.settimeout(1)
                    context.wrap_socket(line, server_side=True).close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return server, f"https://127.0.0.1:{server.getsockname()[1]}/"


def table(found: dict[str, Seen]) -> str:
    """The faults as a table in Markdown."""
    lines = ["| fault | reason | requests | seconds |\n", "|---|---|---:|---:|\n"]
    for name, what in found.items():
        reasons = ", ".join(f"`{reason}`" for reason in sorted(what.reasons))
        lines.append(f"| {name} | {reasons} | {what.requests} | {what.seconds:.1f} |\n")
    return "".join(lines)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_its_reason_its_price_and_its_time(fault: Fault, seen: dict[str, Seen]) -> None:
    what = seen[fault.name]
    assert what.reasons == {fault.reason}
    assert fault.requests <= what.requests <= fault.most
    assert what.seconds < SETTINGS.deadline + LATE


def test_every_reason_is_the_end_of_some_fault() -> None:
    assert {fault.reason for fault in FAULTS} == set(Reason)


def test_the_page_has_every_fault_with_its_reason_and_every_reason_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \| `(\w+)` \| (\d+) \| [\d.]+ \|$", text.split(BEGIN)[1].split(END)[0], re.MULTILINE)
    assert {name: reason for name, reason, _ in rows} == {fault.name: fault.reason.value for fault in FAULTS}
    for (_, _, requests), fault in zip(rows, FAULTS, strict=True):
        assert fault.requests <= int(requests) <= fault.most
    explained = re.findall(r"^\| `(\w+)` \| [^|]{10,} \| [^|]{3,} \|$", text.split(END)[1], re.MULTILINE)
    assert sorted(explained) == sorted(reason.value for reason in Reason)
