"""Output to the terminal: results to stdout, log and progress to stderr, so that a program can read the results."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


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

    print(json.dumps(value, ensure_ascii=False))


def write(text: str) -> None:
    """Write results to stdout at once; names of files keep the bytes that they have on disk."""
    sys.stdout.buffer.write(os.fsencode(text))
    sys.stdout.buffer.flush()
