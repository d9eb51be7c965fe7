"""Decisions about groups: what each does, that all can be undone, and that the crops follow."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.photos.photo_files import is_leftover
from data.unnamed import is_nobody
from errors import ConflictError, UsageError
from faces.groups import steps
from faces.groups.files import follow, take_over
from faces.groups.store import Groups, Step
from faces.groups.values import NOT_FACES, UNSORTED, Kind
from tests.faces.groups.conftest import MADE_WITH, contents, fill

Heap = Callable[[], Groups]
NAMES = (
    *(
        "Ada",
        "ada",
        "Ada ",
        "Zoë",
        "Zoe\u0308",
        "ZOË",
        "..",
        ".",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "C:x",
        "CON",
        "con.txt",
    ),
    *("x" * 300, "é" * 300, "👩‍🚀", "\u202eאדה", "علی‌رضا", "=cmd|' /C calc'!A0", "<script>alert(1)</script>"),
    *("unsorted", "Unsorted", "strangers", "group-001", "Group-002", "Not-Faces", "not-faces", "train", "Test", "val"),
    *(
        "lost+found",
        "#recycle",
        "__MACOSX",
        "found.000",
        ".hidden",
        "groups.sqlite",
        "manifest.csv",
        "a\x00b",
        "a\x01b",
    ),
    *("'; DROP TABLE faces; --", "~", "-rf", "\ud800", "Ada-0123abcd", "1", "①", "NUL.jpg", "ﬁ", "fi", " x  y "),
)


class TestAName:
    def test_a_group_gets_it_with_all_its_faces(self, heap: Heap) -> None:
        with heap() as groups:
            step = steps.name_group(groups, 1, " Ada  Lovelace ", {})
            assert step.about == "3 faces of Ada Lovelace"
            assert (groups.group(1).name, groups.group(1).folder) == ("Ada Lovelace", "Ada Lovelace")
            assert all(face.is_placed and face.is_decided for face in groups.faces(1))

    def test_of_another_group_joins_that_one(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "Zoë", {})
            steps.name_group(groups, 2, "ZOE\u0308", {})
            assert len(groups.faces(1)) == 5
            assert groups.group(1).name == "Zoë"
            assert groups.faces(2) == []

    def test_in_another_spelling_is_a_new_one_and_the_folder_stays(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "ada", {})
            steps.name_group(groups, 1, "Ada", {})
            assert (groups.group(1).name, groups.group(1).folder) == ("Ada", "ada")

    def test_for_faces_makes_a_new_group_or_takes_that_of_the_person(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_faces(groups, [1, 6], "Ada", {})
            steps.name_faces(groups, [4, 4], "ADA", {})
            person = groups.person("ada")
            assert person is not None
            assert [face.number for face in groups.faces(person.number)] == [1, 4, 6]
            step = groups.last_step()
            assert step is not None
            assert step.about == "1 face of Ada"

    def test_for_the_unsorted_is_one_for_each_of_its_faces(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, UNSORTED, "Ada", {})
            assert groups.group(UNSORTED).kind is Kind.UNSORTED
            assert groups.face(6).group == 3

    @pytest.mark.parametrize("name", ["", "  ", "\n\t", "x" * 501])
    def test_that_is_none_is_refused(self, heap: Heap, name: str) -> None:
        with heap() as groups:
            refused = pytest.raises(UsageError, match="expected a name of 1 to 500 letters")
            with refused:
                steps.name_group(groups, 1, name, {})
            with refused:
                steps.name_faces(groups, [1], name, {})
            with refused:
                steps.reject(groups, [1], name, {})
            assert groups.last_step() is None

    @pytest.mark.parametrize("name", NAMES, ids=ascii)
    def test_may_be_anything(self, heap: Heap, name: str) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, name, {})
            steps.name_faces(groups, [6], name, {})  # the same person
            follow(groups)
            folder = groups.group(1).folder
            assert len(groups.faces(1)) == 4
            assert [path.name for path in (groups.folder / folder).iterdir()] != []
            assert (groups.folder / folder).parent == groups.folder
            assert not is_nobody(folder.casefold())
            assert not is_leftover(folder, is_folder=True)
        with heap() as groups:
            assert take_over(groups) == []
            assert len(groups.faces(1)) == 4

    def test_all_of_them_together_are_different_people_but_for_case_and_the_form_of_accents(
        self, tmp_path: Path
    ) -> None:
        with Groups(tmp_path, MADE_WITH) as groups:
            fill(groups, len(NAMES))
            for number, name in enumerate(NAMES, 1):
                steps.name_faces(groups, [number], name, {})
            follow(groups)
            people = {group.name: group for group in groups.groups() if group.name}
            assert len({group.folder.casefold() for group in people.values()}) == len(people)
            same = Counter(groups.face(number).group for number in range(1, len(NAMES) + 1))
            assert sorted(n for n in same.values() if n > 1) == [2, 2, 2, 2, 3, 3]
            assert set(people) >= {"Ada", "ﬁ", "1", "①"}
        with Groups(tmp_path, MADE_WITH) as groups:
            assert take_over(groups) == []


class TestWhomAFaceIsNot:
    def test_a_face_taken_out_is_unsorted_and_not_the_persons(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "Ada", {})
            step = steps.take_out(groups, [1, 2, 4, 1], {})
            assert step.about == "3 faces not of Ada"
            assert [groups.face(face).group for face in (1, 2, 4)] == [UNSORTED] * 3
            assert groups.rejected() == {1: {"ada"}, 2: {"ada"}}

    def test_a_rejected_name_leaves_the_face_where_it_is_for_others(self, heap: Heap) -> None:
        with heap() as groups:
            steps.reject(groups, [1, 6], "Ada", {})
            assert [groups.face(face).group for face in (1, 6)] == [1, UNSORTED]
            assert [(groups.face(face).is_placed, groups.face(face).is_decided) for face in (1, 6)] == [
                (False, True)
            ] * 2

    def test_what_was_rejected_before_is_so_after_a_second_time_is_undone(self, heap: Heap) -> None:
        with heap() as groups:
            steps.reject(groups, [1], "Ada", {})
            groups.undo(steps.reject(groups, [1, 2], "ADA", {}).number)
            assert groups.rejected() == {1: {"ada"}}


class TestGroupsOfOthers:
    def test_a_whole_group_of_strangers_stays_one_and_has_no_name(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "Ada", {})
            steps.strangers(groups, [3, 2, 1], {})
            assert (groups.group(1).kind, groups.group(1).name, groups.person("Ada")) == (Kind.STRANGERS, None, None)

    @pytest.mark.parametrize("faces", [[1, 2], [1, 1, 2], [1, 4], [6]], ids=str)
    def test_some_faces_of_strangers_are_a_new_group(self, heap: Heap, faces: list[int]) -> None:
        with heap() as groups:
            steps.strangers(groups, faces, {})
            assert [face.number for face in groups.faces(3)] == sorted(set(faces))
            assert groups.group(3).kind is Kind.STRANGERS
            assert groups.group(1).kind is Kind.PERSON

    def test_strangers_who_get_a_name_are_strangers_no_more(self, heap: Heap) -> None:
        with heap() as groups:
            steps.strangers(groups, [1, 2, 3], {})
            steps.name_group(groups, 1, "Ada", {})
            assert (groups.group(1).kind, groups.group(1).folder) == (Kind.PERSON, "Ada")

    def test_what_is_no_face_is_put_aside(self, heap: Heap) -> None:
        with heap() as groups:
            steps.not_faces(groups, [1, 6], {})
            assert [face.number for face in groups.faces(NOT_FACES)] == [1, 6]


class TestMergeAndSplit:
    @pytest.mark.parametrize(("order", "into"), [([1, 2], 1), ([2, 1], 2), ([2, 1, 2], 2)], ids=str)
    def test_the_first_group_has_all(self, heap: Heap, order: list[int], into: int) -> None:
        with heap() as groups:
            steps.merge(groups, order, {})
            assert len(groups.faces(into)) == 5

    def test_the_one_with_a_name_has_all(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 2, "Ada", {})
            assert steps.merge(groups, [1, 2], {}).about == "3 faces merged into Ada"
            assert len(groups.faces(2)) == 5

    def test_two_names_are_not_merged(self, heap: Heap) -> None:
        with heap() as groups:
            steps.name_group(groups, 1, "Ada", {})
            steps.name_group(groups, 2, "Bob", {})
            with pytest.raises(UsageError, match="Ada and Bob have names of their own"):
                steps.merge(groups, [1, 2], {})

    def test_faces_get_a_group_of_their_own(self, heap: Heap) -> None:
        with heap() as groups:
            steps.split(groups, [1, 4], {})
            assert [face.number for face in groups.faces(3)] == [1, 4]


@pytest.mark.parametrize(
    "decide",
    [
        lambda groups: steps.name_faces(groups, [], "Ada", {}),
        lambda groups: steps.name_group(groups, 2, "Ada", {}),  # which is empty
        lambda groups: steps.reject(groups, [], "Ada", {}),
        lambda groups: steps.merge(groups, [1], {}),
        lambda groups: steps.split(groups, [], {}),
        lambda groups: steps.strangers(groups, [], {}),
        lambda groups: steps.not_faces(groups, [], {}),
        lambda groups: steps.take_out(groups, [], {}),
    ],
)
def test_a_decision_about_no_face_is_refused(heap: Heap, decide: Callable[[Groups], Step]) -> None:
    with heap() as groups:
        steps.merge(groups, [1, 2], {})
        before = (groups.revision, groups.groups())
        with pytest.raises(UsageError, match="no face was chosen"):
            decide(groups)
        assert (groups.revision, groups.groups()) == before


@pytest.mark.parametrize("what", ["split", "strangers", "not_faces", "take_out"])
def test_a_decision_about_a_face_that_is_gone_is_a_conflict(heap: Heap, what: str) -> None:
    with heap() as groups:
        groups.drop([groups.face(2)])
        with pytest.raises(ConflictError, match="no face 2 any more"):
            getattr(steps, what)(groups, [1, 2], {})
        assert groups.last_step() is None


FACES = st.lists(st.integers(1, 8), min_size=1, max_size=4)
NAME = st.sampled_from(["Ada", "ADA", "Bob", "a/b", "Unsorted", "Test", ".."])
DECISION = st.one_of(
    st.tuples(st.just("name_group"), st.integers(-1, 5), NAME),
    st.tuples(st.just("name_faces"), FACES, NAME),
    st.tuples(st.just("reject"), FACES, NAME),
    st.tuples(st.just("merge"), st.lists(st.integers(0, 5), min_size=1, max_size=3)),
    *(st.tuples(st.just(what), FACES) for what in ("split", "strangers", "not_faces", "take_out")),
)


def all_of(groups: Groups) -> object:
    """What there is to know: the groups but for their versions, the faces but for their places, the rejections."""
    states = [(group.number, group.kind, group.name, group.folder) for group in groups.groups()]
    faces = [(face.number, face.group, face.is_placed, face.is_decided) for face in groups.faces()]
    return states, faces, groups.rejected()


def check_files(groups: Groups, crops: list[bytes]) -> None:
    """Every crop is where its group is, is in a file of its own, and none is lost."""
    follow(groups)
    folders = {group.number: group.folder for group in groups.groups()}
    files = contents(groups.folder)
    assert sorted(files.values()) == crops
    assert sorted(files) == sorted(face.path for face in groups.faces())
    assert all(face.path.partition("/")[0] == folders[face.group] for face in groups.faces())
    assert groups.targets() == []


@settings(max_examples=25, deadline=None)
@given(decisions=st.lists(DECISION, max_size=8), one_name=st.booleans())
def test_whatever_is_decided_all_of_it_can_be_undone_and_done_again(
    decisions: list[tuple[str, ...]], one_name: bool
) -> None:
    place = Path(tempfile.mkdtemp())
    try:
        with Groups(place / "DIR", MADE_WITH) as groups:
            fill(groups, 8)
            if one_name:  # two photos of one name
                for face in groups.faces():
                    (groups.folder / f"{face.number}").mkdir()
                    (groups.folder / face.path).rename(groups.folder / f"{face.number}/1.jpg")
                groups.set_moved({face.number: f"{face.number}/1.jpg" for face in groups.faces()})
            groups.regroup({1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3})
            crops = sorted(contents(groups.folder).values())
            beginning, taken = all_of(groups), list[Step]()
            for what, *arguments in decisions:
                try:
                    taken.append(getattr(steps, what)(groups, *arguments, {}))
                except (UsageError, ConflictError):  # such as two names to be merged, or a group that is not there
                    continue
                check_files(groups, crops)
            end = all_of(groups)
            for step in reversed(taken):
                assert groups.last_step() == step
                groups.undo(step.number)
                check_files(groups, crops)
            assert all_of(groups) == beginning
            for step in taken:
                groups.redo(step.number)
                check_files(groups, crops)
            assert all_of(groups) == end
        with Groups(place / "DIR", MADE_WITH) as groups:
            assert take_over(groups) == []
            assert all_of(groups) == end
    finally:
        shutil.rmtree(place)
