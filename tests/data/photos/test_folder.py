"""Reading a folder of photos: who is in it, which photos show one picture, and what is refused."""

from pathlib import Path

import pytest

from data.photos import read_folder
from errors import DatasetError


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_people_and_photos_come_in_order_of_name(tmp_path: Path) -> None:
    folder = read_folder(fill(tmp_path, {"b/2.jpg": b"2", "b/1.PNG": b"1", "a/x.webp": b"x"}))
    assert folder.people == ("a", "b")
    assert [photo.file for photo in folder.photos] == ["a/x.webp", "b/1.PNG", "b/2.jpg"]
    assert [photo.name for photo in folder.photos] == ["a", "b", "b"]


def test_hidden_files_and_other_extensions_are_passed_over(tmp_path: Path) -> None:
    others = {"a/.x.jpg": b"", "a/notes.txt": b"", ".git/x.jpg": b"", "report.json": b"{}", "a/y.jpg.part-1-ab": b""}
    folder = read_folder(fill(tmp_path, {"a/1.jpg": b"1", "b/1.jpg": b"2", **others}))
    assert [photo.file for photo in folder.photos] == ["a/1.jpg", "b/1.jpg"]


def test_copies_of_one_file_are_one_group_also_across_people(tmp_path: Path) -> None:
    folder = read_folder(fill(tmp_path, {"a/1.jpg": b"same", "a/2.jpg": b"other", "b/1.jpg": b"same"}))
    first, other, copy = (photo.group for photo in folder.photos)
    assert first == copy != other


def test_crops_of_one_original_are_one_group(tmp_path: Path) -> None:
    manifest = (
        "row,name,url,box,sha256,reason,file\n"
        "1,a,http://h/1,,aa,ok,a/1.jpg\n"
        "2,b,http://h/2,,aa,ok,b/1.jpg\n"  # the same photo by another address
        "3,b,http://h/1,,bb,ok,b/2.jpg\n"  # the same address, so joined with row 1
        "4,b,http://h/3,,cc,ok,b/3.jpg\n"
        "5,b,http://h/3,,,http_404,\n"
    )
    files = {"a/1.jpg": b"1", "b/1.jpg": b"2", "b/2.jpg": b"3", "b/3.jpg": b"4"}
    folder = read_folder(fill(tmp_path, {"manifest.csv": manifest.encode(), **files}))
    groups = [photo.group for photo in folder.photos]
    assert groups[0] == groups[1] == groups[2] != groups[3]


@pytest.mark.parametrize("manifest", [b"\xff\xfe\x00", b"name;what\n1;2\n", b""])
def test_somebody_elses_manifest_does_no_harm(tmp_path: Path, manifest: bytes) -> None:
    folder = read_folder(fill(tmp_path, {"manifest.csv": manifest, "a/1.jpg": b"1", "b/1.jpg": b"2"}))
    assert len({photo.group for photo in folder.photos}) == 2


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "at least two people"),
        ({"a/1.jpg": b"1"}, "only 'a'"),
        ({"a/1.jpg": b"1", "b/notes.txt": b""}, "b holds no photo"),
    ],
)
def test_too_little_is_an_error_that_says_what_is_missing(tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        read_folder(fill(tmp_path, files))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is not a folder"):
        read_folder(tmp_path / "nowhere")
