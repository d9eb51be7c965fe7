"""What a command says when Ctrl-C or TERM ends it early: how far it came, and the command that goes on."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
        stop.args = (f"{str(stop) or done()}; go on: {command_of(*(arguments or sys.argv[1:]))}",)
        raise


def stopped_after(done: int, total: int | None, what: str) -> str:
    """Return `stopped after 4 of 9 rows`, or without a total `stopped after 4 rows`."""
    return f"stopped after {count(done, what)}" if total is None else f"stopped after {done:,} of {count(total, what)}"


def command_of(*arguments: str) -> str:
    """The program with these arguments, as it can be typed where it was started."""
    if "RANK" in os.environ:  # how torchrun was started, its processes are not told
        return f"the same torchrun with {shlex.join([_short(sys.argv[0]), *arguments])}"
    started = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]  # python, its flags, and the program
    program = Path(sys.argv[0])
    if program.suffix == ".py":
        return shlex.join([*map(_short, started), *arguments])
    found = shutil.which(program.name)
    is_on_path = found is not None and Path(found).resolve() == program.resolve()
    return shlex.join([program.name if is_on_path else _short(sys.argv[0]), *arguments])


def _short(path: str) -> str:
    """A path relative to the current folder, if it is below it."""
    here = Path.cwd()
    if not Path(path).is_absolute() or not Path(path).is_relative_to(here):
        return path
    short = str(Path(path).relative_to(here))
    return short if os.sep in short or short.endswith(".py") else f"./{short}"
