"""A host's robots.txt, obeyed when that is asked for: read once, for all workers, and before every hop."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.download import download
from data.reasons import Failure, Reason
from data.rows import Row
from data.settings import DownloadSettings
from data.web import Robots, Web

SETTINGS = DownloadSettings(
    size=16, workers=6, timeout=0.5, deadline=2.0, retries=0, allow_private=True, respect_robots=True
)
Site = Any


def ask(url: str, robots: Robots | None = None) -> bytes | Failure:
    with Web(SETTINGS, robots or Robots()) as web:
        return web(Row(1, "Ann", url, None, None), SETTINGS.deadline)


@pytest.mark.parametrize(
    "text",
    [b"User-agent: *\nDisallow: /photos", b"User-agent: faces\nDisallow: /", b"\xff\nUser-agent: *\nDisallow: /"],
)
def test_what_is_forbidden_is_not_asked_for(site: Site, text: bytes) -> None:
    site.serve("/robots.txt", text)
    failure = ask(site.serve("/photos/1", b"photo"))
    assert failure == Failure(Reason.OPT_OUT, "robots.txt")
    assert site.asked == {"/robots.txt": 1}


@pytest.mark.parametrize(
    "text", [b"", b"User-agent: other\nDisallow: /", b"User-agent: *\nDisallow: /private", b"<html>", bytes(600_000)]
)
def test_anything_else_is(site: Site, text: bytes) -> None:
    site.serve("/robots.txt", text)
    assert ask(site.serve("/photos/1", b"photo")) == b"photo"


@pytest.mark.parametrize(("status", "reason"), [(404, None), (403, None), (500, Reason.HTTP_5XX)])
def test_without_the_file_all_is_allowed_and_while_it_cannot_be_had_nothing(
    site: Site, status: int, reason: Reason | None
) -> None:
    site.serve("/robots.txt", b"", status)
    answer = ask(site.serve("/1", b"photo"))
    assert (answer.reason if isinstance(answer, Failure) else None) == reason
    assert site.asked["/1"] == (reason is None)


def test_a_host_out_of_reach_is_that_and_no_opt_out() -> None:
    failure = ask("http://127.0.0.1:1/1")
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.CONNECT


def test_where_a_redirect_leads_is_asked_too(site: Site) -> None:
    site.serve("/robots.txt", b"User-agent: *\nDisallow: /secret")
    site.serve("/secret", b"photo")
    failure = ask(site.serve("/1", status=302, Location="/secret"))
    assert failure == Failure(Reason.OPT_OUT, "robots.txt")
    assert site.asked["/secret"] == 0


def test_the_file_is_asked_for_once_however_many_workers(
    site: Site, photo: Callable[..., bytes], tmp_path: Path
) -> None:
    site.serve("/robots.txt", b"User-agent: *\nDisallow: /7")
    rows = [Row(n, "Ann", site.serve(f"/{n}", photo(n)), None, None) for n in range(12)]
    report = download(rows, tmp_path, settings=SETTINGS)
    assert report.reasons == {"ok": 11, "opt_out": 1}
    assert site.asked["/robots.txt"] == 1


def test_without_the_setting_it_is_not_asked_for(site: Site, tmp_path: Path) -> None:
    download([Row(1, "Ann", site.url("/1"), None, None)], tmp_path, settings=DownloadSettings(allow_private=True))
    assert site.asked == {"/1": 1}


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        (b"User-agent: mybot\nDisallow: /photos", True),
        (b"User-agent: faces\nDisallow: /photos\n\nUser-agent: mybot\nAllow: /", True),
        (b"User-agent: someone\nDisallow: /", False),
    ],
)
def test_rules_for_a_name_of_the_users_choice_hold_as_do_those_for_this_program(
    site: Site, text: bytes, forbidden: bool
) -> None:
    site.serve("/robots.txt", text)
    settings = replace(SETTINGS, user_agent="MyBot/1.0 (someone@a.example)")
    with Web(settings, Robots()) as web:
        answer = web(Row(1, "Ann", site.serve("/photos/1", b"photo"), None, None), 1.0)
    assert (answer == Failure(Reason.OPT_OUT, "robots.txt")) is forbidden
