"""Encrypted connections: trusted or refused, never downgraded, and ended in time like any other."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Web

SETTINGS = DownloadSettings(timeout=0.5, deadline=1.0, allow_private=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/down":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
        else:
            self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        try:
            for letter in b"photo":
                self.wfile.write(bytes([letter]))
                time.sleep(0.3 if self.path == "/drip" else 0)
        except OSError:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that no authority has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine: no certificate to test with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        [*command.split(), "-keyout", path, "-out", path.with_suffix(".crt")], check=True, capture_output=True
    )
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[str]:
    """The URL of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.block_on_close = False
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def ask(url: str) -> bytes | Failure:
    with Web(SETTINGS) as web:
        return web(Row(1, "Ann", url, None, None), SETTINGS.deadline)


def test_a_certificate_that_nobody_trusts_is_refused(secure: str) -> None:
    failure = ask(secure)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TLS
    assert not failure.temporary


def test_a_server_that_does_not_speak_it(site: Any) -> None:
    failure = ask(site.url("/").replace("http:", "https:"))
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.TLS


def test_certificates_of_the_environment_are_trusted(
    secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert ask(f"{secure}/") == b"photo"


def test_a_drip_is_ended_in_time(secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    started = time.monotonic()
    failure = ask(f"{secure}/drip")
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.DEADLINE
    assert time.monotonic() - started < SETTINGS.deadline + 1


def test_a_redirect_down_to_http_is_not_followed(
    secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    failure = ask(f"{secure}/down")
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.detail) == (Reason.REDIRECT, "from https down to http")


def test_a_handshake_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        failure = ask(f"https://127.0.0.1:{silent.getsockname()[1]}/")
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.TIMEOUT
        assert time.monotonic() - started < SETTINGS.deadline + 1
