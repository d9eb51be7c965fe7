"""The folder of a list without --out: its own, whatever other lists are called."""

import hashlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import cli
from commands.folders import folder_of_list, list_source
from data.journal import FILE, Journal, source_of
from data.settings import DownloadSettings
from errors import StorageError

SETTINGS = DownloadSettings(size=16)


@pytest.fixture
def lists(listed: Callable[..., Path], site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Two lists called people.csv, of three and of two photos; the current folder is a third one."""
    site.hold(99)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return [listed(tmp_path / folder, rows, "people.csv") for folder, rows in (("old", 3), ("new", 2))]


def download(path: Path, *flags: str) -> int:
    return cli.main(["download", str(path), "--allow-private", "--size", "16", "--quiet", *flags])


def crops(folder: Path) -> int:
    return len(list(folder.glob("*/*.jpg")))


def digest(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]


def test_two_lists_of_one_name_fill_two_folders(lists: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, new = lists
    for _ in range(2):  # also when they are downloaded again
        assert [download(path) for path in lists] == [0, 0]
    others = Path("datasets", f"people-{digest(new)}")
    assert {path.name: crops(path) for path in Path("datasets").iterdir()} == {"people": 3, others.name: 2}
    assert capsys.readouterr().out == ""
    linked = Path("link.csv")
    linked.symlink_to(old)
    assert list_source(linked) == list_source(old)


def test_a_folder_of_an_earlier_version_is_adopted(lists: list[Path]) -> None:
    with Journal(Path("datasets/people"), SETTINGS.crop_settings):
        pass  # as a version that noted no source has made it
    assert source_of(Path("datasets/people")) is None
    assert download(lists[1]) == 0
    assert source_of(Path("datasets/people")) == str(lists[1].resolve())
    assert folder_of_list(lists[0]) == Path("datasets", f"people-{digest(lists[0])}")


@pytest.mark.parametrize("flags", [(), ("--person", "Zoë")])
def test_a_folder_that_is_named_is_taken(lists: list[Path], flags: tuple[str, ...]) -> None:
    for path in lists:
        assert download(path, "--out", "datasets/people", *flags) == 0
    assert source_of(Path("datasets/people")) == str(lists[0].resolve())
    assert folder_of_list(lists[0]) == Path("datasets/people")
    assert folder_of_list(lists[1]) != Path("datasets/people")


@pytest.mark.parametrize("name", ["portraits.csv", "mnist.csv"])
def test_no_list_gets_the_folder_of_what_comes_without_one(tmp_path: Path, name: str) -> None:
    assert folder_of_list(tmp_path / name) == Path("datasets", f"{name[:-4]}-{digest(tmp_path / name)}")


@pytest.mark.parametrize(("made", "is_free"), [("Ada/1.jpg", False), ("notes.txt", False), (".journal.lock", True)])
def test_photos_of_ones_own_are_not_joined(lists: list[Path], made: str, is_free: bool) -> None:
    file = Path("datasets/people", made)
    file.parent.mkdir(parents=True)
    file.touch()
    assert (folder_of_list(lists[0]) == Path("datasets/people")) is is_free


def test_a_list_that_comes_second_at_the_same_moment_is_refused(
    lists: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both have found the folder free. Whichever is first, the other does not write into it, then or later."""
    monkeypatch.setattr("commands.download.folder_of_list", lambda path: Path("datasets/people"))
    with Journal(Path("datasets/people"), SETTINGS.crop_settings):
        assert download(lists[1]) == 1
    assert "another download is working in datasets/people" in capsys.readouterr().err
    assert download(lists[0]) == 0
    capsys.readouterr()
    assert download(lists[1]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"faces download: datasets/people is filled from {lists[0].resolve()}, not from ")
    assert err.count("\n") == 1
    assert crops(Path("datasets/people")) == 3


def test_the_source_can_be_asked_for_while_the_folder_is_filled(tmp_path: Path) -> None:
    with Journal(tmp_path, SETTINGS.crop_settings) as journal:
        journal.note_source("/a/people.csv", alone=True)
        assert source_of(tmp_path) == "/a/people.csv"
        with pytest.raises(StorageError, match="run again"):
            journal.note_source("/b/people.csv", alone=True)
        journal.note_source("/b/people.csv", alone=False)
    with Journal(tmp_path, SETTINGS.crop_settings) as journal:
        assert (journal.source, journal.crop_settings) == ("/a/people.csv", SETTINGS.crop_settings)
    with Journal(tmp_path) as journal:
        assert journal.crop_settings == SETTINGS.crop_settings
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT count(*) FROM meta WHERE name = 'source'").fetchone() == (1,)


def test_several_at_once_never_mix(lists: list[Path]) -> None:
    """Each downloads into a folder of its own, or is refused."""
    codes: dict[Path, int] = {}
    threads = [threading.Thread(target=lambda path=path: codes.update({path: download(path)})) for path in lists]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes.values()) <= {0, 1}
    assert 0 in codes.values()
    for folder in Path("datasets").iterdir():
        assert crops(folder) in (3 if source_of(folder) == str(lists[0].resolve()) else 2, 0)
