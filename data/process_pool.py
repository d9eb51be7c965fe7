"""Calls in several processes, which never outlive or block the process that asked for them.

A process here is a Python that reads calls from its stdin and writes results to its stdout. It ends when its stdin
does, so however its parent ends, it ends too. The pools of the standard library cannot be used for this: their
processes stay for ever when the parent is killed, or print a traceback when that happens while they start; the parent
waits for running calls before it ends, and for ever for a result that a killed process had half sent.
"""

import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, TypeVar

from errors import ProcessError

Result = TypeVar("Result")
Call = tuple[int, bytes]
"""Its number, and (function, arguments) pickled twice: once for `_receive`, which looks at nothing in it."""
Answer = tuple[int, Any, Exception | None]
"""The number of a call, its result, and its error."""


@contextmanager
def in_processes(
    function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]], processes: int, *, died: str
) -> Iterator[Iterator[tuple[int, Result]]]:
    """Yield an iterator over (i, function(*arguments[i])), in the order in which the calls end.

    The calls are made by new processes, at most `processes` of them, which import the function: it cannot be of
    `__main__`. At the end of the block all are killed, also in the middle of a call: after an error or Ctrl-C nothing
    is waited for. Ctrl-C and TERM are for this process alone. An error of a call is raised here, with the call's own
    traceback as a note; ProcessError with the text `died` when one of the processes dies.
    """
    calls: deque[Call] = deque()
    for number, each in enumerate(arguments):
        calls.append((number, pickle.dumps(pickle.dumps((function, each)))))
    workers: list[subprocess.Popen[bytes]] = []
    try:
        yield _results(workers, calls, processes, died)
    finally:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()


def _results(
    workers: list[subprocess.Popen[bytes]], calls: deque[Call], processes: int, died: str
) -> Iterator[tuple[int, Any]]:
    answers: SimpleQueue[Answer] = SimpleQueue()
    n = len(calls)
    for _ in range(min(n, processes)):
        workers.append(_start())
        Thread(target=_feed, args=(workers[-1], calls, answers, died), daemon=True).start()
    for _ in range(n):
        number, result, error = answers.get()
        if error is not None:
            raise error
        yield number, result


def _start() -> subprocess.Popen[bytes]:
    program = f"import sys; sys.path[:] = {sys.path!r}; from data.process_pool import serve; serve()"
    with _signals_blocked():
        return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block Ctrl-C and TERM in this thread and, for ever, in the processes that it starts in the block."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _feed(worker: subprocess.Popen[bytes], calls: deque[Call], answers: SimpleQueue[Answer], died: str) -> None:
    """Have a process make one call after the other, until there are none left or it dies."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    with suppress(OSError), worker.stdin, worker.stdout:
        while calls:
            try:
                number, call = calls.popleft()
            except IndexError:  # another thread has taken the last one
                return
            try:
                worker.stdin.write(call)
                worker.stdin.flush()
                answers.put((number, *pickle.load(worker.stdout)))
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                lost = ProcessError(died)
                lost.__cause__ = error
                answers.put((number, None, lost))
                return


def serve() -> None:
    """Make the calls that stdin brings and write their results to stdout, until this process or its parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows, where it is not blocked
    if sys.stderr is None:  # it is closed: its number must not be given to a pipe
        os.open(os.devnull, os.O_WRONLY)
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a call prints is no answer
    received: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_receive, args=(calls, received), daemon=True).start()
    with suppress(BrokenPipeError):  # the parent has ended
        while True:
            outcome = _outcome(received.get())
            answers.write(pickle.dumps(outcome))
            answers.flush()


def _receive(calls: BinaryIO, received: SimpleQueue[bytes]) -> None:
    """Read calls; end this process as soon as there can be no more, whatever it is doing."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            received.put(pickle.load(calls))
    os._exit(1)


def _outcome(call: bytes) -> tuple[Any, Exception | None]:
    try:
        function, arguments = pickle.loads(call)
        return function(*arguments), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error
