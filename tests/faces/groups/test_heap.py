"""A heap of photos becomes groups, and more photos later join them; what people have decided stays.

Faces are squares of a colour, which is their features: no weights are needed.
"""

import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from data.photos.folder import read_folder
from data.photos.photo_files import PhotoFiles
from data.portraits import Gallery
from errors import StorageError, UsageError
from faces.detection.detector import FaceDetector
from faces.detection.likeness import FaceFeatures
from faces.groups import steps
from faces.groups.files import follow, take_over
from faces.groups.heap import Heap, group_photos
from faces.groups.store import Groups
from faces.groups.values import UNSORTED
from tests.faces.groups.conftest import contents
from tests.faces.squares import ADA, BO, CY, DI, Colours, Squares, photo


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: Ada is in three photos of `photos`, Bo in two, Cy in one; one has no face."""
    monkeypatch.chdir(tmp_path)
    photo(Path("photos/1.png"), ADA, BO)
    photo(Path("photos/2.png"), ADA)
    photo(Path("photos/3.png"), BO, ADA)
    photo(Path("photos/4.png"), CY)
    photo(Path("photos/5.png"))
    return tmp_path


def group(*photos: Path | str, **options: int) -> Heap:
    files = PhotoFiles(photos or ("photos",))
    return group_photos(files, Path("DIR"), Squares(), Colours(), **options)  # type: ignore[arg-type]


def folders() -> Counter[str]:
    """How many crops lie in each folder."""
    return Counter(path.partition("/")[0] for path in contents(Path("DIR")))


def number_of(groups: Groups, photo: str, among: int = 0) -> int:
    """The face of a photo: the largest, the second, ..."""
    return [face.number for face in groups.faces() if face.file.endswith(photo)][among]


def test_faces_that_look_alike_are_in_one_folder_the_largest_group_first(place: Path) -> None:
    before = {path: path.read_bytes() for path in Path("photos").iterdir()}
    heap = group()
    assert (heap.searched, heap.new, heap.faces, heap.groups, heap.named, heap.unsorted) == (5, 6, 6, 2, 0, 1)
    assert folders() == {"group-001": 3, "group-002": 2, "unsorted": 1}
    assert {path: path.read_bytes() for path in Path("photos").iterdir()} == before
    with Path("DIR/manifest.csv").open(newline="") as file:
        rows = [(row["group"], Path(row["photo"]).name, row["box"]) for row in csv.DictReader(file)]
    assert rows == [
        ("group-001", "1.png", "10,10,60,60"),
        ("group-001", "2.png", "10,10,60,60"),
        ("group-001", "3.png", "70,10,110,50"),
        ("group-002", "1.png", "70,10,110,50"),
        ("group-002", "3.png", "10,10,60,60"),
        ("unsorted", "4.png", "10,10,60,60"),
    ]


def test_the_same_photos_again_change_nothing(place: Path) -> None:
    group()
    before = contents(Path("DIR")), Path("DIR/manifest.csv").read_bytes()
    heap = group()
    assert (heap.searched, heap.earlier, heap.new, heap.notes) == (0, 5, 0, [])
    assert (contents(Path("DIR")), Path("DIR/manifest.csv").read_bytes()) == before


def test_more_photos_join_the_groups_and_names_stay(place: Path) -> None:
    group()
    with Groups(Path("DIR")) as groups:
        steps.name_group(groups, 1, "Ada", {})
        follow(groups)
    photo(Path("more/6.png"), CY, ADA)
    photo(Path("more/7.png"), DI)
    photo(Path("more/8.png"), DI, BO)
    heap = group("photos", "more")
    assert (heap.searched, heap.earlier, heap.groups, heap.named, heap.unsorted) == (3, 5, 4, 1, 0)
    assert folders() == {"Ada": 4, "group-002": 3, "group-003": 2, "group-004": 2}


def test_a_group_has_at_least_as_many_faces_as_asked(place: Path) -> None:
    assert group(min_faces=3).unsorted == 3
    assert folders() == {"group-001": 3, "unsorted": 3}
    group(min_faces=2)
    assert folders() == {"group-001": 3, "group-002": 2, "unsorted": 1}


class TestWhatWasDecidedStays:
    def test_a_face_of_whom_it_is_known_who_it_is_not_is_grouped_with_others(self, place: Path) -> None:
        group("photos/1.png")
        with Groups(Path("DIR")) as groups:
            steps.reject(groups, [number_of(groups, "1.png")], "Bo", {})
        group("photos/1.png", "photos/2.png")
        assert folders() == {"group-001": 2, "unsorted": 1}

    def test_a_rejected_name_is_not_given_to_that_face_again(self, place: Path) -> None:
        photo(Path("first/9.png"), ADA)
        group("first")
        with Groups(Path("DIR")) as groups:
            nobody = number_of(groups, "9.png")
            steps.reject(groups, [nobody], "Ada", {})
        group("photos/1.png", "photos/2.png", min_faces=9)
        with Groups(Path("DIR")) as groups:
            steps.name_faces(groups, [number_of(groups, "1.png"), number_of(groups, "2.png")], "ADA", {})
        photo(Path("photos/6.png"), ADA)
        group()
        with Groups(Path("DIR")) as groups:
            person = groups.person("Ada")
            assert person is not None
            assert groups.face(nobody).group == UNSORTED
            assert groups.face(number_of(groups, "6.png")).group == person.number
        assert folders()["ADA"] == 4

    @pytest.mark.parametrize("what", ["take_out", "not_faces", "by hand"])
    def test_what_was_taken_out_is_not_put_in_again(self, place: Path, what: str) -> None:
        group()
        with Groups(Path("DIR")) as groups:
            face = groups.face(number_of(groups, "1.png"))
            if what == "by hand":
                (groups.folder / face.path).rename(groups.folder / "unsorted" / "mine.jpg")
            else:
                getattr(steps, what)(groups, [face.number], {})
        photo(Path("photos/6.png"), ADA)
        group()
        with Groups(Path("DIR")) as groups:
            assert groups.face(face.number).group <= UNSORTED
        assert folders()["group-001"] == 3

    def test_faces_of_strangers_draw_their_like(self, place: Path) -> None:
        group()
        with Groups(Path("DIR")) as groups:
            steps.strangers(groups, [face.number for face in groups.faces(1)], {})
        photo(Path("photos/6.png"), ADA)
        group()
        assert folders() == {"strangers": 4, "group-002": 2, "unsorted": 1}

    def test_what_is_no_face_draws_nothing(self, place: Path) -> None:
        group()
        with Groups(Path("DIR")) as groups:
            steps.not_faces(groups, [face.number for face in groups.faces()], {})
        photo(Path("photos/6.png"), ADA)
        group()
        assert folders() == {"not-faces": 6, "unsorted": 1}

    def test_what_was_deleted_is_not_found_again(self, place: Path) -> None:
        group()
        for crop in Path("DIR/group-001").iterdir():
            crop.unlink()
        heap = group()
        assert heap.notes == ["3 crops deleted or changed by hand: left out from now on"]
        assert (heap.searched, folders()) == (0, {"group-002": 2, "unsorted": 1})


class TestPhotosThatAreNotAsTheyShouldBe:
    def test_a_bad_one_is_named_and_the_others_are_grouped(self, place: Path) -> None:
        Path("photos/bad.jpg").write_bytes(b"\xff\xd8\xff and no more")
        heap = group("photos", "nowhere.jpg", "a\0b.jpg")
        assert sorted(heap.unreadable) == ["a\0b.jpg", "nowhere.jpg", "photos/bad.jpg"]
        assert (heap.searched, heap.groups) == (5, 2)

    def test_a_photo_that_is_there_twice_is_searched_once(self, place: Path) -> None:
        Path("photos/copy.png").write_bytes(Path("photos/1.png").read_bytes())
        heap = group()
        assert (heap.searched, heap.earlier, heap.faces) == (5, 1, 6)

    def test_crops_in_the_folder_itself_are_no_photos(self, place: Path) -> None:
        group()
        heap = group(".")
        assert (heap.searched, heap.earlier, heap.faces) == (0, 5, 6)

    @pytest.mark.parametrize(
        "name", [".hidden.png", "a\nb.png", "=cmd.png", os.fsdecode(b"\xff.png"), "x" * 250 + ".png"]
    )
    def test_any_name_of_a_photo_is_one(self, place: Path, name: str) -> None:
        Path("photos/2.png").rename(name)
        heap = group("photos", name)
        assert heap.faces == 6
        heap = group("photos", name)
        assert (heap.earlier, heap.faces, heap.notes) == (5, 6, [])


class TestAFolderThatIsNotOfGroups:
    def test_other_files_are_not_touched(self, place: Path) -> None:
        photo(Path("DIR/mine.png"), ADA)
        with pytest.raises(UsageError, match=r"DIR holds mine\.png, which `group` has not made"):
            group()
        assert [path.name for path in Path("DIR").iterdir()] == ["mine.png"]

    def test_what_systems_leave_behind_is_no_obstacle(self, place: Path) -> None:
        Path("DIR").mkdir()
        for name in (".DS_Store", "Thumbs.db"):
            Path("DIR", name).write_bytes(b"x")
        assert group().groups == 2

    def test_a_file_is_none(self, place: Path) -> None:
        Path("DIR").write_text("text")
        with pytest.raises(UsageError, match="DIR is a file"):
            group()

    def test_a_folder_of_people_whose_names_were_mended_is_none(self, place: Path) -> None:
        photo(Path("DIR/Ada/1.png"), ADA)
        with Groups(Path("DIR")) as groups:
            take_over(groups)
        with pytest.raises(UsageError, match="is a folder of people"):
            group()

    def test_a_folder_in_use_is_refused(self, place: Path) -> None:
        group()
        with Groups(Path("DIR")), pytest.raises(StorageError, match="another process is working on the groups"):
            group()


def test_train_faces_reads_the_people_with_names_and_photos_of_one_original_stay_together(place: Path) -> None:
    group()
    with Groups(Path("DIR")) as groups:
        steps.name_group(groups, 1, "Ada", {})
        steps.name_group(groups, 2, "Bo", {})
        follow(groups)
    found = read_folder(Path("DIR"))
    assert found.people == ("Ada", "Bo")
    assert len(found.photos) == 5
    originals = {photo.file: photo.group for photo in found.photos}
    by_photo: dict[str, set[int]] = {}
    for file, number in originals.items():
        by_photo.setdefault(Path(file).name[0], set()).add(number)
    assert {name: len(numbers) for name, numbers in by_photo.items()} == {"1": 1, "2": 1, "3": 1}
    assert any("1 folder of groups without a name: left out" in line for line in found.notes)


def test_drawn_portraits_of_three_people_are_three_groups(
    with_extra: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery(people=3, photos=3)
    for person in range(3):
        for number in range(3):
            picture, _ = gallery.picture(person, number)
            picture.save(tmp_path / f"{person}-{number}.png")
    heap = group_photos(sorted(tmp_path.glob("*.png")), tmp_path / "DIR", FaceDetector(), FaceFeatures())
    assert (heap.searched, heap.faces) == (9, 9)
    people = {frozenset(path.name[0] for path in folder.glob("*.jpg")) for folder in (tmp_path / "DIR").glob("group-*")}
    assert people
    assert all(len(names) == 1 for names in people)  # nobody is taken for somebody else
