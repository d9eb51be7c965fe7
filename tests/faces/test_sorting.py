"""Photos into a folder per person: nothing overwritten, nothing lost, and a table of what went where."""

import csv
import errno
import hashlib
import os
import unicodedata
from collections.abc import Iterable
from itertools import permutations
from pathlib import Path

import pytest

from data.folder_names import folded
from data.reasons import Reason
from errors import StorageError
from faces.predictions import Prediction, Status
from faces.sorting import COLUMNS, How, Sorted, SortSettings, person_folders, sort_photos

PEOPLE = ("Ada", "Bo", "Cy")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def photo(name: str, content: str = "") -> Path:
    """A file of these bytes, an hour old: who is on it, the predictions say."""
    file = Path(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content or name, errors="surrogateescape")
    os.utime(file, (1_700_000_000, 1_700_000_000))
    return file


def of(file: Path | str, *people: str, probability: float = 0.9) -> list[Prediction]:
    """The predictions of a photo: of these people, each a little less sure than the one before; else of a stranger."""
    if not people:
        return [Prediction(Path(file), None, "Ada", 0.4, Status.UNKNOWN, 0.1)]
    return [
        Prediction(Path(file), None, name, probability - number / 10, Status.OK, 1.0)
        for number, name in enumerate(people)
    ]


def no_face(file: Path) -> list[Prediction]:
    return [Prediction(file, None, None, None, Status.NO_FACE)]


def sort(
    *photos: Iterable[Prediction],
    how: How = How.COPY,
    unknown: bool = False,
    dry_run: bool = False,
    people: tuple[str, ...] = PEOPLE,
) -> Sorted:
    settings = SortSettings(out=Path("out"), how=how, unknown=unknown, dry_run=dry_run)
    return sort_photos((prediction for each in photos for prediction in each), people, settings)


def tree(folder: str = "out") -> dict[str, str]:
    """What each file has in it, but for hidden ones and the table."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(errors="surrogateescape")
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.name != "sorted.csv"
    }


def state() -> dict[Path, tuple[int, ...]]:
    """All files and folders here, and what changes when one of them is written."""
    stats = {path: path.lstat() for path in Path().rglob("*")}
    return {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats.items()}


def table() -> list[dict[str, str]]:
    with Path("out/sorted.csv").open(newline="", encoding="utf-8", errors="surrogateescape") as lines:
        return list(csv.DictReader(lines))


ALL = list(How)


def test_each_photo_goes_into_the_folder_of_each_person_on_it() -> None:
    one, both = photo("in/1.jpg"), photo("in/2.jpg")
    done = sort(of(one, "Ada"), of(both, "Bo", "Ada"))
    assert tree() == {"Ada/1.jpg": "in/1.jpg", "Ada/2.jpg": "in/2.jpg", "Bo/2.jpg": "in/2.jpg"}
    assert (done.photos, done.people) == (2, {"Ada": 2, "Bo": 1})
    assert (one.read_text(), both.read_text()) == ("in/1.jpg", "in/2.jpg")
    assert Path("out/Ada/1.jpg").stat().st_mtime == 1_700_000_000


def test_two_faces_of_one_person_are_one_photo_of_the_person() -> None:
    done = sort(of(photo("1.jpg"), "Ada", "Ada"))
    assert done.people == {"Ada": 1}
    assert [row["probability"] for row in table()] == ["0.9000"]


def test_photos_without_a_known_person_stay_and_are_counted_and_listed() -> None:
    done = sort(of(photo("s.jpg")), no_face(photo("n.jpg")), of(photo("k.jpg"), "Cy"))
    assert (done.unknown, done.no_face, done.failed) == (1, 1, {})
    assert tree().keys() == {"Cy/k.jpg"}
    assert [(row["person"], row["went_to"], row["how"], row["status"]) for row in table()] == [
        ("Cy", "Cy/k.jpg", "copy", "ok"), ("", "", "", "no_face"), ("", "", "", "unknown"),
    ]  # fmt: skip


def test_a_known_person_beside_a_stranger_is_known() -> None:
    file = photo("1.jpg")
    done = sort([*of(file), *of(file, "Bo")], unknown=True)
    assert (list(tree()), done.unknown) == (["Bo/1.jpg"], 0)


@pytest.mark.parametrize("how", ALL)
def test_unknown_photos_have_a_folder_of_their_own_if_asked(how: How) -> None:
    done = sort(of(photo("s.jpg")), of(photo("k.jpg"), "unknown"), how=how, unknown=True, people=("unknown", "Unknown"))
    (person,) = {name.partition("/")[0] for name in tree()} - {"unknown"}
    assert tree() == {"unknown/s.jpg": "s.jpg", f"{person}/k.jpg": "k.jpg"}
    assert person.startswith("unknown-")
    assert (done.unknown, done.people) == (1, {"unknown": 1})


NAMES = [
    *("..", ".", "CON", "nul.txt", "=cmd|' /C calc'!A0", "@sum", "-rf", "a/b", "a\\b", "x" * 300, "王" * 200),
    *("🎈 party", "\u202egpj.ada", "  Ada  ", "ada", "Ada", "Ａｄａ", "Straße", "STRASSE"),
    *(unicodedata.normalize("NFD", "Zoë"), "Zoë"),
    *("sorted.csv", "Sorted.CSV", "unknown", ".lock", ".sorted-unfinished.csv", "a\nb", "half\udc80", "half\ud800"),
]  # fmt: skip


def test_any_name_has_a_folder_of_its_own_inside() -> None:
    people = tuple(dict.fromkeys(NAMES))
    folders = person_folders(people)
    assert len({folded(folder) for folder in folders.values()}) == len(people)
    sort(*(of(photo(f"in/{number}.jpg"), name) for number, name in enumerate(people)), people=people)
    found = tree()
    assert sorted(found.values()) == sorted(f"in/{number}.jpg" for number in range(len(people)))
    assert {name.count("/") for name in found} == {1}
    assert sorted(path.name for path in Path().iterdir()) == ["in", "out"], "nothing beside it"
    assert not any(row["person"].lstrip().startswith(("=", "+", "@", "-")) for row in table()), "no formula"


@pytest.mark.parametrize("people", list(permutations(("ada", "Ada", "ADA"))))
def test_names_that_differ_in_case_alone_have_folders_that_do_not(people: tuple[str, ...]) -> None:
    folders = person_folders(people)
    assert folders[people[0]] == people[0]
    assert len({folder.casefold() for folder in folders.values()}) == 3


@pytest.mark.parametrize("how", ALL)
def test_photos_of_one_name_both_stay_and_a_second_time_nothing_is_new(how: How) -> None:
    files = [photo("a/1.jpg"), photo("b/1.jpg"), photo("c/1.JPG")]
    answers = [of(file, "Ada") for file in files]
    sort(*answers, how=how)
    first = tree()
    assert first == {"Ada/1.jpg": "a/1.jpg", "Ada/1-2.jpg": "b/1.jpg", "Ada/1-3.JPG": "c/1.JPG"}
    rows = table()
    if how == How.MOVE:
        assert not any(file.exists() for file in files)
        return
    done = sort(*answers, how=how)
    assert tree() == first
    assert done.already_there == {"Ada": 3}
    assert table() == rows
    sort(answers[1], how=how)
    assert (tree(), table()) == (first, rows), "and one alone is found under its number"


@pytest.mark.parametrize("how", [How.COPY, How.MOVE])
def test_what_was_there_before_is_never_overwritten(how: How) -> None:
    photo("out/Ada/1.jpg", "mine")
    photo("out/notes.txt", "mine")
    Path("out/Ada/1-2.jpg").symlink_to("nowhere.jpg")
    Path("out/Ada/1-3.jpg").mkdir()
    sort(of(photo("1.jpg"), "Ada"), how=how)
    assert tree() == {"Ada/1.jpg": "mine", "notes.txt": "mine", "Ada/1-4.jpg": "1.jpg"}


def test_a_file_that_appears_meanwhile_is_not_overwritten() -> None:
    first, second = photo("1.jpg"), photo("2.jpg")

    def answers() -> Iterable[Prediction]:
        yield from of(first, "Ada")
        yield from of(second, "Ada")
        photo("out/Ada/3.jpg", "mine")
        yield from of(photo("3.jpg"), "Ada")

    sort(answers())
    assert tree()["Ada/3.jpg"] == "mine"
    assert tree()["Ada/3-2.jpg"] == "3.jpg"


def test_the_same_photo_under_several_names_of_its_own_is_each_of_them_once() -> None:
    one = photo("a/1.jpg", "same")
    Path("link").symlink_to("a")
    done = sort(of(one, "Ada"), of("link/1.jpg", "Ada"), of("a/../a/1.jpg", "Ada"), of(photo("b/1.jpg", "same"), "Ada"))
    assert tree() == {"Ada/1.jpg": "same"}
    assert (done.photos, done.already_there) == (2, {"Ada": 1})


def test_a_link_is_relative_and_leads_to_the_photo() -> None:
    Path("deep/er").mkdir(parents=True)
    Path("out").symlink_to("deep/er")
    sort(of(photo("in/1.jpg"), "Ada", "Bo"), how=How.LINK)
    for person in ("Ada", "Bo"):
        link = Path("out", person, "1.jpg")
        assert link.is_symlink()
        assert not link.readlink().is_absolute()
        assert link.samefile("in/1.jpg")
    assert {row["how"] for row in table()} == {"link"}


def test_a_link_is_no_copy() -> None:
    """Who copies after linking may be about to remove the photos."""
    file = photo("in/1.jpg")
    sort(of(file, "Ada"), how=How.LINK)
    sort(of(file, "Ada"), how=How.COPY)
    sort(of(file, "Ada"), how=How.MOVE)
    assert not file.exists()
    assert Path("out/Ada/1-2.jpg").read_text() == "in/1.jpg"


def test_a_disk_without_links_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.symlink", refuse)
    with pytest.raises(StorageError, match=r"cannot link out/Ada/1\.jpg: Operation not permitted; where links cannot"):
        sort(of(photo("1.jpg"), "Ada"), how=How.LINK)
    assert not Path("out/sorted.csv").exists()


def test_a_moved_photo_is_of_the_most_probable_person_and_others_have_copies() -> None:
    file = photo("in/1.jpg")
    number = file.stat().st_ino
    sort(of(file, "Bo", "Ada", "Cy"), how=How.MOVE)
    assert not file.exists()
    assert tree() == {f"{person}/1.jpg": "in/1.jpg" for person in PEOPLE}
    assert Path("out/Bo/1.jpg").stat().st_ino == number
    assert [(row["person"], row["how"]) for row in table()] == [("Bo", "move"), ("Ada", "copy"), ("Cy", "copy")]


def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".part-" in self.name:
            return rename(self, target)
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "rename", refuse)


def test_a_photo_is_moved_to_another_disk_too(monkeypatch: pytest.MonkeyPatch) -> None:
    other_disk(monkeypatch)
    file = photo("in/1.jpg")
    done = sort(of(file, "Bo", "Ada"), how=How.MOVE)
    assert not file.exists()
    assert tree() == {"Ada/1.jpg": "in/1.jpg", "Bo/1.jpg": "in/1.jpg"}
    assert Path("out/Bo/1.jpg").stat().st_mtime == 1_700_000_000
    assert done.stays == {}


@pytest.mark.parametrize("same_disk", [True, False])
def test_a_photo_stays_while_a_copy_is_not_what_it_should_be(monkeypatch: pytest.MonkeyPatch, same_disk: bool) -> None:
    if not same_disk:
        other_disk(monkeypatch)
    replace = Path.replace

    def torn(self: Path, target: Path) -> Path:
        if self.name.startswith("1.jpg"):
            self.write_text("torn")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", torn)
    file = photo("in/1.jpg")
    done = sort(of(file, "Bo", "Ada"), how=How.MOVE)
    assert file.read_text() == "in/1.jpg"
    assert done.stays == {"in/1.jpg": "stays, as its copy is not the same"}


def test_a_photo_that_may_not_be_removed_is_copied_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other_disk(monkeypatch)
    file, unlink = photo("in/1.jpg"), Path.unlink

    def refuse(self: Path, missing_ok: bool = False) -> None:
        if self == file:
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    done = sort(of(file, "Bo", "Ada"), how=How.MOVE)
    assert done.stays == {"in/1.jpg": "copied, but stays: Permission denied"}
    assert [(row["person"], row["how"]) for row in table()] == [("Bo", "copy"), ("Ada", "copy")]
    assert tree() == {"Ada/1.jpg": "in/1.jpg", "Bo/1.jpg": "in/1.jpg"}


def test_a_moved_link_leaves_what_it_leads_to() -> None:
    photo("elsewhere/1.jpg")
    Path("in").mkdir()
    Path("in/1.jpg").symlink_to("../elsewhere/1.jpg")
    sort(of("in/1.jpg", "Ada"), how=How.MOVE)
    assert not Path("in/1.jpg").is_symlink()
    assert not Path("out/Ada/1.jpg").is_symlink()
    assert Path("out/Ada/1.jpg").read_text() == Path("elsewhere/1.jpg").read_text() == "elsewhere/1.jpg"


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("people", [("Ada",), ("Ada", "Bo"), ("Bo", "Ada")])
def test_a_photo_that_lies_in_its_place_stays_there(how: How, people: tuple[str, ...]) -> None:
    """Such as one of a person's folder that is sorted again."""
    file = photo("out/Ada/1.jpg")
    sort(of(file, *people), how=how)
    assert tree() == {f"{person}/1.jpg": "out/Ada/1.jpg" for person in people}
    assert not file.is_symlink()


def test_a_photo_in_the_folder_of_another_person_is_moved() -> None:
    sort(of(photo("out/unknown/1.jpg"), "Bo"), how=How.MOVE)
    assert tree() == {"Bo/1.jpg": "out/unknown/1.jpg"}


@pytest.mark.parametrize("how", ALL)
@pytest.mark.parametrize("unknown", [True, False])
def test_a_dry_run_says_the_same_and_does_nothing(how: How, unknown: bool) -> None:
    photo("out/Ada/1.jpg", "mine")
    photo("out/Ada/2.jpg", "in/2.jpg")
    photos = [
        *(of(photo("in/1.jpg"), "Ada", "Bo"), of(photo("b/1.jpg", "in/1.jpg"), "Ada"), of(photo("c/1.JPG"), "Ada")),
        of(photo("d/1.jpg", "in/1.jpg"), "Ada"),
        *(of(photo("in/2.jpg"), "Ada"), of(photo("s.jpg")), no_face(photo("n.jpg")), of("gone.jpg", "Cy")),
        [Prediction(Path("torn.jpg"), None, None, None, Reason.TRUNCATED, detail="a JPEG whose end is missing")],
    ]
    before = state()
    planned = sort(*photos, how=how, unknown=unknown, dry_run=True)
    assert state() == before
    assert planned == sort(*photos, how=how, unknown=unknown)
    assert planned.failed == {"gone.jpg": "unreadable", "torn.jpg": "a JPEG whose end is missing"}
    assert planned.people == {"Ada": 5, "Bo": 1}


def test_a_dry_run_makes_no_folder() -> None:
    sort(of(photo("1.jpg"), "Ada"), dry_run=True)
    assert [path.name for path in Path().iterdir()] == ["1.jpg"]


def test_a_photo_that_cannot_be_used_is_named_and_the_others_are_sorted() -> None:
    bad = [Prediction(Path("torn.jpg"), None, None, None, Reason.TRUNCATED)]
    done = sort(bad, of("gone.jpg", "Ada"), of("a\0b.jpg", "Ada"), of(photo("1.jpg"), "Ada"))
    assert done.failed == {"torn.jpg": "truncated", "gone.jpg": "unreadable", "a\0b.jpg": "unreadable"}
    assert tree() == {"Ada/1.jpg": "1.jpg"}
    assert [row["status"] for row in table()] == ["ok", "unreadable", "unreadable", "truncated"]
    assert done.people == {"Ada": 1}


def test_the_table_of_a_second_call_has_the_rows_of_both() -> None:
    first, second = photo("1.jpg"), photo("2.jpg")
    sort(of(first, "Ada", "Bo"), of(second))
    sort(of(second, "Cy"), of(photo("3.jpg"), "Ada"))
    here = Path().resolve()
    assert [(row["file"], row["person"], row["status"]) for row in table()] == [
        (f"{here}/1.jpg", "Ada", "ok"), (f"{here}/1.jpg", "Bo", "ok"), (f"{here}/2.jpg", "Cy", "ok"),
        (f"{here}/3.jpg", "Ada", "ok"),
    ]  # fmt: skip
    assert tuple(table()[0]) == COLUMNS
    sort(of(first, "Cy"))
    assert [row["person"] for row in table() if row["file"].endswith("/1.jpg")] == ["Cy"], "those of a photo are new"


@pytest.mark.parametrize(
    "name", ["a" * 251 + ".jpg", "é" * 125 + ".jpg", "=cmd.jpg", "-rf.jpg", "caf\udce9.jpg", "no ending"]
)
@pytest.mark.parametrize("how", ALL)
def test_any_name_of_a_photo_is_kept(name: str, how: How) -> None:
    sort(of(photo(f"a/{name}"), "Ada"), of(photo(f"b/{name}"), "Ada"), how=how)
    assert Path("out/Ada", name).read_text(errors="replace") != ""
    assert len(tree()) == 2


@pytest.mark.parametrize("content", ["Name,Salary\nAda,1\n", "file;person\n"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_another_table_of_that_name_is_not_touched(content: str, dry_run: bool) -> None:
    photo("out/sorted.csv", content)
    with pytest.raises(
        StorageError, match=r"out/sorted\.csv is no table of sorted photos: rename it, or choose another"
    ):
        sort(of(photo("1.jpg"), "Ada"), dry_run=dry_run)
    assert Path("out/sorted.csv").read_text() == content
    assert tree() == {}


def test_a_folder_that_cannot_be_is_one_line() -> None:
    photo("out", "a file")
    with pytest.raises(StorageError, match="cannot write out: "):
        sort(of(photo("1.jpg"), "Ada"))
    Path("out").unlink()
    photo("out/Ada", "a file")
    with pytest.raises(StorageError, match=r"cannot write out/Ada"):
        sort(of(photo("1.jpg"), "Ada"))


def test_two_calls_do_not_sort_into_one_folder_at_a_time() -> None:
    def answers() -> Iterable[Prediction]:
        with pytest.raises(StorageError, match="another process sorts photos into out: wait"):
            sort(of(photo("2.jpg"), "Ada"))
        yield from of(photo("1.jpg"), "Ada")

    sort(answers())
    assert tree() == {"Ada/1.jpg": "1.jpg"}


@pytest.mark.parametrize("how", ALL)
def test_what_was_done_before_an_end_is_in_the_table(how: How) -> None:
    photos = [photo(f"{number}.jpg") for number in range(4)]
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in photos}

    def answers() -> Iterable[Prediction]:
        for number, file in enumerate(photos):
            if number == 3:
                raise KeyboardInterrupt
            yield from of(file, "Ada", "Bo")

    with pytest.raises(KeyboardInterrupt):
        sort(answers(), how=how)
    assert {row["went_to"] for row in table()} == set(tree())
    assert len(table()) == 4, "the last photo had not ended"
    left = [file for file in photos if file.exists()]
    sort(*(of(file, "Ada", "Bo") for file in left), how=how)
    assert len(tree()) == len(table()) == 8
    found = {hashlib.sha256(Path("out", name).read_bytes()).hexdigest() for name in tree()}
    assert found == digests
