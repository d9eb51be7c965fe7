"""A host's "image not available" becomes no training, and nothing that only looks like one is left out."""

import csv
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data.download import Report, download
from data.download.placeholders import mark_placeholders
from data.download.verify import verify
from data.journal import Journal, Outcome
from data.reasons import Reason
from data.rows import Box, Row
from data.settings import DownloadSettings
from errors import StorageError

Draw = Callable[..., bytes]
SETTINGS = DownloadSettings(size=32)


def run(rows: list[Row], folder: Path, fetch: Callable[[Row], bytes], **options: Any) -> Report:
    return download(rows, folder, **{"settings": SETTINGS, "fetch": fetch, **options})


def rows_of(count: int, name: str = "Ann", box: Box | None = None, first: int = 1) -> list[Row]:
    return [Row(n, name, f"http://a.example/{n}.jpg", box, None) for n in range(first, first + count)]


def reasons(folder: Path) -> list[str]:
    with (folder / "manifest.csv").open(newline="") as file:
        return [row["reason"] for row in csv.DictReader(file)]


def crops(folder: Path) -> int:
    return len(list(folder.glob("*/*.jpg")))


@pytest.mark.parametrize("several", [False, True])
def test_the_same_picture_for_forty_urls_is_left_out_and_named(photo: Draw, tmp_path: Path, several: bool) -> None:
    rows = [Row(n, f"Ann{n % 3 if several else ''}", f"http://a.example/{n}", None, None) for n in range(1, 44)]
    report = run(rows, tmp_path, lambda row: photo(row.number if row.number <= 3 else 99))
    assert report.reasons == {"ok": 3, "placeholder": 40}
    assert reasons(tmp_path) == ["ok"] * 3 + ["placeholder"] * 40
    assert crops(tmp_path) == 3
    assert report.warnings == ["40 rows got a host's picture for what is gone, and are left out: a.example (40)"]
    assert report.near_duplicates == []
    assert verify(tmp_path).is_right


def test_nearly_the_same_picture_in_any_format_and_behind_any_box(
    picture: Callable[..., Image.Image], photo: Draw, tmp_path: Path
) -> None:
    def fetch(row: Row) -> bytes:
        if row.name == "Bob":
            return photo(row.number, 200, 160)
        file = io.BytesIO()
        image = picture(99, 200, 160)
        image.putpixel((row.number, 5), (row.number, 0, 0))  # the date, drawn into it
        image.save(file, ("JPEG", "PNG", "WEBP")[row.number % 3], quality=70 + row.number)
        return file.getvalue()

    rows = [Row(n, "Ann", f"http://a.example/{n}", Box(n, n, 60 + 9 * n, 90 + n), None) for n in range(1, 9)]
    report = run([*rows, *rows_of(5, "Bob", first=20)], tmp_path, fetch)
    assert report.reasons == {"ok": 5, "placeholder": 8}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["Bob"]


@pytest.mark.parametrize("digest", ["sha256", "md5"])
def test_a_photo_whose_listed_digest_is_right_is_none(photo: Draw, tmp_path: Path, digest: str) -> None:
    value = hashlib.new(digest, photo()).hexdigest()
    listed = {"sha256": None, digest: value}
    rows = [Row(n, "Ann", f"http://a.example/{n}", None, **listed) for n in range(1, 7)]
    report = run(rows, tmp_path, lambda row: photo())
    assert report.reasons == {"ok": 6}
    assert len(report.near_duplicates) == 1
    assert report.warnings == ["1 group of crops looks alike under one name: see near_duplicates in report.json"]


def test_one_url_in_many_rows_is_none(photo: Draw, tmp_path: Path) -> None:
    rows = [Row(n, f"P{n % 3}", "http://a.example/group.jpg", Box(n, 0, 40, 40), None) for n in range(1, 9)]
    assert run(rows, tmp_path, lambda row: photo()).reasons == {"ok": 8}


@pytest.mark.parametrize("size", [1, 8, 32])
def test_small_crops_of_different_photos_are_none(photo: Draw, tmp_path: Path, size: int) -> None:
    settings = DownloadSettings(size=size)
    report = run(rows_of(12), tmp_path, lambda row: photo(row.number), settings=settings)
    assert report.reasons == {"ok": 12}


def test_a_second_run_asks_nothing_and_another_joins_what_was_found(photo: Draw, tmp_path: Path) -> None:
    asked: list[int] = []

    def fetch(row: Row) -> bytes:
        asked.append(row.number)
        return photo(99)

    run(rows_of(4), tmp_path, fetch)
    manifest = (tmp_path / "manifest.csv").read_bytes()
    run(rows_of(4), tmp_path, fetch)
    assert sorted(asked) == [1, 2, 3, 4]
    assert (tmp_path / "manifest.csv").read_bytes() == manifest
    assert run(rows_of(5), tmp_path, fetch).reasons == {"placeholder": 5}
    assert sorted(asked) == [1, 2, 3, 4, 5]


def test_the_rows_can_be_asked_for_again(photo: Draw, tmp_path: Path) -> None:
    run(rows_of(6), tmp_path, lambda row: photo(99))
    again = run(rows_of(6), tmp_path, lambda row: photo(row.number if row.number < 3 else 99), retry_failed=True)
    assert again.reasons == {"ok": 2, "placeholder": 4}
    assert crops(tmp_path) == 2


@pytest.mark.parametrize("step", ["files_of", "mark_placeholders", "commit"])
def test_a_kill_at_any_step_leaves_what_the_next_run_ends(
    photo: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*args: object) -> None:
        raise KeyboardInterrupt

    found: list[Outcome] = []
    rows = [*rows_of(6), *rows_of(2, "Bob", first=50)]
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        run(rows[:6], tmp_path, lambda row: photo(99), engine=_then(patch, step, killed))
    report = run(rows, tmp_path, lambda row: photo(row.number if row.name == "Bob" else 99), on_outcome=found.append)
    assert report.reasons == {"ok": 2, "placeholder": 6}
    assert crops(tmp_path) == 2
    assert verify(tmp_path).is_right
    assert len(found) == 8


def _then(patch: pytest.MonkeyPatch, step: str, killed: Callable[..., None]) -> Callable[..., None]:
    """An engine after whose work the journal is killed at that step."""
    from data.download.run import download_rows

    def engine(rows: Any, journal: Journal, folder: Path, **options: Any) -> None:
        download_rows(rows, journal, folder, fetch=lambda row: _ANY, **options)
        patch.setattr(journal, step, killed)

    return engine


def _any() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "JPEG")
    return file.getvalue()


_ANY = _any()


@pytest.mark.parametrize("file", ["../victim.txt", "Ann/../../victim.txt", "/tmp/x", "../0123456789ab-01234567.jpg"])
def test_no_file_outside_is_removed(tmp_path: Path, file: str) -> None:
    folder, victim = tmp_path / "photos", tmp_path / "victim.txt"
    victim.write_text("precious")
    (tmp_path / "0123456789ab-01234567.jpg").write_text("precious")
    with Journal(folder, SETTINGS.crop_settings) as journal:
        outcomes = [Outcome(row, Reason.OK, file, "ab" * 32, "cd" * 32) for row in rows_of(4)]
        journal.record((outcome.row.key, outcome) for outcome in outcomes)
        with pytest.raises(StorageError, match="is no crop's file"):
            mark_placeholders(journal, folder)
    assert victim.exists()
    assert (tmp_path / "0123456789ab-01234567.jpg").exists()
