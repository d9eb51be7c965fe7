"""Crops that show one picture under different names, in groups: at most one name of each can be right.

Looks are read off the journal twice, so that of a million crops only their looks stand in memory: first to find those
that are close to another, then to see whose they are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from data.quality.perceptual_hash import close_pairs

MOST_GROUPS = 1000
MOST_FILES = 50  # named of one group

Looks = Callable[[], Iterator[tuple[int, str, str]]]  # look, name and file of every crop of the list


def find_near_duplicates(looks: Looks) -> list[list[str]]:
    """Groups of files of at least two people that look alike, each sorted, the groups by their first file."""
    every = sorted(look for look, _, _ in looks())
    root = {look: look for look, other in pairwise(every) if look == other}
    pairs = close_pairs(every)
    del every
    root.update({look: look for pair in pairs for look in pair})
    for one, other in pairs:
        low, high = sorted((_found(root, one), _found(root, other)))
        root[high] = low
    groups: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for look, name, file in looks() if root else ():
        if look in root:
            groups[_found(root, look)].append((file, name))
    shared = [sorted(group) for group in groups.values() if len({name for _, name in group}) > 1]
    return sorted([file for file, _ in group[:MOST_FILES]] for group in shared)[:MOST_GROUPS]


def _found(root: dict[int, int], look: int) -> int:
    """The look that stands for a group (union-find)."""
    while root[look] != look:
        root[look] = root[root[look]]
        look = root[look]
    return look
