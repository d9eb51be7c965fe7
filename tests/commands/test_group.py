"""`group` as a person meets it: what it prints, where, and what it exits with."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from faces.detection.detector import DetectorSettings
from faces.groups import steps
from faces.groups.files import follow
from faces.groups.store import Groups
from tests.faces.squares import ADA, BO, CY, Colours, Squares, photo


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder: Ada in three photos of `photos`, Bo in two, Cy in one; faces are coloured squares."""

    class Detector(Squares):
        def __init__(self, settings: DetectorSettings, device: str, at_once: int) -> None:
            super().__init__()
            self.settings = settings

    class Features(Colours):
        def __init__(self, device: str) -> None:
            super().__init__()

    monkeypatch.setattr("faces.detection.detector.FaceDetector", Detector)
    monkeypatch.setattr("faces.detection.likeness.FaceFeatures", Features)
    monkeypatch.chdir(tmp_path)
    for name, faces in {"1": (ADA, BO), "2": (ADA,), "3": (BO, ADA), "4": (CY,)}.items():
        photo(Path("photos", f"{name}.png"), *faces)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """run(*arguments): exit code, stdout and stderr of the command."""

    def group(*arguments: object) -> tuple[int, str, str]:
        code = cli.main(["group", *map(str, arguments), "--device", "cpu"])
        return code, *capsys.readouterr()

    return group


Run = Callable[..., tuple[int, str, str]]


def test_it_says_what_was_found_and_how_to_go_on(run: Run) -> None:
    code, out, err = run("photos", "--out", "DIR", "--quiet")
    assert (code, err) == (0, "")
    first, second, third = out.splitlines()
    assert first == "4 photos searched: 6 new faces"
    assert second == "DIR: 6 faces in 2 groups, 1 unsorted"
    assert third.startswith("to name them: ")
    assert third.endswith(" name DIR")


def test_again_it_says_what_was_known_and_which_groups_have_names(run: Run) -> None:
    run("photos", "--out", "DIR")
    with Groups(Path("DIR")) as groups:
        steps.name_group(groups, 1, "Ada", {})
        follow(groups)
    next(Path("DIR/group-002").iterdir()).unlink()
    code, out, err = run("photos", "photos/1.png", "--out", "DIR", "--quiet")
    assert code == 0
    assert out.splitlines()[:2] == [
        "0 photos searched, 5 known from before or there twice: 0 new faces",
        "DIR: 5 faces in 2 groups, 1 of them with a name, 1 unsorted",
    ]
    assert "1 crop deleted or changed by hand" in err


@pytest.mark.parametrize("bad", ["photos/bad.jpg", "nowhere.png"])
def test_a_photo_that_cannot_be_used_is_named_and_the_exit_code_is_1(run: Run, bad: str) -> None:
    Path("photos/bad.jpg").write_bytes(b"\xff\xd8\xff and no more")
    code, out, err = run("photos/1.png", bad, "photos/2.png", "--out", "DIR", "--quiet")
    assert code == 1
    assert f"{bad}: {'truncated' if 'bad' in bad else 'not_an_image'}: " in err
    assert "2 photos searched" in out


def test_one_object_with_all_of_it(run: Run) -> None:
    Path("photos/bad.jpg").write_bytes(b"\xff\xd8\xff and no more")
    code, out, _ = run("photos", "--out", "DIR", "--json", "--quiet")
    found = json.loads(out)
    assert code == 1
    assert list(found.pop("unreadable")) == ["photos/bad.jpg"]
    assert found == {
        **{"folder": "DIR", "searched": 4, "earlier": 0, "new": 6, "too_small": 0, "notes": [], "faces": 6},
        **{"groups": 2, "named": 0, "unsorted": 1},
    }


def test_names_on_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"photos/1.png\nphotos/2.png\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert run("-", "--out", "DIR", "--quiet")[1].startswith("2 photos searched: 3 new faces")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--min-face", 40), "were found with detector min_face 24; asked for detector min_face 40: choose the same"),
        (("--out", "photos"), "photos holds 1.png, which `group` has not made: name a new or an empty folder"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(run: Run, flags: tuple[object, ...], said: str) -> None:
    run("photos", "--out", "DIR")
    code, out, err = run("photos", "--out", "DIR", *flags, "--quiet")
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_groups_that_are_too_small_are_unsorted(run: Run) -> None:
    assert "DIR: 6 faces in 1 group, 3 unsorted" in run("photos", "--out", "DIR", "--min-faces", 3)[1]
