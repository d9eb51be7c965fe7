"""Paths that a file names never lead out of the folder that the file is about."""

from pathlib import Path

import pytest

from data.inside import inside, is_name, is_stored

OUTSIDE = (
    *("../victim.txt", "Ann/../../victim.txt", "..", "/etc/passwd", "//server/share", "C:\\victim.txt", "c:victim"),
    *("..\\victim.txt", "\\victim", "a\0b", "", None, 7, ["Ann"]),
)


@pytest.mark.parametrize("file", OUTSIDE)
def test_what_leads_out_of_a_folder_is_no_path_in_it(tmp_path: Path, file: object) -> None:
    assert inside(tmp_path, file) is None
    assert inside(tmp_path, file, links=True) is None
    assert not is_stored(tmp_path, file)


@pytest.mark.parametrize("file", ["Ann/1.jpg", "1.jpg", "..Ann/..jpg", "Ann Lee/a b/c.jpg", "Ann/.../x"])
def test_what_lies_in_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    assert inside(tmp_path, file) == tmp_path / file
    monkeypatch.chdir(tmp_path)
    assert inside(Path(), file) == Path(file)


@pytest.mark.parametrize("folder", ["", "crops"])
def test_a_folder_that_is_a_link_counts_where_it_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    crops = Path(folder)
    for name in ("crops/Bob", "outside"):
        Path(name).mkdir(parents=True)
    for link, target in (
        ("Out", tmp_path.parent),
        ("In", tmp_path / folder / "Bob"),
        ("Loop", crops.resolve() / "Loop"),
    ):
        (crops / link).symlink_to(target)
    (tmp_path / "other").symlink_to(tmp_path / folder)
    assert inside(crops, "Out/1.jpg") is None
    assert inside(crops, "Out/more/1.jpg") is None
    assert inside(crops, "Loop/1.jpg") is None
    assert inside(crops, "In/1.jpg") == crops / "In/1.jpg"
    assert inside(crops, "Out/1.jpg", links=True) == crops / "Out/1.jpg"
    assert inside(tmp_path / "other", "Bob/1.jpg") == tmp_path / "other/Bob/1.jpg", "the folder itself may be a link"


def test_a_name_is_no_path() -> None:
    assert all(map(is_name, ("Ann", "Ann Lee", "..Ann", "C")))
    assert not any(map(is_name, ("", ".", "..", ". .", "a/b", "a\\b", "/a", "C:", "a\0")))
