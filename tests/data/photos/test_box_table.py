"""A table of boxes: how photos and rows come together, and which line is wrong."""

import os
from pathlib import Path

import pytest

from data.photos import BoxTable
from data.rows import Box
from errors import ListError


def table(folder: Path, text: str) -> BoxTable:
    (folder / "boxes.csv").write_text(text, encoding="utf-8")
    return BoxTable(folder / "boxes.csv")


def test_a_photo_may_have_several_boxes_and_an_empty_one_is_the_whole(tmp_path: Path) -> None:
    boxes = table(tmp_path, 'file,box,name\na.jpg,"1,2,3,4",Ada\nb.jpg,,\na.jpg,"5,6,7,8",Bo\na.jpg,"1,2,3,4",Cy\n')
    assert boxes.of(Path("a.jpg")) == [Box(1, 2, 3, 4), Box(5, 6, 7, 8)]
    assert boxes.of(Path("b.jpg")) == [None]
    assert boxes.of(Path("c.jpg")) == []


def test_a_photo_is_known_however_its_name_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    boxes = table(tmp_path, 'file,box\n./in/a.jpg,"1,2,3,4"\n')
    for name in ("in/a.jpg", "in/../in/a.jpg", str(tmp_path / "in" / "a.jpg")):
        assert boxes.of(Path(name)) == [Box(1, 2, 3, 4)]


def test_a_photo_may_be_named_from_where_the_table_lies(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    boxes = table(tmp_path, 'file,box\na.jpg,"1,2,3,4"\n')
    assert boxes.of(Path(os.path.relpath(tmp_path / "a.jpg"))) == [Box(1, 2, 3, 4)]


def test_rows_that_nobody_asked_for_are_known(tmp_path: Path) -> None:
    boxes = table(tmp_path, 'file,box\na.jpg,"1,2,3,4"\nb.jpg,\n')
    boxes.of(Path("a.jpg"))
    assert boxes.unused == ["b.jpg"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected CSV with a header that names `file` and `box`, got ''"),
        ("photo,box\n", "got 'photo,box'"),
        ("file,box\na.jpg,1\n", r"boxes\.csv:2: box: expected x1,y1,x2,y2 in whole pixels, got '1'"),
        ('file,box\na.jpg,"1,2,3,4"\n,"1,2,3,4"\n', r"boxes\.csv:3: the file is missing"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ListError, match=says):
        table(tmp_path, text)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"none\.csv cannot be read"):
        BoxTable(tmp_path / "none.csv")
