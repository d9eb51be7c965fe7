"""The type of a progress bar, and one that shows nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Bar = Callable[[str, int | None], AbstractContextManager[Callable[[str], None]]]
"""(what is done, steps) -> a context that yields a function; each call moves the bar a step and shows a word."""


def no_bar(what: str, steps: int | None) -> AbstractContextManager[Callable[[str], None]]:
    """Show nothing: for tests and libraries."""
    return nullcontext(lambda word: None)
