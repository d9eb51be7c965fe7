"""Output to the terminal: results to stdout, log and progress to stderr, so that a program can read the results."""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from errors import UsageError

OUT_OF_MEMORY = (
    "out of memory: lower --batch-size or --memory-limit where the command has it, compute on the processor with "
    "--device cpu, or give it fewer photos"
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def make_streams_safe() -> None:
    """Let stdout and stderr take any text: where one is closed, and a path whose bytes are no text."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        is_unicode = sys.stdout.encoding.lower().startswith("utf")
        sys.stdout.reconfigure(errors="surrogateescape" if is_unicode else "backslashreplace")


def lines_of_stdin() -> Iterator[str]:
    """Yield the lines of stdin; names of files may have any bytes. UsageError when it is closed."""
    if sys.stdin is None:
        raise UsageError("- stands for names on stdin, one a line, but stdin is closed")
    yield from map(os.fsdecode, sys.stdin.buffer)


def one_line(error: BaseException) -> str:
    """Return an error's message without what would break the line, or a terminal: names may hold anything."""
    return _CONTROLS.sub(lambda control: ascii(control[0])[1:-1], str(error))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, numpy's, or torch's on a processor or a GPU."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or any(words in str(error) for words in ("can't allocate memory", "CUDA out of memory", "not enough memory"))
    )


@contextmanager
def progress(what: str, steps: int | None, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal, unless quiet; yield a function that advances it and shows a word beside it."""
    from tqdm import tqdm

    with tqdm(total=steps, desc=what, disable=True if quiet else None, leave=False, unit="") as bar:

        def advance(word: str) -> None:
            if word:
                bar.set_postfix_str(word, refresh=False)
            bar.update()

        yield advance


def log(line: str) -> None:
    """Put a line on stderr, above the bar if there is one."""
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


def print_json(value: dict[str, Any]) -> None:
    """Put an object on stdout, on one line."""
    import json

    print(json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode())


def write(text: str) -> None:
    """Write results to stdout at once; names of files keep the bytes that they have on disk."""
    sys.stdout.buffer.write(os.fsencode(text))
    sys.stdout.buffer.flush()
