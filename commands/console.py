"""Output to the terminal: results to stdout, log and progress to stderr, so that a program can read the results."""

import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from commands import interrupts
from errors import UsageError

_NEEDS_MEMORY = ("batch_size", "workers", "memory_limit", "max_pixels")  # options: with less, less is needed
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "STATUS_ALLOC_FAILED")  # torch's words
_WANTED = re.compile(r"allocate ([\d.]+ (?:[KMGT]iB|bytes))")
_SECONDS = 30.0  # between two lines of progress, and before the first
_STEPS_SHOWN = 1000  # steps that an earlier run took, after which the bar is drawn again
_UNITS = ((1, "a second"), (60, "a minute"), (3600, "an hour"))
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


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
        or (isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY))
    )


def out_of_memory(error: BaseException, options: object) -> str:
    """Return what was too large, where, and what asks for less among the flags of this command, as one line."""
    wanted, on_gpu = _WANTED.search(str(error)), re.search("CUDA|CUBLAS|CUDNN", str(error)) is not None
    flags = [f"--{name.replace('_', '-')}" for name in _NEEDS_MEMORY if hasattr(options, name)]
    advice = [f"lower {' or '.join(flags)}"] if flags else []
    advice += ["compute on the processor with --device cpu"] if on_gpu and hasattr(options, "device") else []
    advice += ["give it fewer photos"] if hasattr(options, "folder") or hasattr(options, "photo") else []
    return (
        f"out of memory{' on the GPU' if on_gpu else ''}"
        + (f", {wanted[1]} more did not fit" if wanted else "")
        + f": {', or '.join(advice or ['end other programs'])}"
    )


class Advance(Protocol):
    """The function that moves the progress a step."""

    def __call__(self, word: str, *, fresh: bool = True) -> None:
        """Show a word beside it, unless empty. A step not `fresh` was done earlier, and has no part in the rate."""


@contextmanager
def progress(what: str, steps: int | None, *, quiet: bool) -> Iterator[Advance]:
    """Show how far the work is, unless quiet: a bar on a terminal, else a line every half minute."""
    if quiet:
        yield _show_nothing
    elif sys.stderr.isatty():
        with _bar(what, steps) as advance:
            yield advance
    else:
        yield _Lines(what, steps).advance


def _show_nothing(word: str, *, fresh: bool = True) -> None:
    interrupts.raise_again()


@contextmanager
def _bar(what: str, steps: int | None) -> Iterator[Advance]:
    from tqdm import tqdm

    with tqdm(total=steps, desc=what, leave=False, unit="") as bar:

        def advance(word: str, *, fresh: bool = True) -> None:
            interrupts.raise_again()
            if word:
                bar.set_postfix_str(word, refresh=False)
            if fresh:
                bar.update()
                return
            bar.n += 1
            bar.initial += 1  # tqdm's rate counts from here
            bar.last_print_n += 1
            if bar.n % _STEPS_SHOWN == 0:
                bar.refresh()

        yield advance


class _Lines:
    """Progress where there is no terminal, such as in a file: a line on stderr, no sooner than every `_SECONDS`."""

    def __init__(self, what: str, steps: int | None) -> None:
        self._what, self._steps = what, steps
        self._done = self._fresh = 0
        self._word = ""
        self._started = self._told = time.monotonic()

    def advance(self, word: str, *, fresh: bool = True) -> None:
        interrupts.raise_again()
        self._done += 1
        self._fresh += fresh
        self._word = word or self._word
        now = time.monotonic()
        if now >= self._told + _SECONDS:
            self._told = now
            log(f"{self._what}: {self._line(now - self._started)}")

    def _line(self, seconds: float) -> str:
        """Done, rate and time left: `412 of 3,000, 13.7 a second, 03:09 left, 12 failed`."""
        from tqdm import tqdm

        parts = [f"{self._done:,}" if self._steps is None else f"{self._done:,} of {self._steps:,}"]
        if self._fresh:
            rate = self._fresh / seconds
            times, unit = next((n, unit) for n, unit in _UNITS if rate * n >= 1 or unit == _UNITS[-1][1])
            parts.append(f"{rate * times:.1f} {unit}")
            if self._steps is not None and self._steps > self._done:
                parts.append(f"{tqdm.format_interval((self._steps - self._done) / rate)} left")
        return ", ".join(filter(None, [*parts, self._word]))


def log(line: str) -> None:
    """Put a line on stderr, above the bar if there is one; where it cannot be written, the work goes on."""
    from tqdm import tqdm

    with suppress(OSError):
        tqdm.write(line, file=sys.stderr)


def print_json(value: dict[str, Any]) -> None:
    """Put an object on stdout, on one line; in ASCII, where stdout cannot take all of its characters."""
    import json

    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value)
    print(text)


def write(text: str) -> None:
    """Write results to stdout at once; names of files keep the bytes that they have on disk."""
    sys.stdout.write(text)
    sys.stdout.flush()
