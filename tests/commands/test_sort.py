"""`sort` as it is typed: the table, exit codes, where DIR may lie, kills. Its rules: tests/faces/test_sorting.py."""

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

import cli
from commands import interrupts
from data.photos.placed import Placed
from data.rows import Box

Draw = Callable[..., Path]


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


def faces_side_by_side(picture: Image.Image, scale: int) -> Sequence[Placed]:
    """Finds the faces, which are 48 pixels wide; those of a photo that is not so high are none."""
    edges = range(0, picture.width, 48) if picture.height == 48 else ()
    return [Placed(Box(left, 0, left + 48, 48)) for left in edges]


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.detection.detector.FaceDetector", lambda settings, device: "a detector")
    monkeypatch.setattr("faces.detection.landmarks.face_finder", lambda detector: faces_side_by_side)


@pytest.fixture
def album(tmp_path: Path, draw_face: Draw, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with `in`: Ada, Bo, and both of them on one photo; two have one name; no face on another."""
    monkeypatch.chdir(tmp_path)
    ada, bo = draw_face(Path("in/1.png"), 0, 100), draw_face(Path("in/trip/1.png"), 1, 101)
    both = Image.new("L", (96, 48))
    for left, file in ((0, ada), (48, bo)):
        with Image.open(file) as picture:
            both.paste(picture, (left, 0))
    both.save("in/both.png")
    Image.new("L", (40, 40)).save("in/sea.png")
    return Path("in")


def tree(folder: Path = Path("out")) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


SORTED = ["Ada/1.png", "Ada/both.png", "Bo/1.png", "Bo/both.png", "sorted.csv"]


def test_photos_are_sorted_and_counted(three: Path, album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sort", three, album, "--out", "out") == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "Ada            2 photos",
        "Bo             2 photos",
        "(no face)       1 photo  left where they are",
    ]
    assert printed.err == "what went where: out/sorted.csv\n"
    assert tree() == SORTED
    assert run("sort", three, album, "--out", "out", "--quiet") == 0
    again = capsys.readouterr()
    assert again.out.splitlines()[0] == "Ada            2 photos  2 already there"
    assert again.err == ""
    assert tree() == SORTED


def test_without_detection_each_photo_is_a_face(three: Path, album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sort", three, album / "sea.png", "--out", "out", "--no-detect") == 0
    assert "(no face)" not in capsys.readouterr().out


def test_a_threshold_makes_photos_unknown(three: Path, album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sort", three, album, "--out", "out", "--threshold", 99) == 0
    assert "(unknown)      3 photos  left where they are" in capsys.readouterr().out
    assert tree() == ["sorted.csv"]
    assert run("sort", three, album, "--out", "out", "--threshold", 99, "--unknown", "--move") == 0
    assert "(unknown)      3 photos  in out/unknown" in capsys.readouterr().out
    assert tree() == ["sorted.csv", "unknown/1-2.png", "unknown/1.png", "unknown/both.png"]
    assert tree(album) == ["sea.png"]


@pytest.mark.parametrize("way", [(), ("--copy",), ("--link",), ("--move", "--unknown")])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_dry_run_prints_the_same(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str], way: tuple[str, ...], form: tuple[str, ...]
) -> None:
    (album / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    command = ("sort", three, album, "gone.jpg", "--out", "out", *way, *form)
    before = tree(Path())
    assert run(*command, "--dry-run") == 1
    planned = capsys.readouterr()
    assert tree(Path()) == before
    assert not Path("out").exists()
    assert run(*command) == 1
    done = capsys.readouterr()
    assert planned.out.replace('"dry_run": true', '"dry_run": false') == done.out
    assert "gone.jpg: unreadable" in planned.err
    assert "nothing was done: --dry-run" in planned.err
    if form:
        answer = json.loads(done.out)
        assert (answer["photos"], answer["people"], answer["no_face"]) == (6, {"Ada": 2, "Bo": 2}, 1)
        assert answer["not_usable"].keys() == {"gone.jpg", "in/torn.jpg"}
    else:
        assert "(cannot be used)" in done.out


def test_photos_that_were_sorted_are_none_of_those_to_sort(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert run("sort", three, ".", "--out", "in/sorted") == 0
        printed = capsys.readouterr()
        assert printed.out.startswith("Ada            2 photos")
    assert "left out in/sorted: it is where the results go" in printed.err
    assert tree(Path("in/sorted")) == SORTED


def test_a_folder_is_not_sorted_into_itself_but_those_in_it_are(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sort", three, album, "--out", "in") == 2
    said = capsys.readouterr().err
    assert said == "faces sort: in is the folder that the results go to: choose another one for them\n"
    assert tree(album) == ["1.png", "both.png", "sea.png", "trip/1.png"]
    assert run("sort", three, album / "trip", "--out", "in", "--move") == 0
    assert tree(album) == ["1.png", "Bo/1.png", "both.png", "sea.png", "sorted.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("in",), 2, "the following arguments are required: --out"),
        (("in", "--out", "out", "--copy", "--move"), 2, "--copy and --move: expected one of them"),
        (("in", "--out", "out", "--threshold", "1", "--strangers", "0.1"), 2, "--threshold and --strangers: expected"),
        (("", "--out", "out"), 2, "an empty name was given"),
        (("in", "--out", "in/1.png"), 1, "cannot write in/1.png: "),
        (("in", "--out", "in/1.png/out"), 1, "cannot write in/1.png/out: Not a directory"),
    ],
)
def test_wrong_usage_is_one_line_and_changes_nothing(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, why: str
) -> None:
    before = tree(Path())
    try:
        ended = run("sort", three, *arguments, "--quiet")
    except SystemExit as end:  # argparse's
        ended = int(str(end.code))
    said = capsys.readouterr().err
    assert (ended, said.count("\n")) == (code, 1)
    assert why in said
    assert tree(Path()) == before
    assert not Path("out").exists()


def test_ctrl_c_says_how_far_it_came_and_the_same_command_goes_on(
    three: Path, album: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [2]

    def stop_after_two() -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(interrupts, "raise_again", stop_after_two)
        assert run("sort", three, album, "--out", "out", "--quiet", "--move") == 130
    assert "faces sort: stopped after 2 photos; go on: " in capsys.readouterr().err
    assert "sorted.csv" in tree()
    assert run("sort", three, album, "--out", "out", "--quiet", "--move") == 0
    assert tree() == SORTED
    assert tree(album) == ["sea.png"]


@pytest.mark.parametrize("way", ["--copy", "--move", "--move to another disk"])
def test_killed_at_any_moment_the_same_command_goes_on(
    three: Path, album: Path, killed_at: Callable[..., bool], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """No photo is lost, none is half there, and the table is that of a call that was never killed."""
    if way.endswith("disk"):
        rename = Path.rename

        def refuse(self: Path, target: Path) -> Path:
            if self.parent.name in ("in", "trip"):
                raise OSError("another disk")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", refuse)

    def command(folder: Path) -> tuple[object, ...]:
        return "sort", three, folder / "in", "--out", folder / "out", way.split()[0], "--quiet"

    def end(folder: Path) -> tuple[dict[str, bytes], list[list[str]]]:
        files = {name: (folder / name).read_bytes() for name in tree(folder) if not name.endswith(".csv")}
        with (folder / "out" / "sorted.csv").open(newline="") as lines:
            return files, [[cell.replace(folder.name, "") for cell in row] for row in csv.reader(lines)]

    whole = Path("unbroken")
    shutil.copytree("in", whole / "in")
    assert run(*command(whole)) == 0
    assert tree(whole / "out") == SORTED
    for moment in range(1, 60):
        folder = Path(f"killed-{moment:02}")
        shutil.copytree("in", folder / "in")
        if not killed_at(moment, folder, *command(folder)):
            break
        kept = {path.read_bytes() for path in folder.rglob("*.png") if path.exists()}
        assert kept >= {path.read_bytes() for path in Path("in").rglob("*.png")}
        assert run(*command(folder)) == 0
        assert end(folder) == end(whole), f"moment {moment}"
        assert not [path for path in folder.rglob("*") if ".part-" in path.name or "unfinished" in path.name]
    assert moment > 12
