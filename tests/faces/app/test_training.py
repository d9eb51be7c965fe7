"""A training as a process of its own: what the page is told of it, how it ends, and a real one from click to report."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faces.app.training import Training

Start = Callable[[str], Training]
Heap = Callable[..., Path]


@pytest.fixture
def start() -> Iterator[Start]:
    """start(code): Python code in the place of a training; `ends` collects how each ended."""
    started: list[Training] = []

    def run(code: str) -> Training:
        ends: list[bool] = []
        training = Training([sys.executable, "-S", "-c", f"import os, signal, sys, time\n{code}"], ends.append)
        training.ends = ends  # type: ignore[attr-defined]
        started.append(training)
        return training

    yield run
    for one in started:
        one.stop()


def ended(training: Training) -> dict[str, Any]:
    end = time.monotonic() + 20
    while training.is_running:
        assert time.monotonic() < end
        time.sleep(0.01)
    return training.as_json()


def wait_for(training: Training, line: str) -> None:
    end = time.monotonic() + 20
    while training.as_json()["line"] != line:
        assert time.monotonic() < end, training.as_json()
        time.sleep(0.01)


def test_its_lines_are_told_in_order_those_of_stderr_too(start: Start) -> None:
    training = start("print('one', flush=True); print('two', file=sys.stderr, flush=True); print('three', end='')")
    assert ended(training)["lines"] == ["one", "two", "three"]


def test_a_line_that_is_drawn_again_takes_the_place_of_the_one_before(start: Start) -> None:
    training = start("for n in range(500): sys.stdout.write(f'\\repoch {n}')\nsys.stdout.write('\\ndone\\n')")
    assert ended(training)["lines"] == ["epoch 499", "done"]


def test_progress_is_told_while_it_runs(start: Start) -> None:
    training = start("sys.stderr.write('\\r 50%'); sys.stderr.flush(); time.sleep(60)")
    wait_for(training, "50%")
    assert training.as_json()["running"]


def test_it_is_told_that_it_writes_to_a_terminal(start: Start) -> None:
    """Else a progress bar would be a line every 30 seconds."""
    assert ended(start("print(sys.stderr.isatty())"))["lines"] == ["True"]


@pytest.mark.parametrize(
    ("code", "right"), [("", True), ("sys.exit(1)", False), ("sys.exit(2)", False), ("os.kill(os.getpid(), 9)", False)]
)
def test_it_went_well_or_not(start: Start, code: str, right: bool) -> None:
    training = start(code)
    assert ended(training)["right"] == right
    assert training.ends == [right]  # type: ignore[attr-defined]


def test_it_has_ended_when_its_run_is_in_use() -> None:
    """The page goes to the report at once."""
    running: list[bool] = []
    training = Training([sys.executable, "-S", "-c", ""], lambda right: running.append(training.is_running))
    ended(training)
    assert running == [True]


@pytest.mark.parametrize("line", ["\\x1b[31mred\\x1b[0m", "\\x07bell", "nul\\x00"])
def test_control_characters_are_left_out(start: Start, line: str) -> None:
    assert ended(start(f"print('{line}')"))["lines"][0].isprintable()


def test_letters_in_two_pieces_and_lines_without_end_are_told(start: Start) -> None:
    training = start(
        "for byte in 'é😀'.encode(): os.write(1, bytes([byte])); time.sleep(0.02)\n"
        "os.write(1, b'\\n'); os.write(1, b'x' * 300_000); os.write(1, b'\\r\\nlast\\r\\n')"
    )
    first, endless, last = ended(training)["lines"]
    assert (first, last) == ("é😀", "last")
    assert len(endless) <= 1000


def test_only_the_last_lines_are_kept(start: Start) -> None:
    lines = ended(start("print('\\n'.join(map(str, range(5000))))"))["lines"]
    assert lines[-1] == "4999"
    assert len(lines) <= 200


def test_one_that_is_stopped_may_save_its_work(start: Start) -> None:
    training = start(
        "def save(*_): print('saved'); sys.exit(143)\nsignal.signal(signal.SIGTERM, save); print('on', flush=True)\n"
        "while True: time.sleep(0.01)"  # one long sleep misses a signal that comes just before it
    )
    wait_for(training, "on")
    training.stop()
    assert training.as_json()["lines"] == ["on", "saved"]
    assert not training.as_json()["right"]


def test_one_that_does_not_end_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.app.training._PATIENCE", 0.1)
    training = start("signal.signal(signal.SIGTERM, signal.SIG_IGN); print('on', flush=True); time.sleep(60)")
    wait_for(training, "on")
    training.stop()
    assert training.code == -signal.SIGKILL


def test_a_command_that_cannot_be_started_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        Training(["/nowhere/python"], lambda right: None)


def test_a_training_on_the_page_ends_on_the_report_and_back_is_the_page(
    serve: Callable[..., Any], heap: Heap, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    folder = heap([8, 8], unsorted=2)
    server = serve(folder, "--model", "hidden")
    page = open_page(server.link)

    page.keyboard.press("t")
    page.keyboard.press("Enter")
    page.wait_for_selector("#training-title:has-text('Not trained')", timeout=60_000)
    assert "needs a folder of photos for each" in page.locator("#training-lines").inner_text()  # nobody has a name yet
    assert list((tmp_path / "runs").iterdir()) == []
    page.keyboard.press("Escape")

    for name in ("Ada", "Bo"):
        page.keyboard.press("Enter")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
    page.wait_for_selector("#progress:has-text('2 of 2')")
    page.keyboard.press("t")
    page.wait_for_selector("#training[open]")
    page.click("#start")
    assert server.ask("POST", "/train", {}).status == 409  # one at a time
    assert server.decide(do="name", group=0, name="Cy").status == 200  # the page can be used meanwhile
    page.wait_for_url("**/report", timeout=100_000)
    assert "Right for 2 of 2 photos" in page.locator("body").inner_text()
    assert server.ask("GET", "/state").json["training"]["right"]
    assert (folder / "Cy").is_dir()  # its crops have followed at the end
    page.go_back()
    page.wait_for_selector(".card")
    assert page.locator("#training[open]").count() == 0
    assert page.locator("#report").is_visible()
