"""The program: makes the parser of all commands, runs one command, and turns errors into exit codes.

Each command is a file in `commands/`; a further one is a file there and a line in `_parser`. Results are on stdout,
progress and errors on stderr. Exit codes: 0 done, 1 finished with less than was asked, 2 wrong usage or input,
130 Ctrl-C, 143 TERM.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from commands import (
    download,
    features,
    forget,
    predict,
    report,
    reproduce,
    show_weights,
    train_faces,
    train_mnist,
    verify,
)
from commands.console import OUT_OF_MEMORY, is_out_of_memory, make_streams_safe, one_line
from commands.parser import Help, Parser
from errors import FacesError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    make_streams_safe()
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except FacesError as error:
        print(f"faces {options.name}: {one_line(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"faces {options.name}: interrupted", file=sys.stderr)
        return 130
    except _Terminated:
        return 143
    except BrokenPipeError:  # the program that reads our results has ended, such as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # an error of the system that no other code has caught
        print(f"faces {options.name}: {one_line(error)}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if is_out_of_memory(error):
            print(f"faces {options.name}: {OUT_OF_MEMORY}", file=sys.stderr)
            return 1
        if not str(error).startswith("Symlink loop"):  # pathlib's words for a path of links in a circle
            raise
        print(f"faces {options.name}: {one_line(error)}; name another file or folder", file=sys.stderr)
        return 2
    return code


def _parser() -> Parser:
    parser = Parser(
        prog="faces", description="A face classifier you can read: download, train, look.", formatter_class=Help
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the program's version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (  # in the order in which --help lists them
        download,
        verify,
        forget,
        features,
        train_faces,
        train_mnist,
        predict,
        show_weights,
        report,
        reproduce,
    ):
        command.add_to(commands)
    return parser


class _Version(argparse.Action):
    """--version. The version is looked up when it is asked for: that takes 26 ms, and the program's start 90."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        import faces

        print(f"faces {faces.__version__}")
        parser.exit()


class _Terminated(BaseException):
    """Raised in the main thread for SIGTERM, so that open files are closed as for any exception."""


def _terminate(signal_number: int, frame: object) -> NoReturn:
    raise _Terminated


if __name__ == "__main__":
    raise SystemExit(main())
