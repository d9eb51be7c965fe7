"""A URL is sent as it was written, wherever it was written; nobody's password is."""

import base64
import json
import socket
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from data.download import download, read_list
from data.mnist.mirrors import mirrors
from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Robots, Web
from data.web.urls import sendable, target_of_redirect

SETTINGS = DownloadSettings(timeout=0.5, deadline=2.0, retries=0, allow_private=True, size=16)
Site = Any

LISTED = {
    "/a%7Eb?sig=%7e": "/a%7Eb?sig=%7e",
    "/~user/%2F%2f/a": "/~user/%2F%2f/a",
    "/a+b?c+d%2B": "/a+b?c+d%2B",
    "//a//b/": "//a//b/",
    "/a/../b/./c/..": "/a/../b/./c/..",
    "/a?": "/a?",
    "/a?b=?c=/d&&e": "/a?b=?c=/d&&e",
    "/a;b=c,d:e@f!$'()*[1]": "/a;b=c,d:e@f!$'()*[1]",
    "/100%.jpg?%zz%": "/100%.jpg?%zz%",
    "/%E9%e9": "/%E9%e9",
    "/a b?c d": "/a%20b?c%20d",
    "/José?é=é": "/Jos%C3%A9?%C3%A9=%C3%A9",
    "/a%20é b": "/a%20%C3%A9%20b",
    '/"<>\\^`{|}': "/%22%3C%3E%5C%5E%60%7B%7C%7D",
    "/%40@b:c": "/%40@b:c",
    "/a#part?b": "/a",
    "?a=%7e": "/?a=%7e",
    "": "/",
}


@pytest.fixture
def said() -> list[tuple[str, str | None]]:
    """What every site of the test was asked: target, and the password that came with it."""
    heard: list[tuple[str, str | None]] = []
    return heard


def listen(site: Site, heard: list[tuple[str, str | None]]) -> None:
    """Answer anything with a photo."""

    class Any_(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            def route(request: Any) -> None:
                heard.append((request.requestline.split()[1], request.headers["Authorization"]))
                known = dict.get(self, path)
                if known is not None:
                    return known(request)  # type: ignore[no-any-return]
                request.send_response(200)
                request.send_header("Content-Length", "5")
                request.end_headers()
                request.wfile.write(b"photo")

            return route

    site.routes = Any_(site.routes)


def ask(url: str) -> bytes | Failure:
    with Web(SETTINGS) as web:
        return web(Row(1, "Ann", url, None, None), SETTINGS.deadline)


@pytest.mark.parametrize(("listed", "sent"), LISTED.items())
def test_a_path_is_sent_as_listed(site: Site, said: list[tuple[str, str | None]], listed: str, sent: str) -> None:
    listen(site, said)
    assert ask(site.url(listed)) == b"photo"
    assert said == [(sent, None)]


@pytest.mark.parametrize(("listed", "sent"), LISTED.items())
def test_through_a_proxy_too(
    site: Site, said: list[tuple[str, str | None]], monkeypatch: pytest.MonkeyPatch, listed: str, sent: str
) -> None:
    monkeypatch.setenv("http_proxy", site.url(""))
    listen(site, said)
    assert ask(f"http://photos.example{listed}") == b"photo"
    assert said == [(f"http://photos.example{sent}", None)]


def redirect(site: Site, location: str) -> None:
    def route(request: Any) -> None:
        request.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n")

    site.routes["/from/here"] = route


@pytest.mark.parametrize(("listed", "sent"), [pair for pair in LISTED.items() if pair[0].startswith("/")])
@pytest.mark.parametrize("whole", [True, False])
def test_where_a_redirect_leads_is_sent_as_written(
    site: Site, said: list[tuple[str, str | None]], listed: str, sent: str, whole: bool
) -> None:
    redirect(site, site.url(listed) if whole or listed.startswith("//") else listed)
    listen(site, said)
    assert ask(site.url("/from/here")) == b"photo"
    assert said == [("/from/here", None), (sent, None)]


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("c%7E?d=%7e", "/a/%7Eb/c%7E?d=%7e"),
        ("../c", "/a/c"),
        ("./c/../d?e=../f", "/a/%7Eb/d?e=../f"),
        ("../../../../c", "/c"),
        ("..", "/a/"),
        ("?d", "/a/%7Eb/x?d"),
        ("c?", "/a/%7Eb/c?"),
        (" /c ", "/c"),
        ("/Jos\xc3\xa9/\xe9", "/Jos%C3%A9/%E9"),
    ],
)
def test_what_is_relative_is_resolved_and_the_bytes_kept(location: str, target: str) -> None:
    assert target_of_redirect("http://a.example/a/%7Eb/x?q", location) == f"http://a.example{target}"


def test_another_host_without_a_scheme_keeps_the_scheme() -> None:
    assert target_of_redirect("https://a.example/a", "//b.example/%7e") == "https://b.example/%7e"


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "http://", "http:///a", "http://a.example:0/", "http://a.example:x/", "http://[::1", "http:a",
     "http://good.example\\@bad.example/", "http://@/", "a.example/", ""],
)  # fmt: skip
def test_what_is_no_url_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sendable(url)
    failure = ask(url)
    assert isinstance(failure, Failure)
    assert not failure.temporary


def test_a_robots_file_is_asked_for_at_the_host_alone(site: Site, said: list[tuple[str, str | None]]) -> None:
    listen(site, said)
    with Web(SETTINGS, Robots()) as web:
        web(Row(1, "Ann", site.url("/a%7E?b").replace("//", "//bob:secret@", 1), None, None), 1.0)
    assert said == [("/robots.txt", None), ("/a%7E?b", None)]


# Passwords ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["bob:secret", "bob", ":secret", "bob:se%40cret", "bob:se@cret", ""])
def test_no_password_of_a_list_or_a_redirect_is_sent(site: Site, said: list[tuple[str, str | None]], user: str) -> None:
    redirect(site, site.url("/a%7E").replace("//", f"//{user}@", 1))
    listen(site, said)
    assert ask(site.url("/from/here").replace("//", f"//{user}@", 1)) == b"photo"
    assert said == [("/from/here", None), ("/a%7E", None)]


def test_none_is_sent_to_a_proxy_but_the_proxys_own(
    site: Site, monkeypatch: pytest.MonkeyPatch, said: list[tuple[str, str | None]]
) -> None:
    monkeypatch.setenv("http_proxy", site.url("").replace("//", "//me:mine@", 1))
    own: list[str | None] = []
    site.routes["http://photos.example/"] = lambda request: own.append(request.headers["Proxy-Authorization"])
    listen(site, said)
    ask("http://bob:secret@photos.example/")
    assert said == [("http://photos.example/", None)]
    assert own == ["Basic " + base64.b64encode(b"me:mine").decode()]


def test_no_password_is_kept_or_told(
    site: Site, photo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In a good row, a failed one, a redirect, a bad box, a bad URL, whatever fails: nowhere in the folder."""
    site.serve("/ok", photo())
    site.serve("/to", status=302, Location=site.url("/gone").replace("//", "//bob:secret@"))
    site.serve("/away", status=302, Location="ftp://bob:secret@127.0.0.1/")
    user = "http://bob:secret@"
    paths = [f"{user}127.0.0.1:{site.port}/{name}" for name in ("ok", "to", "away", "404")]
    urls = [*paths, f"{user}127.0.0.1:1/", f"{user}no-such-host.invalid/", f"{user}[::1/", "ftp://bob:secret@a.example/",
            f"{user}a.example:99999/", "http://bob:sec/ret@a.example/"]  # fmt: skip
    source = tmp_path / "list.csv"
    source.write_text("name,url\n" + "".join(f"Ann,{url}\n" for url in urls))
    folder, told = tmp_path / "out", []
    report = download(
        read_list(source), folder, settings=SETTINGS, on_outcome=lambda o: told.append(repr(o)), on_warning=told.append
    )
    assert report.ok == 1
    assert report.rows == len(urls)
    with sqlite3.connect(folder / "journal.sqlite") as journal:
        dump = "\n".join(journal.iterdump())
    journal.close()
    texts = [(folder / name).read_text() for name in ("manifest.csv", "report.json")]
    everything = "\n".join([*texts, dump, *told, json.dumps(report.hosts), *capsys.readouterr(), caplog.text])
    for word in ("bob", "secret", "sec/ret"):
        assert word not in everything
    for path in folder.rglob("*"):
        assert path.is_dir() or b"secret" not in path.read_bytes()


def test_no_password_of_a_mirror_is_sent_or_told(site: Site, said: list[tuple[str, str | None]]) -> None:
    listen(site, said)
    with mirrors([site.url("").replace("//", "//bob:secret@")], SETTINGS) as find:
        url, answer = next(find("digits"))
    assert (url, answer) == (site.url("/digits.gz"), b"photo")
    assert said == [("/digits.gz", None)]


@pytest.mark.parametrize("proxy", ["http://me:mine@[::1", "http://me:mine@127.0.0.1:x", "http://me:mine@127.0.0.1:1"])
def test_a_proxy_that_fails_does_not_tell_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    failure = ask("http://photos.example/")
    assert isinstance(failure, Failure)
    assert "mine" not in failure.detail
    assert failure.reason in (Reason.CONNECT, Reason.DNS)


def test_a_socks_proxy_is_asked_for_the_path_as_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("socks")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.recv(99)
                line.sendall(b"\x05\x00")
                line.recv(99)
                line.sendall(b"\x05\x00\x00\x01" + bytes(6))
                heard.append(line.recv(999).split(b"\r\n")[0])
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nphoto")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        monkeypatch.setenv("http_proxy", f"socks5h://127.0.0.1:{server.getsockname()[1]}")
        assert ask("http://photos.example/a%7E?") == b"photo"
        thread.join(5)
    assert heard == [b"GET /a%7E? HTTP/1.1"]
