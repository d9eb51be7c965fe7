"""What a command says when Ctrl-C or TERM ends it early: how far it came, and the command that goes on."""

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from data import program
from data.wording import count


@contextmanager
def going_on(done: Callable[[], str], *arguments: str) -> Iterator[None]:
    """Give the KeyboardInterrupt that ends the block a line to print: `stopped after 4 of 9 rows; go on: faces ...`.

    `done` is asked for the first part, unless code in the block has given the exception a message, which is used in its
    place. `arguments` are those of the command that goes on; none: the same as now.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.args = (f"{str(stop) or done()}; go on: {_typed_again(*(arguments or sys.argv[1:]))}",)
        raise


def stopped_after(done: int, total: int | None, what: str) -> str:
    """Return `stopped after 4 of 9 rows`, or without a total `stopped after 4 rows`."""
    return f"stopped after {count(done, what)}" if total is None else f"stopped after {done:,} of {count(total, what)}"


def _typed_again(*arguments: str) -> str:
    if "RANK" in os.environ:  # how torchrun was started, its processes are not told
        return f"the same torchrun with {shlex.join([program.short(sys.argv[0]), *arguments])}"
    return program.command(*arguments)
