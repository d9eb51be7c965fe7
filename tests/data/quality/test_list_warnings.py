"""What makes a list suspicious, and what does not."""

import pytest

from data.quality import ListWarnings
from data.reasons import Reason
from data.rows import host_of

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
    warnings = ListWarnings()
    for number in range(99):
        assert warnings.add(WRONG, f"http://a/{number}", str(number)) is None
        assert warnings.add(Reason.HTTP_404, f"http://b/{number}", None) is None
    assert "sha256 column" in (warnings.add(WRONG, "http://a/99", "99") or "")
    assert warnings.add(WRONG, "http://a/100", "100") is None
    assert len(warnings.warnings()) == 1


def test_one_photo_that_is_right_shows_that_the_column_is() -> None:
    warnings = ListWarnings()
    for number in range(300):
        warnings.add(RIGHT if number == 50 else WRONG, f"http://a/{number}", str(number))
    assert warnings.warnings() == []


def test_one_wrong_picture_for_many_urls_of_a_host_is_told_once_and_counted() -> None:
    warnings = ListWarnings()
    warnings.add(RIGHT, "http://a/ok", "ok")
    lines = [warnings.add(WRONG, f"http://Gone.example/{number}", "ab") for number in range(12)]
    assert [number for number, line in enumerate(lines, 1) if line] == [5]
    (warning,) = warnings.warnings()
    assert warning.startswith("gone.example answered 12 different URLs with the same wrong bytes, SHA-256 ab")


def test_the_faces_of_one_photo_and_other_hosts_with_the_same_bytes_are_none() -> None:
    warnings = ListWarnings()
    for number in range(50):
        warnings.add(WRONG, "http://a/group-photo", "ab")
        warnings.add(WRONG, f"http://host{number}/", "cd")
        warnings.add(RIGHT, f"http://a/{number}", "ef")
    assert warnings.warnings() == []


def test_of_many_wrong_pictures_those_that_come_back_are_remembered() -> None:
    warnings = ListWarnings()
    for number in range(50_000):
        warnings.add(WRONG, f"http://a/{number}", "gone" if number % 1000 == 0 else str(number))
    assert warnings.pictures <= 20_001
    assert any(line.startswith("a answered 50 different URLs") for line in warnings.warnings())


def test_of_very_many_warnings_some_are_only_counted() -> None:
    warnings = ListWarnings()
    warnings.add(RIGHT, "http://a/ok", "ok")
    for number in range(200):
        warnings.add(WRONG, f"http://host{number // 8}/{number}", "ab")
    assert len(warnings.warnings()) == 21
    assert warnings.warnings()[-1].startswith("5 more hosts")
