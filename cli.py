"""The program: makes the parser of all commands, runs one command, and turns errors into exit codes.

Each command is a file in `commands/`; a further one is a file there and a line in `_parser`. Results are on stdout,
progress and errors on stderr. Exit codes: 0 done, 1 finished with less than was asked, 2 wrong usage or input,
130 Ctrl-C, 143 TERM. Modules are imported by the functions: until `program` runs, Ctrl-C is a traceback.
"""

import os
import sys

_ROOMS = ("commands", "data", "errors", "experiments", "faces", "mnist", "nn", "report")
TYPE_CHECKING = False  # the module typing is not imported either
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from commands.parser import Parser


def program() -> "NoReturn":
    """Be the program that a shell has started: `main` with the signals, streams and encoding of the process."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a checkout is run with any Python
        version = ".".join(map(str, sys.version_info[:2]))
        _say(_other_python(f"is Python {version}, and faces needs 3.11 or newer"))
        raise SystemExit(2)
    try:
        from commands import interrupts, streams

        interrupts.hear()
        streams.fill_closed()
        streams.run_in_utf_8()
        code = main()
    except SystemExit as end:  # argparse's way out, and that of one of several processes
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:  # while the commands were imported
        _say("faces: interrupted")
        os._exit(130)
    interrupts.hear_no_more()
    streams.flush_or_drop()
    if interrupts.first():
        os._exit(code)  # Python's own end waits for threads, and may abort when a library's are still at work
    raise SystemExit(code)


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Run one command; return its exit code."""
    from commands import streams

    streams.make_safe()
    name, options = "faces", None
    try:
        try:
            options = _parser().parse_args(arguments)
            name = f"faces {options.name}"
            code: int = options.command(options)
        except SystemExit:  # of --help, which has printed something
            streams.flush()
            raise
        streams.flush()
    except KeyboardInterrupt as stop:
        return _interrupted(name, stop)
    except Exception as error:
        return _failed(name, error, options)
    return code


def _interrupted(name: str, stop: KeyboardInterrupt) -> int:
    from commands.console import one_line
    from commands.interrupts import exit_code_of

    _say(f"{name}: {one_line(stop) or 'interrupted'}")
    return exit_code_of(stop)


def _failed(name: str, error: Exception, options: object) -> int:
    """Say in one line what is wrong, and return the exit code; raise what is a fault of this program.

    `options` are those of the command, None where they could not be read.
    """
    from commands import interrupts
    from commands.console import is_out_of_memory, one_line, out_of_memory
    from errors import FacesError

    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] not in _ROOMS:
        _say(_other_python(f"lacks {error.name}"))
        return 2
    if stop := interrupts.first():  # some library has made an error of its own of it
        return _interrupted(name, stop)
    if isinstance(error, FacesError):
        _say(f"{name}: {one_line(error)}")
        return error.exit_code
    if isinstance(error, BrokenPipeError):  # the program that reads our results has ended, such as `head`
        return 1
    if isinstance(error, OSError):  # an error of the system that no other code has caught
        _say(f"{name}: {one_line(error)}")
        return 1
    if is_out_of_memory(error):
        _say(f"{name}: {out_of_memory(error, options)}")
        return 1
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):  # pathlib's words for a circle
        _say(f"{name}: {one_line(error)}; name another file or folder")
        return 2
    raise error


def _other_python(what: str) -> str:
    """Return a line about an interpreter that cannot run this program, with the one that can."""
    from pathlib import Path

    here = Path(__file__).resolve().parent
    made = here / ".venv" / "bin" / "faces"
    if made.exists():
        right = made.relative_to(Path.cwd()) if made.is_relative_to(Path.cwd()) else made
        return f"faces: this Python, {sys.executable}, {what}: type {right} in its place"
    return f"faces: this Python, {sys.executable}, {what}: `make demo` in {here} makes .venv/bin/faces, which has all"


def _say(line: str) -> None:
    from contextlib import suppress

    with suppress(OSError):  # nobody can be told
        print(line, file=sys.stderr)


def _parser() -> "Parser":
    from commands import (
        compare,
        download,
        enroll,
        export,
        features,
        forget,
        group,
        name,
        predict,
        report,
        reproduce,
        show_weights,
        sort,
        train_faces,
        train_mnist,
        verify,
    )
    from commands.parser import Help, Parser, Version

    parser = Parser(
        prog="faces",
        description="A face classifier you can read: download, train, look.",
        epilog="exit codes: 0 done, 1 finished short of what was asked, 2 wrong usage or input, 130 Ctrl-C, 143 TERM",
        formatter_class=Help,
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the program's version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (  # in the order in which --help lists them
        download,
        verify,
        forget,
        group,
        name,
        features,
        train_faces,
        train_mnist,
        enroll,
        predict,
        sort,
        show_weights,
        report,
        compare,
        export,
        reproduce,
    ):
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    program()
