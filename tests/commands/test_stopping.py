"""A command that Ctrl-C or TERM ends: one line that names the command that goes on, and that command goes on."""

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import cli
from commands import interrupts
from commands.console import progress
from commands.stopping import going_on, stopped_after
from errors import Terminated

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
Process = subprocess.Popen[str]
Start = Callable[..., Process]


@pytest.fixture
def people(listed: Callable[..., Path], tmp_path: Path) -> Path:
    """The list; its folder is the current one of all commands."""
    return listed(tmp_path)


@pytest.fixture(scope="module")
def whole(listed: Callable[..., Path], download: Start, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an uninterrupted run makes."""
    folder = tmp_path_factory.mktemp("whole")
    assert end(download(listed(folder)))[0] == 0
    return snapshot(folder / "datasets")


def wait_until(is_so: Callable[[], bool], process: Process) -> None:
    until = time.monotonic() + 30
    while not is_so() and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)


def end(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def snapshot(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.suffix in (".jpg", ".csv"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0, 1, 12, 38])
def test_a_stopped_download_names_the_command_that_finishes_it(
    site: Any, people: Path, download: Start, start: Start, number: signal.Signals, after: int, whole: dict[str, bytes]
) -> None:
    site.hold(after)
    stopped = download(people)
    wait_until(lambda: site.asked > after, stopped)
    stopped.send_signal(number)
    code, out, err = end(stopped)
    assert (code, out) == (CODES[number], "")
    said = re.fullmatch(r"faces download: stopped after (\d+) of 40 rows; go on: (.+)\n", err)
    assert said, err
    assert int(said[1]) <= after
    folder = people.parent / "datasets" / "two people"
    assert len(list(folder.glob("*/*.jpg"))) >= int(said[1])
    site.released.set()
    code, out, err = end(start(*shlex.split(said[2]), cwd=people.parent))
    assert (code, err) == (0, "")
    assert out.startswith("40 of 40 rows verified")
    assert site.asked <= 40 + 4
    assert snapshot(folder.parent) == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module",
    *[
        [
            "commands",
            "errors",
            "commands.streams",
            "argparse",
            "data.settings",
            "commands.verify",
            "sqlite3",
            "PIL.Image",
        ]
    ],
)
def test_a_signal_while_a_module_is_imported_is_one_line(
    tmp_path: Path, start: Start, number: signal.Signals, module: str
) -> None:
    """Of a start that takes a tenth of a second; TERM is silent as long as there is nothing to be said."""
    program = f"""
import os, sys

class Stop:
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {int(number)})

sys.meta_path.insert(0, Stop())
from cli import program
program()
"""
    code, out, err = end(start(sys.executable, "-c", program, "download", "--quiet", cwd=tmp_path))
    assert (code, out) in ((CODES[number], ""), (-signal.SIGTERM, "")), err
    assert err.count("\n") == (code > 0), err
    assert re.fullmatch("(faces( download)?: (interrupted|stopped before .*)\n)?", err), err


WAITING = """
import time

def wait():  # a minute, in short sleeps: a signal that comes just before one long sleep is answered after it
    for _ in range(6000):
        time.sleep(0.01)
"""


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(
    tmp_path: Path, start: Start, first: signal.Signals, second: signal.Signals
) -> None:
    """While the first is being answered, here by saving that takes for ever."""
    program = f"""{WAITING}
import cli, commands.verify as command

def verify(options):
    try:
        print("started", flush=True)
        wait()
    except KeyboardInterrupt:
        print("saving", flush=True)
        wait()

command.verify = verify
cli.program()
"""
    process = start(sys.executable, "-c", program, "verify", "x", cwd=tmp_path)
    assert process.stdout is not None
    for word, number in (("started", first), ("saving", second)):
        assert process.stdout.readline() == f"{word}\n"
        process.send_signal(number)
    code, out, err = end(process)
    assert (code, out, err) == (CODES[first], "", "faces: ended at once, by a second signal\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_under_torchrun_a_repeated_signal_is_one(tmp_path: Path, start: Start, number: signal.Signals) -> None:
    program = f"""{WAITING}
import os, signal, cli, commands.verify as command

def verify(options):
    try:
        print("started", flush=True)
        wait()
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        raise

command.verify = verify
cli.program()
"""
    process = start(sys.executable, "-c", program, "verify", "x", cwd=tmp_path, RANK="0")
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(number)
    assert end(process) == (CODES[number], "", "faces verify: interrupted\n")


def test_an_interrupt_that_a_library_has_made_an_error_of_is_still_one(tmp_path: Path, start: Start) -> None:
    program = """
import os, signal, sqlite3, cli, commands.verify as command
from errors import StorageError

def stop():
    os.kill(os.getpid(), signal.SIGTERM)

def verify(options):
    database = sqlite3.connect(":memory:")
    database.create_function("stop", 0, stop)
    try:
        database.execute("SELECT stop()")
    except sqlite3.Error as error:
        raise StorageError(str(error)) from error

command.verify = verify
cli.program()
"""
    process = start(sys.executable, "-c", program, "verify", "x", cwd=tmp_path)
    assert end(process) == (143, "", "faces verify: interrupted\n")


@pytest.mark.parametrize(("kind", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_each_long_command_says_how_far_it_came(
    kind: type[KeyboardInterrupt],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop_after(*steps: Any) -> Callable[..., None]:
        def work(*arguments: Any, **options: Any) -> None:
            on_step = next(options[name] for name in ("on_file", "on_photos", "on_outcome") if name in options)
            for step in steps:
                on_step(step)
            raise kind

        return work

    for number in range(6):
        file = tmp_path / "people" / ("Ada", "Bo")[number % 2] / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 20), number).save(file)
    monkeypatch.setattr("data.mnist.download_mnist", stop_after("train-images-idx3-ubyte", "train-labels-idx1-ubyte"))
    monkeypatch.setattr("faces.features.cache.cache_features", stop_after(1, 3))
    monkeypatch.setattr("data.download.portrait_source.download_portraits", stop_after(None))
    features = ["features", f"{tmp_path}/people", "--weights", "random", "--quiet"]
    for command, said in (
        (["download", "mnist"], "faces download: stopped after 2 of 4 files; go on: "),
        (features, "faces features: stopped after 4 of 6 photos; go on: "),
        (["download", "--out", f"{tmp_path}/drawn"], "faces download: stopped after 1 portrait; go on: "),
    ):
        assert cli.main(command) == code
        err = capsys.readouterr().err
        assert err.startswith(said)
        assert err.count("\n") == 1


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Terminated])
def test_what_the_code_says_itself_stands_in_place_of_what_is_counted(
    monkeypatch: pytest.MonkeyPatch, kind: type[KeyboardInterrupt]
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-u", "cli.py", "train-faces", "two people"])
    monkeypatch.setattr(sys, "argv", ["cli.py", "train-faces", "two people"])
    for said, line in ((), "stopped after 4 of 9 rows"), (("saved after epoch 3",), "saved after epoch 3"):
        with pytest.raises(kind) as stop, going_on(lambda: stopped_after(4, 9, "row")):
            raise kind(*said)
        assert str(stop.value) == f"{line}; go on: python -u cli.py train-faces 'two people'"
    with pytest.raises(kind) as stop, going_on(lambda: stopped_after(1, None, "row"), "train-faces", "--resume"):
        raise kind
    assert str(stop.value) == "stopped after 1 row; go on: python -u cli.py train-faces --resume"


def test_the_command_is_the_one_that_was_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    installed, python = tmp_path / "bin" / "faces", tmp_path / "bin" / "python"
    installed.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)

    def command(*started: object, program: object, **environment: str) -> str:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "orig_argv", [*map(str, started), "report", "run"])
            patch.setattr(sys, "argv", [str(program), "report", "run"])
            with pytest.raises(KeyboardInterrupt) as stop, going_on(lambda: "stopped"):
                raise KeyboardInterrupt
        return str(stop.value).removeprefix("stopped; go on: ")

    assert command(python, installed, program=installed, PATH=str(tmp_path / "bin")) == "faces report run"
    assert command(python, installed, program=installed) == "bin/faces report run"
    assert command(python, "cli.py", program="cli.py") == "bin/python cli.py report run"
    assert command("python3", tmp_path / "cli.py", program=tmp_path / "cli.py") == "python3 cli.py report run"
    assert command("/usr/bin/python3", "/x/cli.py", program="/x/cli.py") == "/usr/bin/python3 /x/cli.py report run"
    assert command("python", "-m", "cli", program=tmp_path / "cli.py") == "python -m cli report run"
    assert command("python", "-u", "cli.py", program="cli.py", RANK="1") == "the same torchrun with cli.py report run"


def test_a_signal_that_a_library_swallowed_is_raised_again_at_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_raised", [KeyboardInterrupt()])
    for quiet in (True, False):
        with progress("working", 3, quiet=quiet) as advance, pytest.raises(KeyboardInterrupt):
            advance("")
