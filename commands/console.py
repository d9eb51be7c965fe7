"""The terminal: results on stdout, log and progress on stderr, away from a program that reads the results.

Whatever a command says that is no plain `print` of a result goes through here, and so does every progress bar.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress(what: str, steps: int | None, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show a progress bar on a terminal, unless quiet; yields what moves it on, with a word to show beside it."""
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
    """Put results on stdout at once; a file's name goes out in the bytes it has on disk."""
    sys.stdout.buffer.write(os.fsencode(text))
    sys.stdout.buffer.flush()
