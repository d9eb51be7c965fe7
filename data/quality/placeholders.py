"""Find the pictures that hosts answer in place of photos that are gone: "image not available", with status 200.

Such a picture comes for different URLs of one host, with the same bytes or nearly: a server may draw the date into it.
One photo that a list has twice, or with two boxes, has one URL, and is none. A picture whose listed digest is right is
what the list means, and is not looked at.

The pictures are read twice, so that a million of them need memory only for their hashes: first to find what is seen
often on a host, then to find its rows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from data.quality.perceptual_hash import close_pairs

OFTEN = 4  # different URLs of one host: fewer may be copies of one photo


class Picture(NamedTuple):
    """A picture that came for a row without a listed digest; `whole` is its perceptual hash, if it is known."""

    key: bytes  # of the row
    host: str
    url: str
    photo: str  # SHA-256
    whole: str | None


class Placeholder(NamedTuple):
    """The rows that one host answered with one picture, and the number of their different URLs."""

    host: str
    urls: int
    keys: list[bytes]


Pictures = Callable[[], Iterator[Picture]]  # all pictures, those of a host one after the other


def find_placeholders(pictures: Pictures) -> list[Placeholder]:
    """The placeholders of all hosts, in the order of the hosts."""
    often: dict[str, dict[int, int]] = {}  # host -> what is seen often there -> the first of what is close to it
    for host, group in groupby(pictures(), attrgetter("host")):
        if found := _seen_often(Counter(map(_look, group))):
            often[host] = found
    urls: dict[tuple[str, int], set[str]] = defaultdict(set)
    keys: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    for picture in pictures() if often else ():
        first = often.get(picture.host, {}).get(_look(picture))
        if first is not None:
            urls[picture.host, first].add(picture.url.partition("#")[0])
            keys[picture.host, first].append(picture.key)
    return [Placeholder(key[0], len(urls[key]), keys[key]) for key in keys if len(urls[key]) >= OFTEN]


def _look(picture: Picture) -> int:
    """A number that is equal for equal pictures and, if it is not negative, close for similar ones."""
    return int(picture.whole, 16) if picture.whole is not None else -1 - int(picture.photo, 16)


def _seen_often(looks: Counter[int]) -> dict[int, int]:
    """The looks of the pictures that at least `OFTEN` rows have, each with the one that stands for its group.

    A group is one look with those close to it, not also what is close to these: a series of photos that change little
    by little is no placeholder.
    """
    if looks.total() < OFTEN:
        return {}
    close: dict[int, list[int]] = defaultdict(list)
    for one, other in close_pairs(look for look in looks if look >= 0):
        close[one].append(other)
        close[other].append(one)
    rows = {look: n + sum(looks[other] for other in close.get(look, ())) for look, n in looks.items()}
    groups: dict[int, int] = {}
    for look in sorted((look for look, n in rows.items() if n >= OFTEN), key=lambda look: (-rows[look], look)):
        if look not in groups:
            members = [other for other in (look, *close.get(look, ())) if other not in groups]
            if sum(looks[member] for member in members) >= OFTEN:
                groups.update(dict.fromkeys(members, look))
    return groups
