"""What the page shows of groups: cards in order, made again only when their group has changed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faces.app.cards import SHOWN, Cards
from faces.groups import steps
from faces.groups.doubts import Doubt
from faces.groups.store import Groups

Heap = Callable[..., Path]


@pytest.fixture
def groups(heap: Heap) -> Iterator[Groups]:
    """Groups of 3, 12, 5 and 4 faces, two that are unsorted."""
    with Groups(heap([3, 12, 5, 4], unsorted=2)) as groups:
        yield groups


def shown(cards: list[dict[str, Any]]) -> list[tuple[str, str | None, int]]:
    return [(str(card["kind"]), card["name"], card["n"]) for card in cards]


def test_those_without_a_name_come_first_the_largest_first(groups: Groups) -> None:
    steps.name_group(groups, 3, "Ada", {})
    steps.strangers(groups, [face.number for face in groups.faces(4)], {})
    assert shown(Cards(groups).of_groups()) == [
        ("person", None, 12),
        ("person", None, 3),
        ("person", "Ada", 5),
        ("strangers", None, 4),
        ("unsorted", None, 2),
    ]


def test_a_card_shows_some_of_many_faces_and_a_dialog_all(groups: Groups) -> None:
    cards = Cards(groups)
    assert len(cards.of_groups()[0]["faces"]) == SHOWN
    assert len(cards.faces_of(2)["faces"]) == 12


@pytest.mark.parametrize(
    "decide",
    [
        lambda groups: steps.name_group(groups, 1, "Ada", {}),
        lambda groups: steps.merge(groups, [1, 2], {}),
        lambda groups: steps.split(groups, [face.number for face in groups.faces(2)][:2], {}),
        lambda groups: steps.take_out(groups, [face.number for face in groups.faces(2)][:2], {}),
        lambda groups: steps.not_faces(groups, [face.number for face in groups.faces(1)], {}),
    ],
)
def test_cards_that_are_kept_are_those_that_would_be_made(groups: Groups, decide: Callable[[Groups], Any]) -> None:
    kept = Cards(groups)
    before = kept.of_groups()
    step = decide(groups)
    assert kept.of_groups() == Cards(groups).of_groups() != before
    groups.undo(step.number)
    assert shown(kept.of_groups()) == shown(before)


def test_only_groups_that_have_changed_are_looked_into_again(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> None:
    cards = Cards(groups)
    cards.of_groups()
    asked: list[int | None] = []
    faces = groups.faces
    monkeypatch.setattr(groups, "faces", lambda group=None: asked.append(group) or faces(group))
    cards.of_groups()
    assert asked == []
    steps.name_group(groups, 1, "Ada", {})
    asked.clear()  # by the step
    cards.of_groups()
    assert asked == [1]


def test_a_group_without_faces_has_no_card(groups: Groups) -> None:
    steps.not_faces(groups, [face.number for face in groups.faces(1)], {})
    assert "group-1" not in {card["id"] for card in Cards(groups).of_groups()}


def test_doubtful_photos_are_shown_in_their_order_until_somebody_decides(groups: Groups) -> None:
    first, second = groups.faces(3)[:2]
    doubts = [
        Doubt(second.sha256, "Ada", "Bo", 0.9),
        Doubt(first.sha256, "Ada", "Ada", 0.3),
        Doubt("0" * 64, "", "", 1),
    ]
    cards = Cards(groups)
    assert [card["id"] for card in cards.of_doubts(doubts)] == [f"face-{second.number}", f"face-{first.number}"]
    steps.reject(groups, [second.number], "Bo", {})
    assert [card["id"] for card in cards.of_doubts(doubts)] == [f"face-{first.number}"]


def test_a_crop_that_was_deleted_has_no_part_in_it(heap: Heap) -> None:
    folder = heap([2, 2])
    shutil.rmtree(folder / "group-001")
    with Groups(folder) as groups:
        from faces.groups.files import take_over

        take_over(groups)
        assert shown(Cards(groups).of_groups()) == [("person", None, 2)]
