"""The crops of a folder of groups follow its database, and the database what people do by hand."""

import csv
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import cli
from data.download import download
from data.download.manifest import read_report
from data.download.portrait_source import download_portraits
from data.download.verify import verify
from data.journal import Journal
from data.photos.folder import read_folder
from data.portraits import Gallery
from data.rows import Row
from data.settings import DownloadSettings
from data.unnamed import GROUPS
from errors import DatasetError, StorageError
from faces.groups import files, steps
from faces.groups.files import crop_name, follow, take_over
from faces.groups.store import Groups
from faces.groups.values import UNSORTED, Kind
from tests.faces.groups.conftest import contents, jpeg, new_face

Heap = Callable[[], Groups]


class Killed(BaseException):
    """Stands for the process's end: nothing catches it."""


def places(groups: Groups) -> dict[int, str]:
    """The folder of each face's crop."""
    return {face.number: face.path.partition("/")[0] for face in groups.faces()}


def opened(folder: Path) -> tuple[list[str], dict[str, str | None]]:
    """Open a folder of people; what is said of it, and the person of each photo."""
    with Groups(folder) as groups:
        lines = take_over(groups)
        names = {group.number: group.name for group in groups.groups()}
        assert sorted(face.path for face in groups.faces()) == sorted(contents(folder))
        return lines, {face.path: names[face.group] for face in groups.faces()}


class TestCropsFollow:
    def test_each_lies_in_the_folder_of_its_group(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 2, "Ada", {})
            steps.not_faces(groups, [1], {})
            steps.strangers(groups, [2], {})
            follow(groups)
            assert places(groups) == {1: "not-faces", 2: "strangers", 3: "group-001", 4: "Ada", 5: "Ada", 6: "unsorted"}
            assert sorted(contents(groups.folder)) == sorted(face.path for face in groups.faces())

    def test_a_folder_that_is_empty_then_is_removed(self, heap: Heap) -> None:
        with heap() as groups:
            follow(groups)
            assert (groups.folder / "group-002").is_dir()
            steps.merge(groups, [1, 2], {})
            follow(groups)
            assert not (groups.folder / "group-002").exists()

    def test_two_photos_of_one_name_both_stay(self, heap: Heap) -> None:
        with heap() as groups:
            follow(groups)
            path = groups.face(1).path
            other = path.replace("group-001", "Ada")
            long = "x" * 240 + ".jpg"
            for name, content in ((Path(path).name, b"by hand"), (long, b"long")):
                (groups.folder / "Ada").mkdir(exist_ok=True)
                (groups.folder / "Ada" / name).write_bytes(content)
            (groups.folder / path).rename(groups.folder / "group-001" / long)
            groups.set_moved({1: f"group-001/{long}"})
            steps.name_group(groups, 1, "Ada", {})
            follow(groups)
            assert (groups.folder / other).read_bytes() == b"by hand"
            assert (groups.folder / "Ada" / long).read_bytes() == b"long"
            assert (groups.folder / groups.face(1).path).read_bytes() == jpeg(0)

    def test_a_place_that_the_database_knows_is_not_free_though_its_file_is_gone(self, heap: Heap) -> None:
        with heap() as groups:
            follow(groups)
            name = Path(groups.face(1).path).name
            (groups.folder / groups.face(4).path).rename(groups.folder / "group-002" / name)
            groups.set_moved({4: f"group-002/{name}"})
            (groups.folder / "group-002" / name).unlink()
            steps.merge(groups, [2, 1], {})
            follow(groups)
            assert take_over(groups) == ["1 crop deleted or changed by hand: left out from now on"]
            assert [face.number for face in groups.faces(2)] == [1, 2, 3, 5]

    def test_the_manifest_says_where_each_face_was_found(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "=cmd()", {})
            follow(groups)
            with (groups.folder / "manifest.csv").open(newline="") as file:
                rows = list(csv.DictReader(file))
            assert tuple(rows[0]) == files.COLUMNS
            assert [row["file"] for row in rows] == sorted(face.path for face in groups.faces())
            first = next(row for row in rows if row["photo"] == "/photos/0.jpg")
            assert first["name"] == "'=cmd()"
            assert (first["group"], first["box"]) == (groups.group(1).folder, "0,0,40,40")
            assert first["sha256"] == groups.face(1).photo

    @pytest.mark.parametrize("step", ["set_targets", "rename", "set_moved"])
    def test_killed_on_the_way_the_next_start_ends_the_moves(
        self, heap: Heap, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        with heap() as groups:
            crops = sorted(contents(groups.folder).values())
            decided = steps.name_group(groups, 1, "Ada", {})
            calls = []

            def end(*arguments: object) -> None:
                calls.append(arguments)
                if step != "rename" or len(calls) == 3:
                    raise Killed

            with monkeypatch.context() as patch:
                if step == "rename":
                    rename = Path.rename
                    patch.setattr(Path, "rename", lambda *arguments: end(*arguments) or rename(*arguments))
                else:
                    patch.setattr(Groups, step, end)
                with pytest.raises(Killed):
                    follow(groups)
        with heap() as groups:
            assert take_over(groups) == []
            follow(groups)
            assert {places(groups)[face] for face in (1, 2, 3)} == {"Ada"}
            assert sorted(contents(groups.folder).values()) == crops
            assert groups.targets() == []
            assert groups.last_step() == decided

    def test_what_somebody_put_in_the_way_meanwhile_is_not_overwritten(
        self, heap: Heap, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with heap() as groups:
            steps.name_group(groups, 2, "Ada", {})

            def end(*_: object) -> None:
                raise Killed

            with monkeypatch.context() as patch:
                patch.setattr(files, "_renamed", end)
                with pytest.raises(Killed):
                    follow(groups)
            target = groups.folder / groups.targets()[0][1]
            target.parent.mkdir()
            target.write_bytes(b"mine")
            follow(groups)
            assert target.read_bytes() == b"mine"
            assert set(contents(groups.folder).values()) == {b"mine", *map(jpeg, range(6))}
            assert {places(groups)[face] for face in (4, 5)} == {"Ada"}


class TestDoneByHand:
    def test_a_crop_that_was_moved_is_in_the_group_of_its_folder_until_that_is_undone(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "Ada", {})
            follow(groups)
            path = groups.face(4).path
            shutil.move(groups.folder / path, groups.folder / "Ada" / "other name.jpg")
            assert take_over(groups) == ["1 crop moved by hand: taken over"]
            assert (groups.face(4).group, groups.face(4).path) == (1, "Ada/other name.jpg")
            step = groups.last_step()
            assert step is not None
            assert step.about == "1 crop moved by hand"
            groups.undo(step.number)
            follow(groups)
            assert places(groups)[4] == "group-002"

    def test_a_crop_that_was_moved_to_the_unsorted_is_not_grouped_again(self, heap: Heap) -> None:
        with heap() as groups:
            follow(groups)
            shutil.move(groups.folder / groups.face(4).path, groups.folder / "unsorted")
            take_over(groups)
            assert groups.face(4).group == UNSORTED
            assert groups.face(4).is_placed

    @pytest.mark.parametrize(("name", "kind"), [("Carla", "Carla"), ("group-077", None), ("strangers", None)])
    def test_a_folder_that_was_renamed_is_a_group(self, heap: Heap, name: str, kind: str | None) -> None:
        with heap() as groups:
            follow(groups)
            (groups.folder / "group-001").rename(groups.folder / name)
            take_over(groups)
            number = groups.face(1).group
            assert {groups.face(face).group for face in (1, 2, 3)} == {number}
            assert number != 1
            assert groups.group(number).name == kind
            assert groups.group(number).kind is (Kind.STRANGERS if name == "strangers" else Kind.PERSON)
            follow(groups)
            assert take_over(groups) == []

    def test_people_whose_folders_changed_places_did_so(self, tmp_path: Path) -> None:
        for number, file in enumerate(("Ada/1.jpg", "Ada/2.jpg", "Bob/1.jpg")):
            new_face(tmp_path, file, jpeg(number))
        opened(tmp_path)
        for one, other in (("Ada", "tmp"), ("Bob", "Ada"), ("tmp", "Bob")):
            (tmp_path / one).rename(tmp_path / other)
        lines, _ = opened(tmp_path)
        assert lines == ["3 crops moved by hand: taken over"]
        with Groups(tmp_path) as groups:
            ada = groups.person("Ada")
            assert ada is not None
            assert [face.number for face in groups.faces(ada.number)] == [3]

    def test_crops_that_are_deleted_are_left_out_and_their_photos_not_searched_again(self, heap: Heap) -> None:
        with heap() as groups:
            face = groups.face(1)
            steps.reject(groups, [1], "Ada", {})
            (groups.folder / face.path).unlink()
            assert take_over(groups) == ["1 crop deleted or changed by hand: left out from now on"]
            assert [one.number for one in groups.faces()] == [2, 3, 4, 5, 6]
            assert groups.is_searched(face.photo)
            assert groups.rejected() == {}

    def test_crops_that_cannot_be_read_now_stay_what_they_are(
        self, heap: Heap, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(path: Path) -> os.stat_result:
            if path.suffix or path.name == "group-001":
                raise PermissionError(13, "Permission denied")
            return lstat(path)

        lstat, scandir = Path.stat, os.scandir

        with heap() as groups:
            follow(groups)
            with monkeypatch.context() as patch:
                patch.setattr(os, "scandir", lambda path: refused(path) and scandir(path))
                patch.setattr(Path, "lstat", lambda path: refused(path) if path.suffix else lstat(path))
                lines = take_over(groups)
            assert f"cannot be used, left out: {groups.folder / 'group-001'}: Permission denied" in lines
            assert len(groups.faces(1)) == 3

    def test_a_crop_that_is_no_photo_any_more_stays_what_it_is(self, heap: Heap) -> None:
        with heap() as groups:
            path = groups.folder / groups.face(1).path
            path.write_bytes(b"")
            assert take_over(groups) == [f"cannot be used, left out: {path}: an empty file"]
            assert groups.face(1).group == 1

    def test_a_photo_put_into_a_persons_folder_is_the_persons(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "Ada", {})
            follow(groups)
            new_face(groups.folder, "Ada/mine.jpg", jpeg(90))
            new_face(groups.folder, "Bob/mine.jpg", jpeg(91))
            assert take_over(groups) == ["2 photos of 2 folders read"]
            assert groups.face(7).group == 1
            assert groups.group(groups.face(8).group).name == "Bob"

    def test_what_a_killed_grouping_has_left_is_no_new_photo_but_what_came_back_is(self, heap: Heap) -> None:
        with heap() as groups:
            face = groups.face(6)
            new_face(groups.folder, f"unsorted/{crop_name(Path('x.jpg'), '0' * 64, 1)}", jpeg(92))
            (groups.folder / face.path).unlink()
            take_over(groups)
            (groups.folder / face.path).write_bytes(jpeg(5))
            assert take_over(groups) == ["1 photo of 1 folder read"]
            assert [one.path for one in groups.faces(UNSORTED)] == [face.path]

    def test_without_a_change_nothing_is_done_and_what_was_undone_can_be_done_again(self, heap: Heap) -> None:
        with heap() as groups:
            groups.undo(steps.name_group(groups, 1, "Ada", {}).number)
            follow(groups)
            os.utime(groups.folder / groups.face(1).path)  # as a copy of the folder
            before = groups.revision
            assert take_over(groups) == []
            assert groups.revision == before
            assert groups.undone_step() is not None


class TestAFolderOfPeople:
    def test_each_folder_is_a_person_and_each_photo_a_face(self, tmp_path: Path) -> None:
        for number, file in enumerate(("Ada/1.jpg", "Ada/more/1.jpg", "Val/1.jpg", "unsorted/1.jpg")):
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_bytes(jpeg(number))
        (tmp_path / "Ada" / "notes.txt").write_text("of Ada")
        lines, people = opened(tmp_path)
        assert lines == ["4 photos of 3 folders read"]
        assert people == {"Ada/1.jpg": "Ada", "Ada/more/1.jpg": "Ada", "Val/1.jpg": "Val", "unsorted/1.jpg": None}
        assert opened(tmp_path) == ([], people)
        assert not (tmp_path / "manifest.csv").exists()

    def test_spellings_of_one_name_are_one_person(self, tmp_path: Path) -> None:
        for number, file in enumerate(("ada/1.jpg", "Ada/1.jpg", "ADA/1.jpg")):
            new_face(tmp_path, file, jpeg(number))
        opened(tmp_path)
        with Groups(tmp_path) as groups:
            follow(groups)
            assert sorted(contents(tmp_path)) == ["ADA/1-2.jpg", "ADA/1-3.jpg", "ADA/1.jpg"]

    @pytest.mark.parametrize("parts", [("train", "test"), ("Training", "val", "TEST")], ids=str)
    def test_parts_of_a_split_are_no_people(self, tmp_path: Path, parts: tuple[str, ...]) -> None:
        for part in parts:
            new_face(tmp_path, f"{part}/1.jpg", jpeg(1))
        with Groups(tmp_path) as groups, pytest.raises(DatasetError, match="has the parts of a split"):
            take_over(groups)

    def test_what_lies_behind_a_link_is_left_out_and_untouched(self, tmp_path: Path) -> None:
        folder, out = tmp_path / "photos", tmp_path / "out"
        folder.mkdir()
        out.mkdir()
        new_face(folder, "Ada/1.jpg", jpeg(1))
        new_face(out, "Bob/1.jpg", jpeg(2))
        (folder / "Bob").symlink_to(out / "Bob")
        (folder / "Ada" / "more").symlink_to(out / "Bob")
        with Groups(folder) as groups:
            assert [line.partition(": ")[0] for line in take_over(groups)] == [
                "1 photo of 1 folder read",
                "cannot be used, left out",
                "cannot be used, left out",
            ]
            steps.name_faces(groups, [1], "Bob", {})
            follow(groups)
            assert [face.path for face in groups.faces()] != ["Bob/1.jpg"]
        assert list(contents(out)) == ["Bob/1.jpg"]


class TestAStrangersDatabase:
    """Nothing outside of its folder is touched."""

    @pytest.mark.parametrize("column", ["path", "target"])
    def test_a_link_that_leads_out_is_not_followed(self, heap: Heap, tmp_path: Path, column: str) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (out / "1.jpg").write_bytes(b"mine")
        with heap() as groups:
            folder = groups.folder
        (folder / "link").symlink_to(out)
        with closing(sqlite3.connect(folder / GROUPS)) as database, database:
            other = "target = 'Ada/1.jpg', " if column == "path" else ""
            database.execute(f"UPDATE faces SET {other}{column} = 'link/1.jpg' WHERE number = 1")
        before = contents(folder)
        with heap() as groups, pytest.raises(StorageError, match="leads out of it through a link"):
            take_over(groups)
        assert [path.name for path in out.iterdir()] == ["1.jpg"]
        assert (out / "1.jpg").read_bytes() == b"mine"
        assert contents(folder) == before


@pytest.mark.parametrize(
    ("photo", "crop"),
    [
        ("a.jpg", "a-012345678901-1.jpg"),
        (".hidden.jpg", "hidden-"),
        ("~$x.jpg", "$x-"),
        ("=cmd.jpg", "cmd-"),
        ("a\nb.jpg", "a_b-"),
        ("\udcff.jpg", "person-"),
        ("é" * 200 + ".jpg", "é" * 60 + "-"),
    ],
    ids=ascii,
)
def test_the_name_of_a_crop_is_one_that_every_system_takes_and_no_command_passes_over(photo: str, crop: str) -> None:
    name = crop_name(Path(photo), "0123456789012345", 1)
    assert name.startswith(crop)
    assert name.endswith("-012345678901-1.jpg")
    assert len(name.encode()) < 180


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """A folder as a download fills it: two photos of Ada, two of `a/b`, one of Cy."""
    fetch_all(tmp_path / "six")
    return tmp_path / "six"


def ada_of(folder: Path) -> str:
    """The crop of the first row."""
    with Journal(folder) as journal:
        return next(stored.file for stored in journal.stored_crops() if stored.row.url == "http://photos/1")


def fetch_all(folder: Path) -> list[str]:
    """Download the list; return the URLs that were asked for."""
    names = ["Ada", "Ada", "a/b", "a/b", "Cy"]
    rows = [Row(number, name, f"http://photos/{number}", None, None) for number, name in enumerate(names, 1)]
    asked = list[str]()

    def fetch(row: Row) -> bytes:
        asked.append(row.url)
        return jpeg(row.number)

    download(rows, folder, settings=DownloadSettings(size=12, workers=1), fetch=fetch)
    return asked


class TestADownload:
    """Crops that are moved stay those of their rows: nothing is missing, foreign, or downloaded again."""

    def check(self, folder: Path) -> None:
        before = contents(folder)
        found = verify(folder)
        assert (found.checked, found.missing, found.changed, found.foreign) == (5, [], [], [])
        assert fetch_all(folder) == []
        assert verify(folder).is_right
        assert contents(folder) == before

    @pytest.mark.parametrize("name", ["Cy", "a/b", "New", "n/w", "CY"])
    def test_after_a_decision(self, six: Path, name: str) -> None:
        with Groups(six) as groups:
            assert take_over(groups) == ["5 photos of 3 folders read"]
            assert {group.name for group in groups.groups() if group.name} == {"Ada", "a/b", "Cy"}
            face = next(face for face in groups.faces() if face.path.startswith("Ada/"))
            steps.name_faces(groups, [face.number], name, {})
            follow(groups)
        self.check(six)
        with Journal(six) as journal:
            whose = "Cy" if name == "CY" else name
            assert sum(row.row.name == whose for row in journal.stored_crops()) == {"Cy": 2, "a/b": 3}.get(whose, 1)

    def test_after_it_was_undone(self, six: Path) -> None:
        before = contents(six)
        with Groups(six) as groups:
            take_over(groups)
            step = steps.not_faces(groups, [1, 3], {})
            follow(groups)
            groups.undo(step.number)
            follow(groups)
        self.check(six)
        assert contents(six) == before

    @pytest.mark.parametrize("what", ["not_faces", "strangers", "take_out", "split"])
    def test_in_a_folder_of_nobody(self, six: Path, what: str) -> None:
        with Groups(six) as groups:
            take_over(groups)
            getattr(steps, what)(groups, [1, 2], {})
            follow(groups)
        self.check(six)

    @pytest.mark.parametrize("decision", ["name", "not_faces"])
    def test_of_which_one_was_deleted_and_repaired(self, tmp_path: Path, decision: str) -> None:
        gallery, six = Gallery(people=2, photos=2), tmp_path / "six"
        download_portraits(gallery, six, settings=DownloadSettings(size=12))
        with Groups(six) as groups:
            take_over(groups)
            ada, bo = (group.name or "" for group in groups.groups() if group.name)
            face = groups.face(1)
            assert face.path.startswith(ada)
            steps.name_faces(groups, [1], bo, {}) if decision == "name" else steps.not_faces(groups, [1], {})
            follow(groups)
            path = six / groups.face(1).path
        content = path.read_bytes()
        path.unlink()
        assert verify(six, repair=True).is_right
        assert path.read_bytes() == content
        found = verify(six)
        assert (found.checked, found.is_right) == (4, True)
        fresh = list[bool]()
        download_portraits(
            gallery, six, settings=DownloadSettings(size=12), on_outcome=lambda outcome: fresh.append(outcome.fresh)
        )
        assert fresh == [False] * 4
        with Groups(six) as groups:
            assert take_over(groups) == []

    def test_moved_by_hand(self, six: Path) -> None:
        opened(six)
        crop = next((six / "Ada").iterdir())
        other = next((six / "Cy").iterdir())
        shutil.move(crop, six / "Cy" / "mine.jpg")
        shutil.move(other, crop)  # in its place
        assert opened(six)[0] == ["2 crops moved by hand: taken over"]
        self.check(six)

    @pytest.mark.parametrize("step", ["commit", "set_moved"])
    def test_killed_while_the_journal_is_told(self, six: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
        def end(*_: object) -> None:
            raise Killed

        with Groups(six) as groups:
            take_over(groups)
            steps.name_faces(groups, [1], "Cy", {})
            with monkeypatch.context() as patch:
                patch.setattr(Journal if step == "commit" else Groups, step, end)
                with pytest.raises(Killed):
                    follow(groups)
        with Groups(six) as groups:
            assert take_over(groups) == []
        self.check(six)

    def test_its_tables_say_where_the_crops_are_at_the_end_and_before_a_training(self, six: Path) -> None:
        def said() -> bool:
            return "Cy," in next(
                line for line in (six / "manifest.csv").read_text().splitlines() if "photos/1," in line
            )

        with Groups(six) as groups:
            take_over(groups)
            face = next(face for face in groups.faces() if face.path == ada_of(six))
            steps.name_faces(groups, [face.number], "Cy", {})
            follow(groups)
            assert not said()
            follow(groups)
            assert said()
            groups.undo(1)
            follow(groups)
        assert not said()

    def test_its_tables_are_written_by_the_next_start_after_a_kill(self, six: Path) -> None:
        child = os.fork()
        if not child:
            groups = Groups(six)
            take_over(groups)
            steps.not_faces(groups, [1], {})
            follow(groups)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        assert "not-faces/" not in (six / "manifest.csv").read_text()
        opened(six)
        assert "not-faces/" in (six / "manifest.csv").read_text()

    def test_the_last_run_stays_the_last_run(self, six: Path) -> None:
        before = read_report(six, 1.0)
        with Groups(six) as groups:
            take_over(groups)
            steps.name_faces(groups, [1], "Cy", {})
            follow(groups)
        after = read_report(six, 1.0)
        assert before is not None
        assert after is not None
        assert after.run == before.run
        assert (after.rows, after.ok) == (5, 5)
        assert after.people == {"Ada": 1, "a/b": 2, "Cy": 2} | before.people | {"Ada": 1, "Cy": 2}
        text = (six / "report.json").read_text()
        assert '"seconds": 0.0,' not in text

    def test_who_is_forgotten_takes_no_crop_along_that_is_anothers(
        self, six: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with Groups(six) as groups:
            take_over(groups)
            face = next(face for face in groups.faces() if face.path.startswith("Ada/"))
            steps.name_faces(groups, [face.number], "Cy", {})
            follow(groups)
        assert cli.main(["forget", str(six), "Ada"]) == 0
        assert len(list((six / "Cy").iterdir())) == 2
        assert not (six / "Ada").exists()
        assert verify(six).is_right

    def test_training_takes_the_moved_crop_for_the_other_persons(self, six: Path) -> None:
        with Groups(six) as groups:
            take_over(groups)
            faces = {face.path.partition("/")[0]: face.number for face in groups.faces()}
            steps.name_faces(groups, [faces["Ada"]], "Cy", {})
            steps.not_faces(groups, [next(number for folder, number in faces.items() if folder.startswith("a_b"))], {})
            follow(groups)
        found = read_folder(six)
        assert sorted(photo.name for photo in found.photos if photo.name in ("Ada", "Cy")) == ["Ada", "Cy", "Cy"]
        assert "not-faces" not in found.people
        assert any("1 folder of groups without a name: left out; to name them: " in line for line in found.notes)
