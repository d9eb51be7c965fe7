"""`predict --draw` as it is typed; what a drawn photo looks like is in tests/faces/test_drawing.py."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import cli

Draw = Callable[..., Path]


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture
def album(tmp_path: Path, draw_face: Draw, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `album`: Ada and Bo, both in a photo called 1.png, and a photo that cannot be read."""
    monkeypatch.chdir(tmp_path)
    draw_face(Path("album/1.png"), 0, 100)
    draw_face(Path("album/trip/1.png"), 1, 101)
    Path("album/torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    return Path("album")


def names(folder: str) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in Path(folder).rglob("*") if file.is_file())


def test_photos_are_drawn_beside_the_lines(three: Path, album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", three, album, "--top", 2) == 1
    without = capsys.readouterr()
    assert run("predict", three, album, "--top", 2, "--draw", "out") == 1
    printed = capsys.readouterr()
    assert printed.out == without.out
    assert "2 photos drawn in out" in printed.err
    assert names("out") == ["1.jpg", "trip/1.jpg"]


def test_boxes_of_a_table_are_drawn_and_those_outside_are_not(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("boxes.csv").write_text('file,box\nalbum/1.png,"4,4,30,30"\nalbum/1.png,"90,90,99,99"\n')
    assert run("predict", three, "album/1.png", "--boxes", "boxes.csv", "--draw", "both") == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["status"] == "bad_box" for row in rows] == [False, True]
    assert run("predict", three, "album/1.png", "--box", "4,4,30,30", "--draw", "one") == 0
    assert Path("both/1.jpg").read_bytes() == Path("one/1.jpg").read_bytes()
    assert run("predict", three, "album/1.png", "--box", "90,90,99,99", "--draw", "none") == 1
    assert not Path("none").exists()


def test_what_was_drawn_below_the_photos_is_none_of_them(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert run("predict", three, album, "--draw", "album/names") == 1
        printed = capsys.readouterr()
        assert printed.out.count("\n") == 4
    assert "left out album/names: it is where the results go" in printed.err
    assert names("album/names") == ["1.jpg", "trip/1.jpg"]


@pytest.mark.parametrize("out", ["album", "./trip/../album"])
def test_the_folder_of_the_photos_takes_no_pictures(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    Path("trip").mkdir()
    before = names("album")
    assert run("predict", three, album, "--draw", out) == 2
    said = capsys.readouterr().err
    assert "album is the folder that the results go to: choose another one for them" in said
    assert said.count("\n") == 1
    assert names("album") == before


def test_a_folder_above_the_photos_takes_them_beside_what_is_there(three: Path, album: Path) -> None:
    before = Path("album/1.png").read_bytes()
    Image.new("RGB", (9, 9)).save("1.jpg")
    mine = Path("1.jpg").read_bytes()
    assert run("predict", three, album, "--draw", ".") == 1
    assert (Path("1.jpg").read_bytes(), Path("album/1.png").read_bytes()) == (mine, before)
    assert Path("1-2.jpg").exists()
    assert Path("trip/1.jpg").exists()


def test_a_folder_that_cannot_be_is_one_line(three: Path, album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").touch()
    assert run("predict", three, album, "--draw", "taken") == 1
    said = capsys.readouterr().err
    assert said.startswith("faces predict: cannot write taken/1.jpg: ")
    assert said.count("\n") == 1
