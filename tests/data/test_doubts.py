"""What makes a list suspicious, and what does not."""

import pytest

from data.doubts import Doubts, host_of
from data.reasons import Reason

WRONG, RIGHT = Reason.HASH_MISMATCH, Reason.OK


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://Example.org/a?b=http://x/y", "example.org"),
        ("https://example.org:8443", "example.org:8443"),
        ("http://example.org?id=1", "example.org"),
        ("http://example.org#top", "example.org"),
        ("http://ann:word@example.org/", "example.org"),
        ("http://[::1]:80/@x", "[::1]:80"),
    ],
)
def test_the_host_of_a_url_is_what_it_is_asked_of(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_hundred_mismatches_and_nothing_else_are_a_wrong_column() -> None:
    doubts = Doubts()
    for number in range(99):
        assert doubts.notice(WRONG, f"http://a/{number}", str(number)) is None
        assert doubts.notice(Reason.HTTP_404, f"http://b/{number}", None) is None
    assert "sha256 column" in (doubts.notice(WRONG, "http://a/99", "99") or "")
    assert doubts.notice(WRONG, "http://a/100", "100") is None
    assert len(doubts.warnings()) == 1


def test_one_photo_that_is_right_shows_that_the_column_is() -> None:
    doubts = Doubts()
    for number in range(300):
        doubts.notice(RIGHT if number == 50 else WRONG, f"http://a/{number}", str(number))
    assert doubts.warnings() == []


def test_one_wrong_picture_for_many_urls_of_a_host_is_told_once_and_counted() -> None:
    doubts = Doubts()
    doubts.notice(RIGHT, "http://a/ok", "ok")
    lines = [doubts.notice(WRONG, f"http://Gone.example/{number}", "ab") for number in range(12)]
    assert [number for number, line in enumerate(lines, 1) if line] == [5]
    (warning,) = doubts.warnings()
    assert warning.startswith("gone.example answered 12 different URLs with the same wrong bytes, SHA-256 ab")


def test_the_faces_of_one_photo_and_other_hosts_with_the_same_bytes_are_none() -> None:
    doubts = Doubts()
    for number in range(50):
        doubts.notice(WRONG, "http://a/group-photo", "ab")
        doubts.notice(WRONG, f"http://host{number}/", "cd")
        doubts.notice(RIGHT, f"http://a/{number}", "ef")
    assert doubts.warnings() == []


def test_of_many_wrong_pictures_those_that_come_back_are_remembered() -> None:
    doubts = Doubts()
    for number in range(50_000):
        doubts.notice(WRONG, f"http://a/{number}", "gone" if number % 1000 == 0 else str(number))
    assert len(doubts._seen) <= 20_001
    assert doubts._seen["a", "gone"][0] == 50


def test_of_very_many_warnings_some_are_only_counted() -> None:
    doubts = Doubts()
    doubts.notice(RIGHT, "http://a/ok", "ok")
    for number in range(200):
        doubts.notice(WRONG, f"http://host{number // 8}/{number}", "ab")
    assert len(doubts.warnings()) == 21
    assert doubts.warnings()[-1].startswith("5 more hosts")
