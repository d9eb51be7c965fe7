"""Progress, lines of the log and JSON: what they look like with and without a terminal, in any encoding."""

import io
import json
import sys

import pytest

from commands import console
from commands.console import print_json, progress


class Clock:
    """Stands in place of the module `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(console, "time", clock)
    return clock


def test_without_a_terminal_progress_is_a_line_every_half_minute(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress("downloading", 3000, quiet=False) as advance:
        for row in range(1, 91):
            clock.now += 1
            advance(f"{row // 10} failed" if row >= 40 else "")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "downloading: 30 of 3,000, 1.0 a second, 49:30 left",
        "downloading: 60 of 3,000, 1.0 a second, 49:00 left, 6 failed",
        "downloading: 90 of 3,000, 1.0 a second, 48:30 left, 9 failed",
    ]
    assert "\r" not in printed.err


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (0.5, "60 of 502, 2.0 a second, 03:41 left"),
        (40, "1 of 502, 1.5 a minute, 5:34:00 left"),
        (4000, "1 of 502, 0.9 an hour, 556:40:00 left"),
    ],
)
def test_a_rate_is_said_in_the_unit_that_suits_it(
    clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, line: str
) -> None:
    with progress("training", 502, quiet=False) as advance:
        for _ in range(60):
            clock.now += seconds
            advance("")
    assert capsys.readouterr().err.splitlines()[0] == f"training: {line}"


def test_rows_of_an_earlier_run_have_no_part_in_the_rate(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress("downloading", 1000, quiet=False) as advance:
        for _ in range(900):
            advance("", fresh=False)
        for _ in range(30):
            clock.now += 1
            advance("")
    assert capsys.readouterr().err == "downloading: 930 of 1,000, 1.0 a second, 01:10 left\n"


def test_without_a_total_there_is_no_time_left(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with progress("hashing", None, quiet=False) as advance:
        clock.now += 40
        advance("")
    assert capsys.readouterr().err == "hashing: 1, 1.5 a minute\n"


@pytest.mark.parametrize(("quiet", "seconds"), [(True, 100.0), (False, 0.2)])
def test_nothing_is_said_when_quiet_and_of_what_is_soon_done(
    clock: Clock, capsys: pytest.CaptureFixture[str], quiet: bool, seconds: float
) -> None:
    with progress("downloading", 100, quiet=quiet) as advance:
        for _ in range(100):
            clock.now += seconds
            advance("")
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar_that_starts_where_the_earlier_run_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress("downloading", 4000, quiet=False) as advance:
        for _ in range(3000):
            advance("12 failed", fresh=False)
    bar = terminal.getvalue()
    assert "downloading:  75%" in bar
    assert "3000/4000" in bar
    assert "12 failed" in bar
    assert "?/s" in bar.rpartition("3000/4000")[2]  # no rate yet: nothing was done in this run


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "utf-16"])
def test_json_is_json_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    value = {"王芳": "Zoë", "😀": "caf\udce9", "lone": "\ud800"}
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        print_json(value)
        stream.flush()
        assert json.loads(raw.getvalue().decode(encoding)) == value


def test_json_is_readable_where_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"person": "王芳"})
    assert capsys.readouterr().out == '{"person": "王芳"}\n'


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_no_work(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    console.log("a line")
    with progress("downloading", 10, quiet=False) as advance:
        clock.now += 31
        advance("")
