"""Groups of crops that show one picture under different names: at most one of the names can be right.

The hashes are read twice, so that a million crops need memory only for their hashes: first to find pairs that are
close, then to find their files and names.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from data.quality.perceptual_hash import close_pairs

MOST_GROUPS = 1000
MOST_FILES = 50  # listed of one group

Hashes = Callable[[], Iterator[tuple[int, str, str]]]  # perceptual hash, name and file of every crop of the list


def find_near_duplicates(hashes: Hashes) -> list[list[str]]:
    """Groups of similar files of at least two people; files are sorted, and groups by their first file."""
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
    shared = [sorted(group) for group in groups.values() if len({name for _, name in group}) > 1]
    return sorted([file for file, _ in group[:MOST_FILES]] for group in shared)[:MOST_GROUPS]


def _root_of(root: dict[int, int], value: int) -> int:
    """The hash that represents a group (union-find)."""
    while root[value] != value:
        root[value] = root[root[value]]
        value = root[value]
    return value
