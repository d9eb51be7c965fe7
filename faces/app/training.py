"""`train-faces` as a process of its own, started from the page, with its progress."""

import os
import re
import signal
import subprocess
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f]")
_MOST_LINES, _MOST_LETTERS = 200, 1000  # that are kept; letters of a line
_PATIENCE = 20  # seconds for a training to save what it has done


class Training:
    """A training. It ends when `on_end`, which is called with whether it went well, in another thread, has returned."""

    def __init__(self, command: Sequence[str], on_end: Callable[[bool], None]) -> None:
        self.code: int | None = None  # the exit code, once it has ended
        self._lines: list[str] = []  # the last is being written
        self._on_end = on_end
        reading, writing = _terminal()
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, start_new_session=True
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._thread = threading.Thread(target=self._follow, args=(reading,), daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.code is None

    def as_json(self) -> dict[str, Any]:
        """Return what the page shows of it."""
        lines = [line for line in self._lines if line.strip()]
        return {
            "running": self.is_running,
            "right": self.code == 0,
            "line": lines[-1] if lines else "starting",
            "lines": lines,
        }

    def stop(self) -> None:
        """End it; what it has done is saved. One that does not end is killed."""
        if self.is_running:
            self._process.terminate()
            self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._thread.join()

    def _follow(self, reading: int) -> None:
        """Read what it prints: a line that is drawn again, as a progress bar is, takes the place of the one before."""
        line, is_over = "", False  # the line that is being written, and whether it is to be drawn again
        decoder = getincrementaldecoder("utf-8")("replace")
        with open(reading, "rb", buffering=0) as output:
            while piece := _read(output):
                for part in re.findall(r"[^\r\n]+|\r|\n", decoder.decode(piece)):
                    if part == "\n":
                        self._lines = [*self._lines, ""][-_MOST_LINES:]
                        line, is_over = "", False
                    elif part == "\r":
                        is_over = True
                    else:
                        line = (part if is_over else line + part)[-_MOST_LETTERS:]
                        is_over = False
                        self._lines = [*self._lines[:-1], _CONTROL.sub("", line).strip()]
        code = self._process.wait()
        try:
            self._on_end(code == 0)
        finally:
            self.code = code


def train_command(folder: Path, out: Path, model: str) -> list[str]:
    """Return the command of a training on the people of a folder."""
    program = Path(__file__).resolve().parents[2] / "cli.py"
    flags = ("--model", model, "--out", str(out), "--overwrite")
    return [sys.executable, str(program), "train-faces", str(folder), *flags]


def _terminal() -> tuple[int, int]:
    """Return two ends of a terminal, so that progress is drawn as it comes; of a pipe where there is none."""
    try:
        return os.openpty()
    except (AttributeError, OSError):
        return os.pipe()


def _read(output: Any) -> bytes:
    try:
        data: bytes = output.read(4096)
    except OSError:  # of a terminal whose other end is closed
        return b""
    return data
