"""A resolver that is silent costs a row no more than its time, and other rows nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data.download import download
from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Web
from data.web.lookup import look_up

Site = Any


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    """Seconds until a name is answered: 127.0.0.1; for names that are not in it, at once."""
    slow: dict[str, float] = {}
    real, end = socket.getaddrinfo, threading.Event()

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if end.wait(slow.get(host, 0)):
            raise socket.gaierror("the test is over")
        if host.startswith("missing"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    yield slow
    end.set()


def ask(url: str, **settings: Any) -> bytes | Failure:
    made = DownloadSettings(allow_private=True, **settings)
    with Web(made) as web:
        return web(Row(1, "Ann", url, None, None), made.deadline)


@pytest.mark.parametrize(
    ("timeout", "deadline", "reason", "temporary"),
    [(10, 0.5, Reason.DEADLINE, False), (0.3, 5, Reason.DNS, True), (0.5, 0.5, Reason.DEADLINE, False)],
)
def test_a_resolver_that_is_silent_ends_the_row_in_time(
    resolver: dict[str, float], timeout: float, deadline: float, reason: Reason, temporary: bool
) -> None:
    resolver["silent.example"] = 60
    started = time.monotonic()
    failure = ask("http://silent.example/", timeout=timeout, deadline=deadline)
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.temporary) == (reason, temporary), failure
    assert time.monotonic() - started < 2


def test_so_it_does_after_a_redirect(site: Site, resolver: dict[str, float]) -> None:
    resolver["silent.example"] = 60
    started = time.monotonic()
    failure = ask(site.serve("/", status=302, Location="http://silent.example/"), timeout=9, deadline=0.5)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.DEADLINE
    assert time.monotonic() - started < 2


def test_a_slow_answer_is_an_answer_and_a_missing_name_is_none(site: Site, resolver: dict[str, float]) -> None:
    resolver["slow.example"] = resolver["missing.example"] = 0.3
    site.serve("/", b"photo")
    assert ask(f"http://slow.example:{site.port}/", timeout=5, deadline=5) == b"photo"
    failure = ask("http://missing.example/", timeout=5, deadline=5)
    assert isinstance(failure, Failure)
    assert (failure.reason, failure.temporary) == (Reason.DNS, False)


def test_a_host_whose_name_is_never_answered_is_given_up(
    site: Site, photo: Any, resolver: dict[str, float], tmp_path: Path
) -> None:
    resolver["silent.example"] = 60
    rows = [Row(n, "Ann", f"http://silent.example/{n}", None, None) for n in range(200)]
    rows.append(Row(200, "Ann", site.serve("/ok", photo()), None, None))
    settings = DownloadSettings(timeout=0.2, deadline=3, retries=1, allow_private=True, size=16)
    started = time.monotonic()
    assert download(rows, tmp_path, settings=settings).reasons == {"dns": 200, "ok": 1}
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "a..example", "\udc80.example"])
def test_a_name_that_no_resolver_can_hold(host: str) -> None:
    with pytest.raises((OSError, UnicodeError)):
        look_up(host, 80, 1.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "8.8.8.8"])
def test_an_address_is_not_looked_up_at_length(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.web.lookup.Thread", None)
    assert look_up(host, 80, 1.0)[0][4][0] == host


def test_a_thread_that_waits_for_a_name_does_not_keep_the_program_from_ending(resolver: dict[str, float]) -> None:
    resolver["silent.example"] = 60
    before = set(threading.enumerate())
    with pytest.raises(TimeoutError):
        look_up("silent.example", 80, 0.05)
    (left,) = set(threading.enumerate()) - before
    assert left.daemon
