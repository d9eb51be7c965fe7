"""How many cores there are. A file of its own: the command line asks at every start, and nothing is imported for it."""

import os


def cores() -> int:
    """Return how many cores this process may compute on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
