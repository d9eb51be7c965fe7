"""The argument parser: help with every default and an example, wrong usage as one line with exit code 2.

The flags of a command are in its file, flags of several commands in `flags`, types of values in `arguments`.
"""

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from data.program import command as command_line

Add = Callable[..., Any]  # argparse's add_argument of one command


class Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Show every default, and leave the example as it is typed."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        plain = action.default is None or action.default is False or action.required
        return action.help if plain else super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Wrong usage is one line and exit code 2."""

    arguments: Sequence[str] = ()  # those that were parsed last

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Do as argparse does, and keep the arguments."""
        self.arguments = list(args or ())
        return super().parse_known_args(args, namespace)

    def again(self, *earlier: str) -> argparse.Namespace:
        """Return the options of these arguments and those that were parsed last, which win."""
        return self.parse_args([*earlier, *self.arguments])

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where the help is, and exit."""
        if os.environ.get("RANK", "0") == "0":  # torchrun starts several processes with the same arguments: one prints
            with suppress(OSError):  # nobody can be told
                print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)

    def print_help(self, file: Any = None) -> None:
        """As argparse's, which says nothing when the help cannot be written."""
        print(self.format_help(), end="", file=file)


def add_command(
    commands: Any, name: str, command: Callable[[argparse.Namespace], int], about: str, example: str, brief: str = ""
) -> Add:
    """Add a command to argparse's `commands`; return the function that adds its arguments.

    `example` is what is typed after the program. The list of commands shows `brief`, or else `about`. The options that
    `command` gets also have its `name`, `default_of`, a function from a flag's name to its default, and `again`, as the
    parser has it.
    """
    parser = commands.add_parser(
        name,
        help=brief or about,
        description=textwrap.fill(about, 100),
        epilog=f"example:\n  {command_line()} {example}",
        formatter_class=Help,
    )
    parser.set_defaults(command=command, name=name, default_of=parser.get_default, again=parser.again)
    add: Add = parser.add_argument
    return add


class Version(argparse.Action):
    """--version. The version is looked up when it is asked for: that takes 26 ms, and the program's start 90."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> NoReturn:
        """Print the version, and exit."""
        import faces

        print(f"faces {faces.__version__}")
        parser.exit()
