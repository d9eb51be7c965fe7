"""How this program was started, for messages that name a command to type: as it stands, it works in the same shell."""

import os
import shlex
import shutil
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]


def command(*arguments: str) -> str:
    """Return the command line of this program with these arguments."""
    return shlex.join([*_started(), *arguments])


def install(extra: str) -> str:
    """Return the command that installs an extra of this package for the interpreter that runs it."""
    pip = (short(sys.executable), "-m", "pip", "install")
    if (_CHECKOUT / "pyproject.toml").is_file():
        place = "." if Path.cwd() == _CHECKOUT else str(_CHECKOUT)
        return f"{shlex.join((*pip, '-e'))} '{place}[{extra}]'"
    from importlib import metadata  # slow, and only for this

    needed = [line.partition(";")[0].strip() for line in metadata.requires("faces") or () if f'"{extra}"' in line]
    return shlex.join((*pip, *needed))


def short(path: str) -> str:
    """Return a path relative to the current folder, if it is below it."""
    here = Path.cwd()
    if not Path(path).is_absolute() or not Path(path).is_relative_to(here):
        return path
    relative = str(Path(path).relative_to(here))
    return relative if os.sep in relative or relative.endswith(".py") else f"./{relative}"


def _started() -> list[str]:
    program = Path(sys.argv[0])
    if program.name == "cli.py":
        return [*map(short, sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1])]  # python, its flags, the program
    if program.stem != "faces":  # another program that uses this one
        return ["faces"]
    found = shutil.which(program.name)
    is_on_path = found is not None and Path(found).resolve() == program.resolve()
    return [program.name if is_on_path else short(sys.argv[0])]
