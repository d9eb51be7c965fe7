"""A person leaves a folder of groups: nothing about the person is left in it, and all else stays."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import cli
from data.download import download
from data.download.verify import verify
from data.rows import Row
from data.settings import DownloadSettings
from errors import UsageError
from faces.groups import steps
from faces.groups.files import follow, take_over
from faces.groups.forget import forget
from faces.groups.store import Groups
from report.run_folder import REQUEST, as_json
from tests.faces.groups.conftest import contents, jpeg, new_face

Heap = Callable[[], Groups]
NAME = "Adalbert Quux"


class Killed(BaseException):
    """Stands for the process's end: nothing catches it."""


@pytest.fixture
def folder(heap: Heap) -> Path:
    """Group 1 has the name, after another one; face 6 was said not to be this person; group 2 is Bob."""
    with heap() as groups:
        steps.split(groups, [5], {})
        steps.name_group(groups, 2, "Bob", {})
        steps.name_group(groups, 1, "Somebody Else", {})
        steps.name_group(groups, 1, NAME, {})
        steps.reject(groups, [6], NAME, {})
        steps.reject(groups, [6], "Bob", {})
        steps.merge(groups, [1, 3], {})
        follow(groups)
        return groups.folder


def check_that_nobody_is_left_but_bob(folder: Path, heap: Heap) -> None:
    for path in folder.rglob("*"):
        assert path.is_dir() or b"Quux" not in path.read_bytes(), path
    with heap() as groups:
        assert take_over(groups) == []
        assert [face.number for face in groups.faces()] == [4, 6]
        assert groups.rejected() == {6: {"bob"}}
        assert [group.name for group in groups.groups() if group.name] == ["Bob"]
        last = groups.last_step()
        assert last is not None
        assert last.about == "1 face not of Bob"
        groups.undo(last.number)
        last = groups.last_step()
        assert last is not None
        groups.undo(last.number)
        assert groups.last_step() is None
        assert groups.group(groups.face(4).group).name is None
    assert len(contents(folder)) == 2
    assert len((folder / "manifest.csv").read_text().splitlines()) == 3


def test_nothing_of_the_person_is_left(folder: Path, heap: Heap) -> None:
    with heap() as groups:
        crops = {face.sha256 for face in groups.faces(1)}
        photos = [face.photo for face in groups.faces()]
        features = groups._one("SELECT features FROM faces WHERE number = 1")
    new_face(folder, f"{NAME}/mine.jpg", jpeg(99))
    told = list[str]()
    found = forget(folder, "adalbert  QUUX", forget_photos=told.extend)
    assert found is not None
    assert (found.rows, found.files, found.folder) == (4, 5, NAME)
    assert set(told) == crops | {hashlib.sha256(jpeg(99)).hexdigest()}
    check_that_nobody_is_left_but_bob(folder, heap)
    assert features not in (folder / "groups.sqlite").read_bytes()[4096:]
    with heap() as groups:
        assert all(map(groups.is_searched, photos))  # they are not found again


@pytest.mark.parametrize("step", ["forget_photos", "remove_folder", "write_manifest", "database"])
def test_killed_on_the_way_a_second_run_does_what_is_left(
    folder: Path, heap: Heap, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def end(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if step == "database":
            patch.setattr(Groups, "forget", end)
        elif step != "forget_photos":
            patch.setattr(f"faces.groups.forget.{step}", end)
        with pytest.raises(Killed):
            forget(folder, NAME, forget_photos=end if step == "forget_photos" else lambda photos: None)
    forget(folder, NAME)
    check_that_nobody_is_left_but_bob(folder, heap)


def test_an_unknown_name_names_close_ones(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(UsageError, match=r"no group named 'Bop': did you mean 'Bob'\?"):
        forget(folder, "Bop")
    with pytest.raises(UsageError, match="see the folders in it for who there is"):
        forget(folder, "group-001")
    assert contents(folder) == before


def test_photos_of_ones_own_are_not_removed_but_what_was_noted_about_them(tmp_path: Path) -> None:
    for number, file in enumerate(("Ada/1.jpg", "Bob/1.jpg")):
        new_face(tmp_path, file, jpeg(number))
    with Groups(tmp_path) as groups:
        take_over(groups)
    with pytest.raises(UsageError, match=r"a folder of your own: remove .*Ada yourself, then forget 'Ada' again"):
        forget(tmp_path, "Ada")
    assert len(contents(tmp_path)) == 2
    (tmp_path / "Ada" / "1.jpg").unlink()
    assert forget(tmp_path, "Ada") is not None
    with Groups(tmp_path) as groups:
        assert [face.path for face in groups.faces()] == ["Bob/1.jpg"]


class TestTheCommand:
    def said(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
        assert cli.main(["forget", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    @pytest.fixture(autouse=True)
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def test_of_a_heap(self, folder: Path, heap: Heap, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.said(capsys, folder, NAME).splitlines() == [
            f"{NAME}: 4 faces and 4 files removed from {folder}",
            "the photos that these faces were found in are as they were; group does not search them again",
        ]
        check_that_nobody_is_left_but_bob(folder, heap)
        assert cli.main(["forget", str(folder), NAME]) == 2

    def test_runs_that_have_the_person_are_named(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        run = Path("runs/mine")
        run.mkdir(parents=True)
        request = {"command": "train-faces", "folder": str(folder.resolve()), "flags": []}
        (run / REQUEST).write_bytes(as_json(request))
        found = json.loads(self.said(capsys, folder, NAME, "--json"))
        assert found == {"rows": 0, "files": 4, "runs": ["runs/mine"], "faces": []}

    @pytest.mark.parametrize("spelling", ["Ada", "ADA"])
    def test_of_a_download_with_groups(self, spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
        rows = [Row(n, name, f"http://p/{n}", None, None) for n, name in enumerate(("Ada", "Ada", "Ada", "Cy", "Cy"))]
        six = Path("six")
        download(rows, six, settings=DownloadSettings(size=12), fetch=lambda row: jpeg(row.number))
        with Groups(six) as groups:
            take_over(groups)
            ada, cy = ([face.number for face in groups.faces() if face.path.startswith(name)] for name in ("Ada", "Cy"))
            steps.not_faces(groups, ada[:1], {})
            steps.name_faces(groups, ada[1:2], "Cy", {})
            steps.name_faces(groups, cy[:1], "Ada", {})
            follow(groups)
        assert f"{spelling}: 3 faces, 3 rows and 3 files removed" in self.said(capsys, six, spelling)
        assert [Path(path).parent.name for path in contents(six)] == ["Cy", "Cy"]
        assert verify(six).is_right
        with Groups(six) as groups:
            assert take_over(groups) == []
            assert len(groups.faces()) == 2
            assert groups.last_step() is None
        for path in six.rglob("*"):
            assert path.is_dir() or b"Ada" not in path.read_bytes(), path

    def test_of_a_name_given_by_hand_in_a_download(self, capsys: pytest.CaptureFixture[str]) -> None:
        six = Path("six")
        rows = [Row(n, "Ada", f"http://p/{n}", None, None) for n in range(3)]
        download(rows, six, settings=DownloadSettings(size=12), fetch=lambda row: jpeg(row.number))
        with Groups(six) as groups:
            take_over(groups)
            steps.name_faces(groups, [1], "n/w", {})
            follow(groups)
        self.said(capsys, six, "n/w")
        assert len(contents(six)) == 2
        assert verify(six).is_right


def test_what_was_decided_about_a_longer_name_stays(heap: Heap) -> None:
    with heap() as groups:
        steps.name_group(groups, 1, "Ann", {})
        steps.name_group(groups, 2, "Joanne", {})
        folder = groups.folder
        follow(groups)
    forget(folder, "Ann")
    with heap() as groups:
        last = groups.last_step()
        assert last is not None
        assert last.about.endswith("of Joanne")
