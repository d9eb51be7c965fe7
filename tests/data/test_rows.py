"""Rows and boxes, and the key that identifies a row."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.rows import BadRow, Box, Row, without_users

ROW = Row(1, "Ann", "http://a.example/1.jpg", Box(1, 2, 3, 4), "0" * 64)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Bob"},
        {"url": "http://a.example/2.jpg"},
        {"box": Box(1, 2, 3, 5)},
        {"box": None},
        {"sha256": "1" * 64},
        {"sha256": None},
        {"md5": "1" * 32},
    ],
)
def test_the_key_changes_with_whatever_the_row_says(change: dict[str, object]) -> None:
    assert dataclasses.replace(ROW, **change).key != ROW.key  # type: ignore[arg-type]


def test_the_key_does_not_change_with_the_place_in_the_list() -> None:
    assert dataclasses.replace(ROW, number=7).key == ROW.key
    assert BadRow(1, 2, "text", "why").key == BadRow(5, 9, "text", "why").key


def test_the_key_is_the_same_in_every_run() -> None:
    assert ROW.key.hex() == "1e113f83b8d66211c0562b79de2b1c1b"


@pytest.mark.parametrize(("text", "box"), [("1,2,3,4", (1, 2, 3, 4)), (" -5 , 0,10, 20 ", (-5, 0, 10, 20))])
def test_a_box_is_four_whole_numbers(text: str, box: tuple[int, int, int, int]) -> None:
    assert Box.parse(text) == box
    assert Box.parse(str(Box.parse(text))) == box


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "1.5,2,3,4", "a,b,c,d", "1 2 3 4", "9" * 5000 + ",1,1,1", "١,٢,٣,٤"]
)
def test_anything_else_is_no_box(text: str) -> None:
    with pytest.raises(ValueError, match="x1,y1,x2,y2"):
        Box.parse(text)


@pytest.mark.parametrize(
    ("box", "inside"),
    [
        (Box(0, 0, 10, 8), Box(0, 0, 10, 8)),
        (Box(-3, -3, 99, 99), Box(0, 0, 10, 8)),
        (Box(9, 7, 30, 30), Box(9, 7, 10, 8)),
        (Box(10, 0, 20, 8), None),
        (Box(-5, 0, 0, 8), None),
        (Box(5, 5, 5, 9), None),
        (Box(6, 6, 2, 2), None),
    ],
)
def test_a_box_is_clamped_to_the_photo(box: Box, inside: Box | None) -> None:
    assert box.within(10, 8) == inside


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        ("http://bob:secret@a.example/1.jpg", "http://a.example/1.jpg"),
        ("HTTPS://bob@a.example:81", "HTTPS://a.example:81"),
        ("http://@a.example/", "http://a.example/"),
        ("http://bob:se@cret@a.example/1@2.jpg", "http://a.example/1@2.jpg"),
        ("http://bob:s%40@[2001:db8::1]:8/?a@b", "http://[2001:db8::1]:8/?a@b"),
        ("http://a.example/bob@x:y@z", "http://a.example/bob@x:y@z"),
        ("http://a.example?bob@x#y@z", "http://a.example?bob@x#y@z"),
    ],
)
def test_no_row_holds_a_user_or_a_password(listed: str, kept: str) -> None:
    row = dataclasses.replace(ROW, url=listed)
    assert row.url == kept
    assert row.key == dataclasses.replace(ROW, url=kept).key


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ann\thttp://bob:secret@a.example/1.jpg\t1,2", "Ann\thttp://a.example/1.jpg\t1,2"),
        ("ftp://bob:secret@a.example/1.jpg", "ftp://a.example/1.jpg"),
        ("Ann,http://bob:sec/ret@a.example/1.jpg,1", "Ann,http://a.example/1.jpg,1"),
        ("bob:secret@a.example/1.jpg", "a.example/1.jpg"),
        (
            "http://a.example/1@2.jpg,http://a.example:80/1@2.jpg",
            "http://a.example/1@2.jpg,http://a.example:80/1@2.jpg",
        ),
        ("Ann, ann@a.example", "Ann, ann@a.example"),
    ],
)
def test_no_text_of_a_bad_row_holds_one(text: str, kept: str) -> None:
    bad = BadRow(1, 2, text, text)
    assert (bad.text, bad.problem) == (kept, kept)
    assert without_users(kept) == kept


sides = st.integers(-4, 6)


@settings(deadline=None)
@given(x1=sides, y1=sides, x2=sides, y2=sides, width=st.integers(1, 4), height=st.integers(1, 4))
def test_the_part_inside_a_photo_has_the_pixels_that_both_have(
    x1: int, y1: int, x2: int, y2: int, width: int, height: int
) -> None:
    box = Box(x1, y1, x2, y2)
    both = {(x, y) for x in range(max(x1, 0), min(x2, width)) for y in range(max(y1, 0), min(y2, height))}
    inside = box.within(width, height)
    if inside is None:
        assert not both
    else:
        assert {(x, y) for x in range(inside.x1, inside.x2) for y in range(inside.y1, inside.y2)} == both
    assert box.is_empty == (box.within(6, 6) is None), "no box here begins beyond the sixth pixel"
