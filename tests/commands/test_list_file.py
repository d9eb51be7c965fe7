"""A list from a pipe: read once, copied, and otherwise as a list in a file."""

import csv
import io
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import cli
from commands.list_file import opened_list
from errors import StorageError

Pipe = Callable[[bytes], str]


def stdin(monkeypatch: pytest.MonkeyPatch, folder: Path, text: bytes) -> str:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    return "-"


def fifo(monkeypatch: pytest.MonkeyPatch, folder: Path, text: bytes) -> str:
    """As a shell makes it of `<(...)`."""
    path = folder / "fifo"
    if not path.exists():
        os.mkfifo(path)

    def write() -> None:
        with suppress(BrokenPipeError):  # of a reader that a test stops
            path.write_bytes(text)

    threading.Thread(target=write, daemon=True).start()
    return str(path)


@pytest.fixture(params=[stdin, fifo])
def pipe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pipe:
    """pipe(text): what a command is given in place of a list that comes through a pipe."""
    if request.param is fifo and not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    return lambda text: str(request.param(monkeypatch, tmp_path, text))


def download(given: str, folder: Path, *flags: str) -> int:
    return cli.main(["download", given, "--out", str(folder), "--allow-private", "--size", "16", *flags])


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_list_from_a_pipe_is_downloaded_as_one_in_a_file(
    site: Any, listed: Callable[..., Path], pipe: Pipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.hold(99)
    file = listed(tmp_path, 5)
    assert download(str(file), tmp_path / "file") == 0
    told = capsys.readouterr().out
    assert download(pipe(file.read_bytes()), tmp_path / "pipe") == 0
    assert capsys.readouterr().out == told.replace(str(tmp_path / "file"), str(tmp_path / "pipe"))
    lines = manifest(tmp_path / "pipe")
    assert {line.pop("list") for line in lines} < {"stdin", "pipe"}
    assert lines == without_list(manifest(tmp_path / "file"))
    asked = site.asked
    assert download(pipe(file.read_bytes()), tmp_path / "pipe") == 0
    assert site.asked == asked
    assert len(manifest(tmp_path / "pipe")) == 5


def without_list(lines: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: cell for name, cell in line.items() if name != "list"} for line in lines]


def test_two_lists_from_pipes_fill_one_folder(
    site: Any, listed: Callable[..., Path], pipe: Pipe, tmp_path: Path
) -> None:
    site.hold(99)
    header, *rows = listed(tmp_path, 5).read_bytes().splitlines(keepends=True)
    for part in (rows[:3], rows[2:]):
        assert download(pipe(header + b"".join(part)), tmp_path / "crops", "--quiet") == 0
    assert len(manifest(tmp_path / "crops")) == len(list(tmp_path.glob("crops/*/*.jpg"))) == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is empty"),
        (b"name,url\nAnn,ftp://a\n", "no row of it can be read: line 2: url: expected"),
        (b"http://a.example/1.jpg\n", "say of whom: --person NAME"),
    ],
)
def test_what_is_wrong_with_it_names_the_pipe(
    pipe: Pipe, tmp_path: Path, text: bytes, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert download(pipe(text), tmp_path / "crops") == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.startswith(("faces download: stdin", "faces download: pipe"))
    assert err.count("\n") == 1


def test_a_row_that_cannot_be_read_and_what_was_assumed_name_it_too(
    pipe: Pipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert download(pipe("name,url\nRenée,http://127.0.0.1:1/\nAnn,x\n".encode("cp1252")), tmp_path / "crops") == 1
    warning, bad, _ = capsys.readouterr().err.splitlines()
    assert warning.startswith(("warning: stdin is not UTF-8", "warning: pipe is not UTF-8"))
    assert bad.startswith(("stdin:3: bad row", "pipe:3: bad row"))


def test_without_out_there_is_no_name_for_its_folder(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["download", pipe(b"name,url\nAnn,http://a\n")]) == 2
    said = "faces download: a list from a pipe has no name for its folder: give --out DIR\n"
    assert capsys.readouterr().err == said
    assert not Path("datasets").exists()


def test_stdin_that_is_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert download("-", tmp_path / "crops") == 2
    assert capsys.readouterr().err == "faces download: - stands for a list on stdin, but stdin is closed\n"


def test_the_copy_is_gone_afterwards_and_a_full_disk_is_one_line(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = Path(pipe(b"text"))
    with opened_list(given) as listed:
        assert listed.path.read_bytes() == b"text"
    assert not listed.path.exists()

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    given = Path(pipe(b"text"))
    monkeypatch.setattr("commands.list_file.shutil.copyfileobj", full)
    with pytest.raises(StorageError, match="No space left"), opened_list(given):
        pass
