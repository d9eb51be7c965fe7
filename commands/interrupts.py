"""Ctrl-C and TERM: the first raises an exception, so that what was done is saved; the second ends the program at once.

Nothing heavy is imported here: signals are heard before the commands are imported.
"""

import os
import signal
import threading
from typing import NoReturn

from errors import Terminated

INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_raised: list[KeyboardInterrupt] = []  # the exception of the first signal


def hear() -> None:
    """From now on SIGINT raises KeyboardInterrupt, and SIGTERM `Terminated`; one that the parent ignores stays ignored.

    torchrun repeats a signal within milliseconds, and so do those who stop it: its processes ignore the second.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def hear_no_more() -> None:
    """From now on a signal ends the process as the system does, without a word: its work is done."""
    for number in _SIGNALS:
        if signal.getsignal(number) is _stop:
            signal.signal(number, signal.SIG_DFL)


def first() -> KeyboardInterrupt | None:
    """The exception that was raised, also if code in between has made another one of it; None without a signal."""
    return _raised[0] if _raised else None


def raise_again() -> None:
    """Raise the exception of a signal once more: a library in which it was first raised may have swallowed it."""
    if _raised and threading.current_thread() is threading.main_thread():
        raise _raised[0]


def exit_code_of(stop: KeyboardInterrupt) -> int:
    """143 for TERM, 130 for Ctrl-C."""
    return stop.exit_code if isinstance(stop, Terminated) else INTERRUPTED


def _stop(number: int, frame: object) -> None:
    if not _raised:
        _raised.append(Terminated() if number == signal.SIGTERM else KeyboardInterrupt())
        raise _raised[0]
    if "RANK" not in os.environ:
        _end_at_once(exit_code_of(_raised[0]))


def _end_at_once(code: int) -> NoReturn:
    """End without Python's own end, which waits for threads; the streams may be in the middle of a line, or locked."""
    try:
        os.write(2, b"faces: ended at once, by a second signal\n")
    finally:
        os._exit(code)
