"""Which files a command is given: named outright, below folders, listed; in a stable order, nothing left out unsaid."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.photos import PhotoFiles
from errors import UsageError


@pytest.fixture
def album(tmp_path: Path) -> Path:
    names = ["b.jpg", "a.PNG", "trip/2.webp", "trip/1.jpeg", "trip/deep/x.gif", ".hidden.jpg", ".git/y.jpg"]
    for name in [*names, "notes.txt", "trip/z.heic", "trip/y.heic", "README"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_folder_is_walked_in_order_of_name_without_what_is_hidden(album: Path) -> None:
    walk = PhotoFiles([str(album)])
    assert [file.relative_to(album).as_posix() for file in walk] == [
        "a.PNG", "b.jpg", "trip/1.jpeg", "trip/2.webp", "trip/deep/x.gif",
    ]  # fmt: skip
    assert walk.passed_over == {".heic": 2, ".txt": 1, "no extension": 1}


def test_a_file_named_outright_is_taken_whatever_its_name_and_even_if_it_is_missing(album: Path) -> None:
    names = [str(album / "notes.txt"), str(album / ".hidden.jpg"), "missing.jpg", str(album / "b.jpg")]
    assert [str(file) for file in PhotoFiles(names)] == names


def test_names_are_listed_one_a_line_and_read_as_they_are_needed(album: Path) -> None:
    taken = []

    def lines() -> Iterator[str]:
        for line in ("one.jpg\n", "\n", f"{album / 'trip' / 'deep'}\r\n", " spaced .jpg \n", "-\n", "last.jpg"):
            taken.append(line)
            yield line

    files = iter(PhotoFiles(["first.jpg", "-", "after.jpg"], lines()))
    assert [str(next(files)), str(next(files))] == ["first.jpg", "one.jpg"]
    assert taken == ["one.jpg\n"]
    assert [str(file) for file in files] == [
        str(album / "trip/deep/x.gif"), " spaced .jpg ", "-", "last.jpg", "after.jpg",
    ]  # fmt: skip


def test_a_folder_without_a_photo_comes_itself(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    (tmp_path / "text/a.txt").touch()
    assert list(PhotoFiles([str(tmp_path / "text")])) == [tmp_path / "text"]


def test_an_empty_name_is_refused_before_it_becomes_the_current_folder() -> None:
    with pytest.raises(UsageError, match="an empty name was given"):
        list(PhotoFiles([""]))
