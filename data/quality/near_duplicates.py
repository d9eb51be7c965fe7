"""Groups of crops that show one picture: under different names, of which at most one can be right, or often under one.

The hashes are read twice, so that a million crops need memory only for their hashes: first to find pairs that are
close, then to find their files and names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from data.quality.perceptual_hash import close_pairs

MOST_GROUPS = 1000
OFTEN = 4  # crops of one person that look alike: fewer may be copies of one photo on different sites, or its two boxes
MOST_FILES = 50  # listed of one group

Hashes = Callable[[], Iterator[tuple[int, str, str]]]  # perceptual hash, name and file of every crop of the list


class Group(NamedTuple):
    """Files of crops that look alike, sorted; whether they are under several names."""

    files: list[str]
    several_people: bool


def find_near_duplicates(hashes: Hashes) -> list[Group]:
    """Groups of similar files of at least two people, or at least `OFTEN` of one, sorted by their first file."""
    values = sorted(value for value, _, _ in hashes())
    root = {value: value for value, following in pairwise(values) if value == following}
    pairs = close_pairs(values)
    del values
    root.update({value: value for pair in pairs for value in pair})
    for one, other in pairs:
        low, high = sorted((_root_of(root, one), _root_of(root, other)))
        root[high] = low
    groups: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for value, name, file in hashes() if root else ():
        if value in root:
            groups[_root_of(root, value)].append((file, name))
    found = [
        Group([file for file, _ in sorted(group)[:MOST_FILES]], len({name for _, name in group}) > 1)
        for group in groups.values()
    ]
    return sorted(group for group in found if group.several_people or len(group.files) >= OFTEN)[:MOST_GROUPS]


def _root_of(root: dict[int, int], value: int) -> int:
    """The hash that represents a group (union-find)."""
    while root[value] != value:
        root[value] = root[root[value]]
        value = root[value]
    return value
