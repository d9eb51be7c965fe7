"""How progress is shown, by whoever calls: the form of a progress bar, and none at all."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Bar = Callable[[str, int], AbstractContextManager[Callable[[str], None]]]
"""(what, steps) -> a progress bar; what it yields moves it one step, with a word to show beside it."""


def no_bar(what: str, steps: int) -> AbstractContextManager[Callable[[str], None]]:
    """Show nothing: for tests and libraries."""
    return nullcontext(lambda word: None)
