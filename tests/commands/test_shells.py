"""What a shell gives: an encoding that lacks letters, closed streams, full ones; the work is done all the same."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FACES = f"{sys.executable} {Path(__file__).parents[2] / 'cli.py'}"
DOWNLOAD = f"{FACES} download 'two people.csv' --out crops --allow-private --size 16"
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENCODINGS = [{"PYTHONIOENCODING": "cp1252"}, C_LOCALE, C_LOCALE | {"PYTHONIOENCODING": "ascii:strict"}]
ALL = "<&- >&- 2>&-"


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(["sh", "-c", line], cwd=cwd, env=kept | environment, capture_output=True, timeout=120)


@pytest.fixture
def folder(listed: Callable[..., Path], site: Any, tmp_path: Path) -> Path:
    """The current folder of the commands, with a list of four photos of 王芳 and Zoë."""
    site.hold(99)
    listed(tmp_path, 4)
    return tmp_path


@pytest.fixture(scope="module")
def whole(listed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, bytes]]:
    """What a shell with all streams gets: stdout, and the files."""
    folder = tmp_path_factory.mktemp("whole")
    listed(folder, 4)
    return shell(DOWNLOAD, folder).stdout, files(folder)


def files(folder: Path) -> dict[str, bytes]:
    found = (*folder.glob("crops/*/*.jpg"), folder / "crops" / "manifest.csv")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("environment", ENCODINGS)
def test_a_name_that_the_encoding_lacks_stops_no_command(folder: Path, environment: dict[str, str]) -> None:
    ended = shell(DOWNLOAD, folder, **environment)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(b"4 of 4 rows verified")
    assert len(list(folder.glob("crops/王芳/*.jpg"))) == 2
    for command in (f"{DOWNLOAD} --json", f"{FACES} verify crops --json"):
        ended = shell(command, folder, **environment)
        assert (ended.returncode, ended.stderr) == (0, b"")
        printed = json.loads(ended.stdout)
        assert printed.get("people", {"Zoë": 2, "王芳": 2}) == {"Zoë": 2, "王芳": 2}
    ended = shell(f"{FACES} forget crops 王方", folder, **environment)
    assert (ended.returncode, ended.stderr.count(b"\n")) == (2, 1)
    ended = shell(f"{FACES} forget crops 王芳", folder, **environment)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert not (folder / "crops" / "王芳").exists()
    assert shell(f"{FACES} forget --help", folder, **environment).returncode == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ALL, "2>/dev/full"])
def test_a_closed_stream_is_none_and_nothing_else_changes(
    folder: Path, whole: tuple[bytes, dict[str, bytes]], closed: str
) -> None:
    ended = shell(f"{DOWNLOAD} {closed}", folder)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout == (b"" if closed in (">&-", ALL) else whole[0])
    assert files(folder) == whole[1]
    assert shell(f"{FACES} forget crops Zoë {closed}", folder).returncode == 0
    assert not (folder / "crops" / "Zoë").exists()
    ended = shell(f"{FACES} forget crops Zoë {closed}", folder)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert (b"has no row about" in ended.stderr) == (closed in (">&-", "<&-"))


@pytest.mark.parametrize("closed", [">&-", "2>&-", ALL])
def test_no_file_gets_the_number_of_a_closed_stream(folder: Path, closed: str) -> None:
    """What is printed by a C library would else be written into it."""
    program = """
import os, cli, commands.verify as command

def verify(options):
    with open("file", "wb") as file:
        os.write(1, b"for stdout")
        os.write(2, b"for stderr")
        file.write(b"for the file, opened as %d" % (file.fileno() > 2))

command.verify = verify
cli.program()
"""
    (folder / "program.py").write_text(program)
    line = f"PYTHONPATH={Path(__file__).parents[2]} {sys.executable} program.py verify x {closed}"
    assert shell(line, folder).returncode == 0
    assert (folder / "file").read_text() == "for the file, opened as 1"


@pytest.mark.parametrize("unbuffered", [{}, {"PYTHONUNBUFFERED": "1"}])
@pytest.mark.parametrize("command", ["--help", "--version", "download --help", "verify crops"])
def test_results_that_cannot_be_written_are_one_line(folder: Path, command: str, unbuffered: dict[str, str]) -> None:
    if command == "verify crops":
        assert shell(DOWNLOAD, folder).returncode == 0
    ended = shell(f"{FACES} {command} >/dev/full", folder, **unbuffered)
    assert (ended.returncode, ended.stderr.count(b"\n")) == (1, 1), ended.stderr
    assert b"No space left on device" in ended.stderr
