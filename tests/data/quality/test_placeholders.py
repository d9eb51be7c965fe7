"""Which pictures are a host's sign for what is gone, and which are only the same."""

import random

import pytest

from data.quality import Picture, find_placeholders

GONE, LOOK = "ab" * 32, 0xF0F0 << 100


def picture(number: int, url: str, photo: str = GONE, look: int | None = LOOK, host: str = "a") -> Picture:
    return Picture(number.to_bytes(16, "big"), host, url, photo, None if look is None else f"{look:064x}")


def found(pictures: list[Picture]) -> list[tuple[str, int, list[int]]]:
    """Host, URLs and rows of each placeholder."""
    ordered = sorted(pictures, key=lambda one: one.host)
    return [
        (one.host, one.urls, sorted(int.from_bytes(key, "big") for key in one.keys))
        for one in find_placeholders(lambda: iter(ordered))
    ]


@pytest.mark.parametrize("look", [None, LOOK, 0])
def test_the_same_bytes_for_four_urls_of_a_host(look: int | None) -> None:
    rows = [picture(n, f"http://a/{n}", look=look) for n in range(4)]
    assert found(rows) == [("a", 4, [0, 1, 2, 3])]
    assert found(rows[:3]) == []


def test_nearly_the_same_picture_for_four_urls_of_a_host() -> None:
    rows = [picture(n, f"http://a/{n}", str(n) * 64, LOOK ^ (1 << n)) for n in range(1, 8)]
    assert found(rows) == [("a", 7, [1, 2, 3, 4, 5, 6, 7])]
    assert found([row._replace(whole=None) for row in rows]) == []


@pytest.mark.parametrize("url", ["http://a/photo.jpg", "http://a/photo.jpg#{}"])
def test_one_photo_in_many_rows_is_none(url: str) -> None:
    assert found([picture(n, url.format(n)) for n in range(40)]) == []


def test_one_photo_on_many_hosts_is_none() -> None:
    assert found([picture(n, f"http://host{n % 20}/{n}", host=f"host{n % 20}") for n in range(60)]) == []


def test_photos_that_change_little_by_little_are_none() -> None:
    rows = [picture(n, f"http://a/{n}", str(n) * 64, (1 << 10 * n) - 1) for n in range(1, 10)]
    pairs_only = [row for row in rows if int.from_bytes(row.key, "big") % 2]
    assert found(pairs_only) == []


def test_each_host_has_its_own() -> None:
    rows = [picture(n, f"http://{host}/{n}", host * 64, None, host) for host in "bc" for n in range(5)]
    assert found([*rows, picture(9, "http://b/9", "dd" * 32, None, "b")]) == [
        ("b", 5, [0, 1, 2, 3, 4]),
        ("c", 5, [0, 1, 2, 3, 4]),
    ]


def test_among_very_many_pictures_they_are_found_in_a_breath() -> None:
    generator = random.Random(2)
    rows = [picture(n, f"http://a/{n}", f"{n:064x}", generator.getrandbits(256)) for n in range(20_000)]
    rows += [picture(n, f"http://a/{n}") for n in range(20_000, 20_500)]
    assert found(rows) == [("a", 500, list(range(20_000, 20_500)))]


def test_a_picture_without_a_single_bright_edge_is_near_others_too() -> None:
    rows = [picture(n, f"http://a/{n}", str(n) * 64, n and 1 << n) for n in range(4)]
    assert found(rows) == [("a", 4, [0, 1, 2, 3])]
