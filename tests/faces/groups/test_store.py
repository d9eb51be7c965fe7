"""The database of groups: decisions are kept, another window's too, and a stranger's database is refused."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from data.unnamed import GROUPS
from errors import ConflictError, FacesError, StorageError, UsageError
from faces.groups import steps
from faces.groups.store import Changes, Groups, State
from faces.groups.values import NOT_FACES, UNSORTED, Kind
from tests.faces.groups.conftest import MADE_WITH, fill

Heap = Callable[[], Groups]


def versions(groups: Groups) -> dict[int, int]:
    return {group.number: group.version for group in groups.groups()}


def change(folder: Path, *queries: str) -> None:
    """Do to a database what a stranger may have done."""
    with closing(sqlite3.connect(folder / GROUPS)) as database, database:
        for query in queries:
            database.execute(query)


def test_a_new_folder_has_two_groups_and_no_face(tmp_path: Path) -> None:
    with Groups(tmp_path / "new") as groups:
        assert [(group.number, group.kind) for group in groups.groups()] == [
            (NOT_FACES, Kind.NOT_FACES),
            (UNSORTED, Kind.UNSORTED),
        ]
        assert (groups.faces(), groups.last_step(), groups.undone_step()) == ([], None, None)
        assert groups.features()[1].shape == (0, 0)
        assert not groups.is_of_heap


def test_what_is_known_of_a_face_is_there_again_when_the_folder_is_opened_again(heap: Heap) -> None:
    with heap() as groups:
        before, (numbers, vectors) = groups.faces(), groups.features()
    with heap() as groups:
        assert groups.faces() == before
        assert groups.is_of_heap
        assert groups.is_searched(before[0].photo)
        assert not groups.is_searched("0" * 64)
        again, same = groups.features()
    assert (numbers, again) == ([1, 2, 3, 4, 5, 6], numbers)
    np.testing.assert_array_equal(vectors, same)
    assert before[0].box == (0, 0, 40, 40)
    assert [face.group for face in before] == [1, 1, 1, 2, 2, 0]


def test_one_process_has_the_folder_at_a_time(heap: Heap) -> None:
    with heap() as groups, pytest.raises(StorageError, match="another process is working on the groups in"):
        Groups(groups.folder)
    with heap():
        pass


def test_several_threads_read_and_decide_at_the_same_time(heap: Heap) -> None:
    errors = list[Exception]()

    def work(face: int) -> None:
        try:
            for _ in range(10):
                groups.decide("moved", Changes(faces={face: NOT_FACES}))
                groups.faces()
                groups.rejected()
        except Exception as error:
            errors.append(error)

    with heap() as groups:
        threads = [threading.Thread(target=work, args=(face,)) for face in range(1, 5)]
        before = groups.revision
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert groups.revision == before + 40


@pytest.mark.parametrize("moment", ["decided", "undone"])
def test_what_was_answered_survives_a_kill(heap: Heap, moment: str) -> None:
    with heap() as groups:
        folder = groups.folder
    child = os.fork()
    if not child:
        groups = Groups(folder)
        step = steps.name_group(groups, 1, "Ada", {})
        if moment == "undone":
            groups.undo(step.number)
        os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with heap() as groups:
        kept = groups.last_step() if moment == "decided" else groups.undone_step()
        assert kept is not None
        assert kept.about == "3 faces of Ada"
        assert groups.group(1).name == ("Ada" if moment == "decided" else None)


def test_a_decision_that_fails_in_the_middle_leaves_nothing(heap: Heap, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with heap() as groups:
        before = (groups.faces(), groups.groups(), groups.revision)
        with pytest.raises(ConflictError):
            groups.decide("two", Changes(faces={1: 2, 99: 2}))
        with monkeypatch.context() as patch:
            patch.setattr(Groups, "_touch_all", full)
            with pytest.raises(StorageError, match="disk is full"):
                steps.name_group(groups, 1, "Ada", {})
        assert (groups.faces(), groups.groups(), groups.revision) == before
        assert groups.last_step() is None


class TestTwoWindows:
    """A decision says which versions of groups somebody was looking at."""

    def test_a_group_that_another_window_has_changed_is_not_changed(self, heap: Heap) -> None:
        with heap() as groups:
            seen = versions(groups)
            steps.name_group(groups, 1, "Ada", {1: seen[1]})
            with pytest.raises(ConflictError, match="in another window"):
                steps.name_group(groups, 1, "Bob", {1: seen[1]})
            assert groups.group(1).name == "Ada"
            steps.name_group(groups, 2, "Bob", {2: seen[2]})  # nobody has changed that one

    @pytest.mark.parametrize("decision", ["name", "moved", "rejected", "stranger", "merged", "undone", "deleted"])
    def test_each_change_of_a_group_gives_it_a_new_version(self, heap: Heap, decision: str) -> None:
        with heap() as groups:
            if decision == "undone":
                step = steps.reject(groups, [1], "Ada", {})
            before = versions(groups)[1]
            match decision:
                case "name":
                    steps.name_group(groups, 1, "Ada", {})
                case "moved":
                    steps.not_faces(groups, [1], {})
                case "rejected":
                    steps.reject(groups, [1], "Ada", {})
                case "stranger":
                    steps.strangers(groups, [1, 2, 3], {})
                case "merged":
                    steps.merge(groups, [2, 1], {})
                case "undone":
                    groups.undo(step.number)
                case "deleted":
                    groups.drop([groups.face(2)])
            assert versions(groups)[1] > before

    def test_a_new_grouping_changes_the_versions_of_the_groups_it_fills(self, heap: Heap) -> None:
        with heap() as groups:
            before = versions(groups)
            groups.regroup({6: 2})
            after = versions(groups)
        assert {number for number in after if after[number] != before[number]} == {UNSORTED, 2}

    def test_the_number_of_a_group_that_is_gone_is_not_taken_for_it(self, heap: Heap) -> None:
        with heap() as groups:
            step = steps.split(groups, [1], {})
            seen = versions(groups)[3]
            groups.undo(step.number)
            with pytest.raises(ConflictError, match="no group 3 any more"):
                steps.name_group(groups, 3, "Ada", {3: seen})
            steps.split(groups, [4], {})
            with pytest.raises(ConflictError):
                steps.name_group(groups, 3, "Ada", {3: seen})

    def test_only_the_last_step_is_undone_and_the_first_undone_one_done_again(self, heap: Heap) -> None:
        with heap() as groups:
            first, second = steps.name_group(groups, 1, "Ada", {}), steps.name_group(groups, 2, "Bob", {})
            with pytest.raises(ConflictError, match="something else was decided meanwhile"):
                groups.undo(first.number)
            groups.undo(second.number)
            with pytest.raises(ConflictError):
                groups.undo(second.number)
            groups.undo(first.number)
            with pytest.raises(ConflictError):
                groups.redo(second.number)
            assert groups.redo(first.number) == first

    def test_after_a_new_decision_nothing_is_done_again(self, heap: Heap) -> None:
        with heap() as groups:
            groups.undo(steps.name_group(groups, 1, "Ada", {}).number)
            steps.not_faces(groups, [6], {})
            assert groups.undone_step() is None

    def test_nothing_that_changes_nothing_keeps_from_doing_again(self, heap: Heap) -> None:
        with heap() as groups:
            step = steps.name_group(groups, 1, "Ada", {})
            groups.undo(step.number)
        with heap() as groups:
            groups.regroup({})
            groups.set_targets({})
            assert groups.undone_step() == step


class TestGroupsOfALaterGrouping:
    """`group` runs again between a decision and its undoing."""

    def test_a_group_that_was_made_by_the_step_stays_while_it_has_other_faces(self, heap: Heap) -> None:
        with heap() as groups:
            step = steps.name_faces(groups, [1], "Ada", {})
            groups.regroup({6: 3})
            groups.undo(step.number)
            assert (groups.face(1).group, groups.face(6).group) == (1, 3)
            assert groups.group(3).name is None
            groups.redo(step.number)
            assert groups.group(3).name == "Ada"

    def test_faces_that_are_deleted_meanwhile_are_no_obstacle(self, heap: Heap) -> None:
        with heap() as groups:
            first, second = steps.reject(groups, [1], "Ada", {}), steps.not_faces(groups, [1, 2], {})
            groups.drop([groups.face(1)])
            groups.undo(second.number)
            groups.undo(first.number)
            assert [face.number for face in groups.faces(1)] == [2, 3]

    def test_a_name_that_somebody_got_by_hand_meanwhile_stays_that_ones(self, heap: Heap) -> None:
        with heap() as groups:
            first, second = steps.name_group(groups, 1, "Ada", {}), steps.name_group(groups, 1, "Bob", {})
            number = groups.add_group(State(Kind.PERSON, "ada", "ada"))
            groups.undo(second.number)
            assert groups.group(1).name is None
            assert groups.group(number).name == "ada"
            groups.undo(first.number)


class TestHowFacesWereFound:
    def test_other_settings_are_refused_and_what_is_different_is_said(self, heap: Heap) -> None:
        with heap() as groups:
            folder = groups.folder
        other = {"size": 160, "detector": {"settings": {"min_face": 40}}}
        with pytest.raises(UsageError, match=r"with detector settings min_face 24; asked for .* min_face 40: choose"):
            Groups(folder, other)
        with Groups(folder) as groups:  # without new faces it makes no difference
            assert len(groups.faces()) == 6

    def test_a_folder_of_people_does_not_become_one_of_groups(self, tmp_path: Path) -> None:
        with Groups(tmp_path) as groups:
            fill(groups, 1)
        with pytest.raises(UsageError, match="a folder of people, not of groups"):
            Groups(tmp_path, MADE_WITH)


class TestAStrangersDatabase:
    """One line says what is wrong, and nothing is changed."""

    def refused(self, folder: Path, error: type[FacesError] = StorageError) -> str:
        content = (folder / GROUPS).read_bytes()
        with pytest.raises(error) as caught:
            Groups(folder, MADE_WITH)
        assert "\n" not in str(caught.value)
        assert (folder / GROUPS).read_bytes() == content
        return str(caught.value)

    @pytest.mark.parametrize("content", [b"no database at all, but text" * 99, b"SQLite format 3\0" + b"\1" * 5000])
    def test_that_is_none(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / GROUPS).write_bytes(content)
        assert "cannot use the groups" in self.refused(tmp_path)

    @pytest.mark.parametrize("version", ["2", "of another program"])
    def test_of_another_format(self, heap: Heap, version: str) -> None:
        with heap() as groups:
            folder = groups.folder
        change(folder, f"UPDATE meta SET value = '{version}' WHERE name = 'format'", "DROP TABLE steps")
        assert f"has format {version}" in self.refused(folder, UsageError)

    @pytest.mark.parametrize(
        "query",
        [
            "UPDATE groups SET kind = 'friends' WHERE number = 1",
            "UPDATE groups SET kind = 'unsorted' WHERE number = 1",
            "INSERT INTO groups (number, kind) VALUES (9223372036854775807, 'person')",
            "INSERT INTO groups (number, kind) VALUES (-2, 'person')",
            "UPDATE groups SET name = x'00' WHERE number = 1",
            "UPDATE groups SET version = 'new' WHERE number = 1",
            "UPDATE faces SET grp = 77 WHERE number = 1",
            "UPDATE faces SET features = x'0102' WHERE number = 1",
            "UPDATE faces SET features = x'01020304' WHERE number = 1",
            "UPDATE faces SET features = 'many' WHERE number = 1",
            "UPDATE faces SET sharpness = 'very' WHERE number = 1",
            "UPDATE faces SET side = 'left' WHERE number = 1",
            "UPDATE faces SET path = x'41' WHERE number = 1",
            "INSERT INTO rejected VALUES ('he', 'ada')",
            "UPDATE meta SET value = 'often' WHERE name = 'revision'",
            "UPDATE meta SET value = '{' WHERE name = 'made_with'",
        ],
    )
    def test_with_wrong_values(self, heap: Heap, query: str) -> None:
        with heap() as groups:
            folder = groups.folder
        change(folder, query)
        assert "is damaged" in self.refused(folder)

    @pytest.mark.parametrize("place", ["../out/1.jpg", "/etc/1.jpg", "C:/1.jpg", "Ada/../../1.jpg", "1.jpg"])
    @pytest.mark.parametrize("column", ["path", "target"])
    def test_that_leads_out_of_the_folder(self, heap: Heap, place: str, column: str) -> None:
        with heap() as groups:
            folder = groups.folder
        change(folder, f"UPDATE faces SET {column} = '{place}' WHERE number = 1")
        assert "is no crop's place" in self.refused(folder)

    @pytest.mark.parametrize("name", ["..", "a/b", "/etc", "C:x", ""])
    def test_with_a_persons_folder_that_is_none(self, heap: Heap, name: str) -> None:
        with heap() as groups:
            folder = groups.folder
            steps.name_group(groups, 1, "Ada", {})
        change(folder, f"UPDATE groups SET folder = '{name}', folded = '{name}' WHERE number = 1")
        assert "is no person's folder" in self.refused(folder)

    @pytest.mark.parametrize(
        "note",
        [
            "no JSON",
            "{}",
            "[[], [], []",
            '[["x"], [], []]',
            '[[], [[1, ["person", "Ada", "../out"], ["person", null, null]]], []]',
            '[[], [[1, ["friend", null, null], ["person", null, null]]], []]',
            "[[[1, 77, 0, 1]], [], []]",
        ],
    )
    def test_with_steps_that_are_none(self, heap: Heap, note: str) -> None:
        with heap() as groups:
            folder, step = groups.folder, steps.name_group(groups, 1, "Ada", {})
        change(folder, f"UPDATE steps SET changes = '{note}'")
        with heap() as groups:
            before = (groups.faces(), groups.groups())
            with pytest.raises(StorageError, match=f"is damaged: step {step.number} "):
                groups.undo(step.number)
            assert (groups.faces(), groups.groups()) == before

    def test_a_box_that_is_none_is_not_shown(self, heap: Heap) -> None:
        with heap() as groups:
            folder = groups.folder
        change(folder, "UPDATE faces SET box = 'large' WHERE number = 1")
        with heap() as groups:
            assert groups.face(1).box is None


def test_a_face_or_a_group_that_is_not_there_is_a_conflict(heap: Heap) -> None:
    with heap() as groups:
        for ask in (lambda: groups.face(99), lambda: groups.group(99)):
            with pytest.raises(ConflictError, match="there is no "):
                ask()
