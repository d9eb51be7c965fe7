"""Differences between the files of a folder and its journal: found, and repaired."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from data.download import download
from data.download.portrait_source import download_portraits
from data.download.verify import verify
from data.journal import FILE, Journal
from data.portraits import Gallery
from data.rows import Row
from data.settings import DownloadSettings
from errors import StorageError, UsageError

SETTINGS = DownloadSettings(size=16, workers=4, timeout=1.0, deadline=5.0, allow_private=True)
WEB = DownloadSettings(allow_private=True)  # for a repair; the crop settings come from the folder
Draw = Callable[..., bytes]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}


@pytest.fixture
def crops(site: Any, photo: Draw, tmp_path: Path) -> Path:
    """Four crops of Ann and Bob, and a row that is gone."""
    rows = [Row(5, "Bob", site.url("/gone"), None, None)]
    for number in range(1, 5):
        data = photo(number)
        digest = hashlib.sha256(data).hexdigest()
        rows.append(Row(number, "AnnBob"[number // 3 * 3 :][:3], site.serve(f"/{number}", data), None, digest))
    download(rows, tmp_path / "crops", settings=SETTINGS)
    return tmp_path / "crops"


def test_a_folder_as_it_was_made_is_right(crops: Path, site: Any) -> None:
    before = site.asked.copy()
    found = verify(crops)
    assert found.is_right
    assert found.checked == 4
    for nothing in (found.missing, found.changed, found.foreign, found.repaired, found.failed):
        assert not nothing
    assert site.asked == before


def test_what_is_missing_changed_or_foreign_is_named(crops: Path) -> None:
    gone, other, *_ = sorted(snapshot(crops))
    (crops / gone).unlink()
    (crops / other).write_bytes(b"something else")
    (crops / "Ann" / "mine.jpg").write_bytes(b"x")
    (crops / "notes.txt").write_text("beside the people, no photo of anyone")
    (crops / ".features").mkdir()
    (crops / ".features" / "shard").write_bytes(b"x")
    found = verify(crops)
    assert (found.missing, found.changed, found.foreign) == ([gone], [other], ["Ann/mine.jpg"])
    assert not found.is_right


def test_a_repair_asks_for_just_that_and_gives_the_same_bytes(crops: Path, site: Any) -> None:
    before, manifest = snapshot(crops), (crops / "manifest.csv").read_bytes()
    gone, other, *_ = sorted(before)
    (crops / gone).unlink()
    (crops / other).write_bytes(b"something else")
    asked = site.asked.total()
    found = verify(crops, repair=True, settings=WEB)
    assert found.is_right
    assert sorted(found.repaired) == [gone, other]
    assert site.asked.total() == asked + 2
    assert snapshot(crops) == before
    assert (crops / "manifest.csv").read_bytes() == manifest
    assert verify(crops).is_right


@pytest.mark.parametrize("claimed", ["../victim.txt", "/victim.txt", "Ann/../../victim.txt", "link/victim.txt"])
def test_a_journal_from_a_stranger_removes_and_reads_nothing_outside(
    crops: Path, site: Any, photo: Draw, claimed: str
) -> None:
    """A row without a SHA-256, whose photo has changed since: the repair stores it anew and removes the old crop."""
    victim = crops.parent / "victim.txt"
    victim.write_text("mine")
    (crops / "link").symlink_to(crops.parent)
    claimed = claimed if claimed[0] != "/" else str(victim)
    row = Row(9, "Cy", site.serve("/cy", photo(7)), None, None)
    download([row], crops, settings=SETTINGS)
    with closing(sqlite3.connect(crops / FILE)) as database, database:
        database.execute("UPDATE outcomes SET file = ? WHERE name = 'Cy'", (claimed,))
    found = verify(crops)
    assert claimed in found.missing
    found = verify(crops, repair=True, settings=WEB)
    assert claimed in found.repaired
    assert victim.read_text() == "mine"
    assert verify(crops).missing == []


@pytest.mark.parametrize("claimed", ["..", "../elsewhere", "link", "/tmp"])
def test_a_journal_from_a_stranger_stores_nothing_outside(crops: Path, site: Any, photo: Draw, claimed: str) -> None:
    (crops / "link").symlink_to(crops.parent)
    before = sorted(crops.parent.rglob("*"))
    with closing(sqlite3.connect(crops / FILE)) as database, database:
        database.execute("INSERT INTO people VALUES ('Cy', ?, ?)", (claimed, claimed))
    with pytest.raises(StorageError, match=r"damaged|is a link out of"):
        download([Row(9, "Cy", site.serve("/cy", photo(7)), None, None)], crops, settings=SETTINGS)
    assert [path for path in sorted(crops.parent.rglob("*")) if path.suffix == ".jpg"] == [
        path for path in before if path.suffix == ".jpg"
    ]


def test_a_repair_that_does_not_succeed_changes_nothing(crops: Path, site: Any) -> None:
    gone, other, *_ = sorted(snapshot(crops))
    (crops / gone).unlink()
    (crops / other).write_bytes(b"something else")
    routes = dict(site.routes)
    site.routes.clear()
    for _ in range(2):
        found = verify(crops, repair=True, settings=WEB)
        assert not found.is_right
        assert found.failed == dict.fromkeys([gone, other], "http_404: status 404")
        assert (crops / other).read_bytes() == b"something else"
    site.routes.update(routes)
    assert verify(crops, repair=True, settings=WEB).is_right


def test_without_a_listed_hash_a_new_photo_takes_the_place_of_the_old(site: Any, photo: Draw, tmp_path: Path) -> None:
    download([Row(1, "Ann", site.serve("/1", photo(1)), None, None)], tmp_path, settings=SETTINGS)
    (old,) = snapshot(tmp_path)
    (tmp_path / old).write_bytes(b"changed")
    site.serve("/1", photo(2))
    assert verify(tmp_path, repair=True, settings=WEB).is_right
    (new,) = snapshot(tmp_path)
    assert new != old
    assert verify(tmp_path).is_right


def test_a_portrait_is_drawn_again(tmp_path: Path) -> None:
    download_portraits(Gallery(people=2, photos=1), tmp_path, settings=SETTINGS)
    before = snapshot(tmp_path)
    first = min(before)
    (tmp_path / first).unlink()
    found = verify(tmp_path, repair=True)
    assert (found.is_right, found.repaired) == (True, [first])
    assert snapshot(tmp_path) == before


def test_a_folder_that_download_has_not_made(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match=r"holds no journal\.sqlite"):
            verify(folder)
    assert not list(tmp_path.iterdir())


def test_while_a_download_works_in_the_folder(crops: Path) -> None:
    with Journal(crops), pytest.raises(StorageError, match="another download"):
        verify(crops)


def test_a_journal_of_the_first_format_is_taken_over(crops: Path) -> None:
    """As it was before looks were noted: one column less, in the order of the keys, and one list."""
    with sqlite3.connect(crops / "journal.sqlite") as database:
        database.executescript("""
            CREATE TABLE old (
                key BLOB PRIMARY KEY, name TEXT, url TEXT, box TEXT, sha256 TEXT,
                reason TEXT NOT NULL, file TEXT, photo TEXT, crop TEXT, detail TEXT NOT NULL
            ) WITHOUT ROWID;
            INSERT INTO old SELECT key, name, url, box, sha256, reason, file, photo, crop, detail FROM outcomes;
            DROP TABLE outcomes;
            ALTER TABLE old RENAME TO outcomes;
            CREATE TABLE only (place INTEGER PRIMARY KEY, number INTEGER NOT NULL, key BLOB NOT NULL);
            INSERT INTO only SELECT place, number, key FROM listing;
            DROP TABLE listing;
            DROP TABLE lists;
            ALTER TABLE only RENAME TO listing;
            UPDATE meta SET value = '1' WHERE name = 'format';
        """)
    database.close()
    found = verify(crops)
    assert (found.is_right, found.checked) == (True, 4)
    with Journal(crops, SETTINGS.crop_settings) as journal:
        assert len(list(journal.manifest_lines())) == 5


def test_a_journal_of_a_later_format_is_left_alone(crops: Path) -> None:
    with sqlite3.connect(crops / "journal.sqlite") as database:
        database.execute("UPDATE meta SET value = '99' WHERE name = 'format'")
    database.close()
    with pytest.raises(UsageError, match="was made with format 99"):
        verify(crops)
