"""Which files a command is given: named outright, below folders, listed; in a stable order, nothing left out unsaid."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.photos import PhotoFiles
from data.photos.photo_files import Skipped
from data.wording import count
from errors import UsageError

PNG = base64.b64decode(  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    photos = ["b.jpg", "a.PNG", "trip/2.webp", "trip/1", "trip/deep/x.gif"]
    left_behind = [".hidden.jpg", ".git/y.jpg", "__MACOSX/._b.jpg", "trip/Thumbs.db"]
    for name in [*photos, *left_behind, "notes.txt", "trip/z.pdf", "trip/y.pdf", "README"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"" if name in ("notes.txt", "README") else b"%PDF-" if "pdf" in name else PNG)
    return tmp_path


def test_a_folder_is_walked_in_order_of_name_without_what_is_hidden(album: Path) -> None:
    walk = PhotoFiles([str(album)])
    assert [file.relative_to(album).as_posix() for file in walk] == [
        "a.PNG", "b.jpg", "trip/1", "trip/2.webp", "trip/deep/x.gif",
    ]  # fmt: skip
    assert walk.skipped.others.total() == 4
    assert walk.skipped.others[".txt"] == 1
    assert walk.skipped.leftovers.total() == 4
    assert walk.skipped.lines()[0].startswith("skipped 4 files that systems leave behind or hide (")


def test_a_file_named_outright_is_taken_whatever_its_name_and_even_if_it_is_missing(album: Path) -> None:
    names = [str(album / "notes.txt"), str(album / ".hidden.jpg"), "missing.jpg", str(album / "b.jpg")]
    assert [str(file) for file in PhotoFiles(names)] == names


@pytest.mark.parametrize("results", ["trip/deep", "trip/../trip/deep", "link"])
def test_the_folder_that_results_go_to_is_left_out_however_it_is_spelled(album: Path, results: str) -> None:
    (album / "link").symlink_to("trip/deep")
    walk = PhotoFiles([album], results=album / results)
    assert [file.relative_to(album).as_posix() for file in walk] == ["a.PNG", "b.jpg", "trip/1", "trip/2.webp"]
    assert walk.skipped.lines()[-1] == f"left out {album}/trip/deep: it is where the results go"


def test_the_folder_that_results_go_to_is_not_given_but_those_in_it_may_be(album: Path) -> None:
    with pytest.raises(UsageError, match=r"trip is the folder that the results go to: choose another"):
        list(PhotoFiles([album / "trip"], results=album / "trip"))
    assert [file.name for file in PhotoFiles([album / "trip" / "deep"], results=album / "trip")] == ["x.gif"]


def test_a_file_has_a_path_below_the_folder_that_it_was_found_in(album: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(album / "trip")
    walk = PhotoFiles([".", "../b.jpg", album / "a.PNG"])
    assert [walk.below(file).as_posix() for file in walk] == ["1", "2.webp", "deep/x.gif", "b.jpg", "a.PNG"]


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


def test_what_is_no_photo_by_its_content_comes_with_a_reason(album: Path) -> None:
    (album / "trip" / "broken.jpg").write_text("<html>")
    (album / "trip" / "empty.png").touch()
    walk = PhotoFiles([str(album)])
    assert {path.name for path in walk} > {"broken.jpg", "empty.png"}
    assert set(walk.skipped.unreadable.values()) == {"its content is no photo", "an empty file"}


def test_the_three_most_frequent_leftovers_are_named_and_all_are_counted() -> None:
    skipped = Skipped()
    for name, n in (("Thumbs.db", 4), (".DS_Store", 3), ("desktop.ini", 2), ("Icon", 1)):
        skipped.leftovers[name] += n
    assert skipped.lines() == ["skipped 10 files that systems leave behind or hide (Thumbs.db, .DS_Store, desktop.ini)"]


@pytest.mark.parametrize(("n", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1234, "1,234 files")])
def test_one_thing_is_said_as_one(n: int, said: str) -> None:
    assert count(n, "file") == said
