"""Calls in several processes: no process outlives or blocks the one that asked for them, however that one ends.

The scripts below and all their processes hold the script's stderr. So reading it to its end waits for the last of them.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import pytest

from data.cores import cores
from data.in_order import in_order
from data.process_pool import ProcessPool, in_processes
from errors import ProcessError, UsageError

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 20  # more than a busy machine needs, less than the calls that are interrupted

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to a process group are of Unix")

NAPS = """
import signal, sys, time
from data.process_pool import in_processes

def stop(number, frame):
    raise KeyboardInterrupt

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    try:
        with in_processes(time.sleep, [(0,), (600,), (600,)], 2, died="died") as ended:
            print("started", flush=True)
            for _ in ended:
                pass
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(130)
"""
ABANDONED = """
import time
from data.process_pool import in_processes

def endless():
    with in_processes(time.sleep, [(0,), (600,)], 2, died="died") as ended:
        yield from ended

results = endless()
next(results)
"""


def multiply(x: int, y: int) -> int:
    return x * y


def twice(x: int) -> int:
    return 2 * x


def fail_or_sleep(what: str | int) -> None:
    if isinstance(what, str):
        raise UsageError(what)
    time.sleep(what)


def send_half() -> bytes:
    """Let this process send a hundred bytes of its result, and then die."""
    whole = pickle.dumps
    patch("pickle.dumps", lambda answer: whole(answer)[:100]).start()
    threading.Timer(0.1, os._exit, (1,)).start()
    return bytes(1000)


@contextmanager
def running(script: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A script in a process group of its own, of which nothing is left after the block."""
    file = tmp_path / "script.py"
    file.write_text(script)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, str(file)]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def started(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"


MOMENTS = (0.0, 0.03, 0.1, 0.4)  # seconds after the block has begun: before, while and after the processes start


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("signals", ["INT", "TERM", "INT INT", "TERM INT"])
def test_signals_to_the_process_group_end_all_processes(signals: str, moment: float, tmp_path: Path) -> None:
    with running(NAPS, tmp_path) as process:
        started(process)
        time.sleep(moment)
        for name in signals.split():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.Signals[f"SIG{name}"])
            time.sleep(0.002)
        _, err = process.communicate(timeout=SECONDS)
    assert "serve" not in err  # as in the traceback of a child
    if " " not in signals:
        assert (process.returncode, err) == (130, "")


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_process_outlives_one_that_is_killed(moment: float, tmp_path: Path) -> None:
    with running(NAPS, tmp_path) as process:
        started(process)
        time.sleep(moment)
        process.kill()
        _, err = process.communicate(timeout=SECONDS)
    assert err == ""


def test_a_block_that_is_never_left_ends_with_the_program(tmp_path: Path) -> None:
    with running(ABANDONED, tmp_path) as process:
        _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (0, "")


def test_the_results_are_those_of_all_calls() -> None:
    with in_processes(multiply, [(i, 3) for i in range(7)], 2, died="died") as ended:
        assert dict(ended) == {i: 3 * i for i in range(7)}


def test_an_error_of_a_call_is_raised_and_nothing_is_waited_for() -> None:
    began = time.monotonic()
    with (
        pytest.raises(UsageError, match="no such thing") as raised,
        in_processes(fail_or_sleep, [("no such thing",), (600,)], 2, died="died") as ended,
    ):
        list(ended)
    assert str(raised.value) == "no such thing"
    assert "in fail_or_sleep" in raised.value.__notes__[0]
    assert time.monotonic() - began < SECONDS


def test_a_process_that_dies_is_one_line() -> None:
    with (
        pytest.raises(ProcessError, match="died: do this"),
        in_processes(os._exit, [(1,)], 1, died="died: do this") as ended,
    ):
        list(ended)


def test_a_process_that_dies_with_half_a_result_sent_is_one_line() -> None:
    with pytest.raises(ProcessError, match="died"), in_processes(send_half, [()], 1, died="died") as ended:
        list(ended)


def test_calls_print_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with in_processes(print, [("a", 1), ("b", 2)], 1, died="died") as ended:
        assert dict(ended) == {0: None, 1: None}
    assert capfd.readouterr() == ("", "a 1\nb 2\n")


def test_ctrl_c_and_term_are_not_for_the_processes() -> None:
    with in_processes(signal.pthread_sigmask, [(signal.SIG_BLOCK, ())], 1, died="died") as ended:
        [(_, blocked)] = ended
    assert {signal.SIGINT, signal.SIGTERM} <= blocked
    assert not {signal.SIGINT, signal.SIGTERM} & signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_the_processes_are_gone_after_the_block() -> None:
    with in_processes(os.getpid, [()], 1, died="died") as ended:
        [(_, process)] = ended
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_pool_is_an_executor() -> None:
    with ProcessPool(2, died="died") as pool:
        assert list(in_order(pool, twice, range(7), 3)) == [2 * i for i in range(7)]


def test_after_an_error_a_process_makes_further_calls() -> None:
    with ProcessPool(1, died="died") as pool:
        failed, made = pool.submit(fail_or_sleep, "no such thing"), pool.submit(twice, 3)
        assert made.result(SECONDS) == 6
        with pytest.raises(UsageError, match="no such thing"):
            failed.result(0)


def test_the_processes_have_the_files_that_they_inherit(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        with ProcessPool(2, died="died", inherited=[file]) as pool:
            assert pool.submit(os.write, file, b"here").result(SECONDS) == 4
    finally:
        os.close(file)
    assert (tmp_path / "file").read_bytes() == b"here"


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
    if hasattr(os, "sched_getaffinity"):
        with patch("os.sched_getaffinity", return_value={3, 5, 8}):
            assert cores() == 3
