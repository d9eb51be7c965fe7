"""The process's streams and encoding, whatever a shell, cron or another program gave it.

Nothing heavy is imported here: this is the first that the program does.
"""

import codecs
import io
import os
import sys

from errors import StorageError

_ERRORS = "faces.bytes-of-names"  # the error handler below


def fill_closed() -> None:
    """Open /dev/null as each of the descriptors 0, 1 and 2 that is closed.

    Else the next file that is opened would get the number, and what C libraries print would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one


def run_in_utf_8() -> None:
    """Where names of files are not UTF-8, as in a Latin-1 locale, run this program again in Python's UTF-8 mode.

    The streams keep the encoding of the locale; that of the C locale says nothing, as Python too takes it.
    """
    own = codecs.lookup(sys.getfilesystemencoding()).name
    if own == "utf-8" or os.environ.get("PYTHONUTF8") == "1" or sys.platform == "win32":
        return
    environment = os.environ | {"PYTHONUTF8": "1"}
    if own != "ascii":
        environment.setdefault("PYTHONIOENCODING", own)
    os.execve(sys.executable, sys.orig_argv, environment)


def make_safe() -> None:
    """Let stdout and stderr take any text: where one is closed, where its encoding lacks a character.

    In UTF-8, names of files keep the bytes that they have on disk.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - as long as the process
    codecs.register_error(_ERRORS, _bytes_or_escapes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            keeps_bytes = stream is sys.stdout and codecs.lookup(stream.encoding).name == "utf-8"
            stream.reconfigure(errors=_ERRORS if keeps_bytes else "backslashreplace")


def flush() -> None:
    """Write what is buffered for stdout. StorageError when it refuses, BrokenPipeError when nobody reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(f"cannot write the results to stdout: {error.strerror or error}") from error


def flush_or_drop() -> None:
    """Write what is buffered; what is refused goes nowhere, so that Python does not try again when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _bytes_or_escapes(error: UnicodeError) -> tuple[str | bytes, int]:
    """The bytes that a name of a file has on disk where they are no UTF-8; an escape for any other surrogate."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.backslashreplace_errors(error)
