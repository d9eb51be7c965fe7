"""What a download prints, and of how many rows it speaks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import cli

Command = Callable[..., int]


@pytest.fixture
def people(site: Any, listed: Callable[..., Path], tmp_path: Path) -> Path:
    """A list of ten rows, in turn of two people."""
    site.hold(99)
    return listed(tmp_path, 10)


@pytest.fixture
def download(people: Path, tmp_path: Path) -> Command:
    """download(*flags): the list into one folder."""
    command = ("download", people, "--out", tmp_path / "crops", "--allow-private", "--size", 16)
    return lambda *flags: cli.main([str(argument) for argument in (*command, *flags)])


@pytest.mark.parametrize(
    ("flags", "rows"),
    [
        ((), 10),
        (("--limit", 4), 4),
        (("--limit", 99), 10),
        (("--person", "Zoë"), 5),
        (("--person", "Zoë", "--limit", 2), 2),
    ],
)
def test_the_rows_that_were_asked_for_are_the_whole(
    download: Command,
    flags: tuple[object, ...],
    rows: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[int | None] = []
    steps: list[str] = []

    @contextmanager
    def progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[..., None]]:
        told.append(total)
        yield lambda word, *, fresh=True: steps.append(word)

    monkeypatch.setattr("commands.download.progress", progress)
    assert download(*flags) == 0
    assert (told, len(steps)) == ([rows], rows)
    assert capsys.readouterr().out.startswith(f"{rows} of {rows} rows verified, ")


def test_a_second_run_says_what_the_folder_has_besides(download: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert download("--person", "Zoë") == 0
    assert "folder" not in capsys.readouterr().out.partition("\n")[2]
    for _ in range(2):  # also when it has nothing to do
        assert download("--person", "王芳", "--limit", 2) == 0
        first, *others = capsys.readouterr().out.splitlines()
        assert first.startswith("2 of 2 rows verified, ")
        assert [line for line in others if "person" in line] == ["  person  王芳       2"]
        assert "  folder  7 of 7 rows stored there by now" in others


def quiet_and_done(people: Path) -> tuple[list[str], int, str]:
    return [], 0, ""


def quiet_and_short(people: Path) -> tuple[list[str], int, str]:
    people.write_bytes("name,url\nZoë,ftp://x\nAnn,http://127.0.0.1:1/\n".encode("cp1252"))
    said = "faces download: short of what was asked: 1 of 2 rows cannot be read, nothing was stored\n"
    return [], 1, said


def quiet_and_wrong(people: Path) -> tuple[list[str], int, str]:
    return ["--person", "Nobody"], 2, "faces download: no row of the list is about 'Nobody'\n"


@pytest.mark.parametrize("end", [quiet_and_done, quiet_and_short, quiet_and_wrong])
def test_quiet_prints_errors_alone(
    download: Command,
    people: Path,
    end: Callable[[Path], tuple[list[str], int, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags, code, said = end(people)
    assert download("--quiet", *flags) == code
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("flags", [("--quiet", "--json"), ("--json", "--quiet", "--limit", 3)])
def test_quiet_keeps_what_json_asks_for(
    download: Command, flags: tuple[object, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert download(*flags) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["run"]["ok"] == (3 if "--limit" in flags else 10)
    assert printed.err == ""


@pytest.mark.parametrize("command", [["download", "--help"], ["--help"]])
def test_help_lists_the_exit_codes(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(command)
    text = " ".join(capsys.readouterr().out.split()).lower()
    for code in ("exit codes: 0 done", "1 finished short of what was asked", "2 wrong usage", "130 ctrl-c", "143 term"):
        assert code in text


def test_rows_shown_that_cannot_be_read_are_the_first_three(
    people: Path, download: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    for bad, told in ((2, 2), (3, 3), (9, 4)):
        people.write_text("name,url\nAnn,http://127.0.0.1:1/\n" + "Ann,ftp://x\n" * bad)
        assert download() == 1
        lines = capsys.readouterr().err.splitlines()[:-1]
        assert len(lines) == told
        assert lines[0].startswith(f"{people}:3: bad row: url: ")
        assert (lines[-1] == f"{people}: 6 more bad rows, see manifest.csv") is (bad == 9)
