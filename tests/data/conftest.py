"""Fixtures of this room: a web site on loopback that answers as a test says, photos drawn for it, a recorded web."""

import io
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Route = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """`routes` maps a path to what is done with a request for it, others are 404; `asked` counts requests a path."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.asked: Counter[str] = Counter()
        self.closing = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hung up is no news
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> str:
        """Answer `path` so, always; returns its URL."""
        self.routes[path] = lambda request: answer(request, body, status, **headers)
        return self.url(path)

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(request: BaseHTTPRequestHandler, body: bytes = b"", status: int = 200, **headers: str) -> None:
    """A whole answer; header names are given with underscores."""
    request.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def _gone(request: BaseHTTPRequestHandler) -> None:
    answer(request, status=404)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked[self.path] += 1
            try:
                site.routes.get(self.path, _gone)(self)
            except OSError:  # the client has closed the connection
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(scope="module")
def site_factory() -> Iterator[Callable[[], Site]]:
    """As many sites as a module's tests want, each a host of its own."""
    sites: list[Site] = []

    def another() -> Site:
        sites.append(Site())
        return sites[-1]

    yield another
    for site in sites:
        site.close()


@pytest.fixture
def photo() -> Callable[..., bytes]:
    """photo(seed, width, height, format, mode): a smooth coloured picture as a file's bytes."""

    def draw(seed: int = 0, width: int = 64, height: int = 48, format: str = "JPEG", mode: str = "RGB") -> bytes:
        file = io.BytesIO()
        draw_picture(seed, width, height).convert(mode).save(file, format)
        return file.getvalue()

    return draw


@pytest.fixture
def picture() -> Callable[..., Image.Image]:
    return draw_picture


def draw_picture(seed: int = 0, width: int = 64, height: int = 48) -> Image.Image:
    """Soft blobs of colour, from few random ones blown up."""
    blobs = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def mirror(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The recorded web as a proxy; yields its log, a line a request."""
    log = tmp_path / "requests.log"
    command = [sys.executable, str(shared / "facescrub" / "mirror.py"), "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, address)
        yield log
        process.terminate()
