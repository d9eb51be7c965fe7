"""A person leaves a folder, whole or not at all, also when the command is killed on the way."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from data.download import download
from data.download.forget import forget
from data.download.verify import verify
from data.journal import FILE, Journal
from data.rows import Row
from data.settings import DownloadSettings
from errors import StorageError, UsageError

SETTINGS = DownloadSettings(size=16, workers=4, timeout=1.0, deadline=5.0, allow_private=True)
NAMES = ["Ann Archer", "Bob Baker", "Cid Cook"]


class Killed(BaseException):
    """Stands for the process's end: nothing catches it."""


@pytest.fixture
def crops(site: Any, photo: Callable[..., bytes], tmp_path: Path) -> Path:
    """Two crops and a dead link of each of three people, and a photo somebody put beside Bob's."""
    rows = [
        Row(number, name, site.serve(f"/{number}", photo(number), 200 if number < 6 else 404), None, None)
        for number, name in enumerate(NAMES * 3)
    ]
    download(rows, tmp_path / "crops", settings=SETTINGS)
    (tmp_path / "crops" / "Bob Baker" / "mine.jpg").write_bytes(b"by hand")
    return tmp_path / "crops"


def digests(folder: Path) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def check_that_bob_is_gone(folder: Path) -> None:
    for path in folder.rglob("*"):
        assert path.is_dir() or b"Bob" not in path.read_bytes(), path
    assert not (folder / "Bob Baker").exists()
    report = json.loads((folder / "report.json").read_text())
    assert (report["rows"], report["people"]) == (6, {"Ann Archer": 2, "Cid Cook": 2})
    assert verify(folder).is_right


def test_nothing_of_the_person_is_left(crops: Path) -> None:
    photos = digests(crops / "Bob Baker")
    told: list[str] = []
    forgotten = forget(crops, "Bob Baker", forget_photos=told.extend)
    assert set(forgotten.photos) == set(told) == photos
    assert (forgotten.rows, forgotten.files) == (3, 3)
    check_that_bob_is_gone(crops)


@pytest.mark.parametrize("step", ["forget_photos", "shutil.rmtree", "write_summary", "commit"])
def test_killed_on_the_way_a_second_run_does_what_is_left(
    crops: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    told: set[str] = set()
    noted = {path.name for path in (crops / "Bob Baker").iterdir()} - {"mine.jpg"}
    photos = {hashlib.sha256((crops / "Bob Baker" / name).read_bytes()).hexdigest() for name in noted}

    def end(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "commit", end)  # also when the journal is closed: the process is gone by then
        if step in ("shutil.rmtree", "write_summary"):
            patch.setattr(f"data.download.forget.{step}", end)
        with pytest.raises(Killed):
            forget(crops, "Bob Baker", forget_photos=end if step == "forget_photos" else told.update)

    def tell(photos: Collection[str]) -> None:
        told.update(photos)

    assert photos <= set(forget(crops, "Bob Baker", forget_photos=tell).photos)
    assert photos < told
    check_that_bob_is_gone(crops)


def test_an_unknown_name_names_close_ones(crops: Path) -> None:
    with pytest.raises(UsageError, match="'Bob Bakr': did you mean 'Bob Baker'") as caught:
        forget(crops, "Bob Bakr")
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"see manifest\.csv"):
        forget(crops, "Zzz")
    assert verify(crops).checked == 6


def test_a_link_in_the_persons_place_is_not_followed(crops: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    (crops / "Bob Baker").rename(other)
    (crops / "Bob Baker").symlink_to(other)
    forget(crops, "Bob Baker")
    assert len(list(other.iterdir())) == 3
    check_that_bob_is_gone(crops)


@pytest.mark.parametrize("claimed", ["..", ".", "../elsewhere", ""])
def test_a_journal_from_a_stranger_removes_nothing_outside(crops: Path, claimed: str) -> None:
    with closing(sqlite3.connect(crops / FILE)) as database, database:
        database.execute("UPDATE people SET folder = ? WHERE name = 'Bob Baker'", (claimed,))
    with pytest.raises(StorageError, match="damaged"):
        forget(crops, "Bob Baker")
    assert len(list(crops.rglob("*.jpg"))) == 7


def test_a_forgotten_person_comes_back_with_the_list(crops: Path, site: Any, photo: Callable[..., bytes]) -> None:
    forget(crops, "Bob Baker")
    report = download([Row(1, "Bob Baker", site.url("/1"), None, None)], crops, settings=SETTINGS)
    assert report.people == {"Bob Baker": 1}
