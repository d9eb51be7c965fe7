"""The folders of a grouped heap of photos that are no person's, beside those that are.

`GROUPS` is the database that makes a folder one of groups: without it these names are names like any other.
"""

import re

GROUPS = "groups.sqlite"
UNSORTED, STRANGERS, NOT_FACES = "unsorted", "strangers", "not-faces"

_GROUP = re.compile(r"group-(\d{3,9})")


def group_folder(number: int) -> str:
    """Return the name of the folder of a group that has no name yet."""
    return f"group-{number:03}"


def number_of(folder: str) -> int | None:
    """Return the number of the group whose folder this is; None for any other folder."""
    match = _GROUP.fullmatch(folder)
    return int(match[1]) if match and group_folder(int(match[1])) == folder else None


def is_nobody(folder: str) -> bool:
    """Whether a folder of this name in a folder of groups is no person's."""
    return folder in (UNSORTED, STRANGERS, NOT_FACES) or number_of(folder) is not None
