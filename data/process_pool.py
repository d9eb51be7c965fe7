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
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, TypeVar

from errors import ProcessError

Result = TypeVar("Result")
Call = tuple[bytes, Future[Any]]
"""A function without arguments, pickled twice: once for `_receive`, which looks at nothing in it; and its outcome."""


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
    with ProcessPool(processes, died=died) as pool:
        yield _results(pool, function, arguments)


def _results(
    pool: "ProcessPool", function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    ended: SimpleQueue[Future[Any]] = SimpleQueue()
    numbers = {pool.submit(function, *each): number for number, each in enumerate(arguments)}
    for future in numbers:
        future.add_done_callback(ended.put)
    for _ in range(len(numbers)):
        future = ended.get()
        yield numbers[future], future.result()


class ProcessPool(Executor):
    """New processes, one for each call until there are `processes` of them. The end of its block kills them.

    A call's function and arguments are as `in_processes` says, and so are its errors. The processes inherit the files
    with the numbers `inherited`, under the same numbers; not on Windows.
    """

    def __init__(self, processes: int, *, died: str, inherited: Sequence[int] = ()) -> None:
        self._processes, self._died, self._inherited = processes, died, inherited
        self._workers: list[subprocess.Popen[bytes]] = []
        self._calls: SimpleQueue[Call | None] = SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a process make this call; return its outcome."""
        future: Future[Any] = Future()
        self._calls.put((pickle.dumps(pickle.dumps(partial(fn, *args, **kwargs))), future))
        if len(self._workers) < self._processes:
            self._workers.append(_start(self._inherited))
            Thread(target=_feed, args=(self._workers[-1], self._calls, self._died), daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """Kill the processes, also in the middle of a call: nothing is waited for."""
        for worker in self._workers:
            worker.kill()
            self._calls.put(None)
        for worker in self._workers:
            worker.wait()


def _start(inherited: Sequence[int]) -> subprocess.Popen[bytes]:
    program = f"import sys; sys.path[:] = {sys.path!r}; from data.process_pool import serve; serve()"
    with _signals_blocked():
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, pass_fds=inherited)


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


def _feed(worker: subprocess.Popen[bytes], calls: SimpleQueue[Call | None], died: str) -> None:
    """Have a process make one call after the other, until None comes or it dies."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    with suppress(OSError), worker.stdin, worker.stdout:
        while call := calls.get():
            try:
                worker.stdin.write(call[0])
                worker.stdin.flush()
                result, error = pickle.load(worker.stdout)
            except (EOFError, OSError, pickle.UnpicklingError) as lost:
                error = ProcessError(died)
                error.__cause__ = lost
                call[1].set_exception(error)
                return
            if error is None:
                call[1].set_result(result)
            else:
                call[1].set_exception(error)


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
        return pickle.loads(call)(), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        return None, error
