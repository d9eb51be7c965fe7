"""The program: puts the parser together from the commands, runs one, and turns how it ended into an exit code.

Each command is a file in `commands/`, its flags right beside what it does; a further one is a file there and a line in
`_parser`. stdout has results, stderr progress and complaints. Exit codes: 0 done, 1 short of what was asked, 2 wrong
usage or input, 130 Ctrl-C, 143 TERM.
"""

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
from commands.parser import Help, Parser
from errors import FacesError
from faces import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except FacesError as error:
        print(f"faces {options.name}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"faces {options.name}: interrupted", file=sys.stderr)
        return 130
    except _Terminated:
        return 143
    except BrokenPipeError:  # the reader of our results went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # the system refused where no room expected it
        print(f"faces {options.name}: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> Parser:
    parser = Parser(
        prog="faces", description="A face classifier you can read: download, train, look.", formatter_class=Help
    )
    parser.add_argument("--version", action="version", version=f"faces {__version__}")
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


class _Terminated(BaseException):
    """SIGTERM, raised in the main thread so that everything is left in order."""


def _terminate(signal_number: int, frame: object) -> NoReturn:
    raise _Terminated


if __name__ == "__main__":
    raise SystemExit(main())
