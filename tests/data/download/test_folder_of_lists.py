"""A folder that several lists have filled: manifest and report are of the folder, the run's own counts beside them."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from data.download import Report, download, select
from data.download.forget import forget
from data.download.verify import verify
from data.journal import FILE, Journal
from data.rows import BadRow, Origin, Row
from data.settings import DownloadSettings

SETTINGS = DownloadSettings(size=16, workers=2, allow_private=True)
Draw = Callable[..., bytes]
Items = list[Row | BadRow]
Run = Callable[..., Report]
OLD, NEW = Origin("/a/old.csv", "old.csv", is_file=True), Origin("/a/new.csv", "new.csv", is_file=True)
PIPES = [Origin(f"stdin {n}", "stdin") for n in range(3)]


def row(number: int, photo: int, name: str = "Ann") -> Row:
    return Row(number, name, f"http://a.example/{photo}", None, None)


def rows(photos: range, name: str = "Ann") -> list[Row]:
    return [row(number, photo, name) for number, photo in enumerate(photos, 1)]


@pytest.fixture
def run(photo: Draw, tmp_path: Path) -> Run:
    """run(rows, origin): download into the folder; photos from 100 on are not there."""

    def fetch(wanted: Row) -> bytes:
        number = int(wanted.url.rpartition("/")[2])
        return photo(number) if number < 100 else b""

    return lambda items, origin, **more: download(
        items, tmp_path, settings=SETTINGS, fetch=fetch, origin=origin, **more
    )


def manifest(folder: Path) -> list[tuple[str, str, str]]:
    """List, number and URL's last part of each line."""
    with (folder / "manifest.csv").open(newline="") as file:
        return [(line["list"], line["row"], line["url"].rpartition("/")[2]) for line in csv.DictReader(file)]


def photos(folder: Path) -> list[str]:
    return [photo for _, _, photo in manifest(folder)]


def written(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text())


def test_a_second_list_adds_its_rows(run: Run, tmp_path: Path) -> None:
    run(rows(range(5)), OLD)
    report = run([row(1, 7, "Bob"), row(2, 100, "Bob"), BadRow(3, 4, "x", "y", "Bob")], NEW)
    assert manifest(tmp_path) == [("old.csv", str(n + 1), str(n)) for n in range(5)] + [
        ("new.csv", "1", "7"),
        ("new.csv", "2", "100"),
        ("new.csv", "3", ""),
    ]
    assert (report.rows, report.ok, report.people) == (8, 6, {"Ann": 5, "Bob": 1})
    assert report.lists == {"old.csv": {"rows": 5, "ok": 5}, "new.csv": {"rows": 3, "ok": 1}}
    assert report.run is not None
    assert (report.run.list, report.run.rows, report.run.ok, report.run.people) == ("new.csv", 3, 1, {"Bob": 1})
    assert report.run.reasons == {"bad_row": 1, "not_an_image": 1, "ok": 1}
    assert written(tmp_path)["run"]["rows"] == 3


def test_the_manifest_is_the_same_in_whatever_turn_lists_are_downloaded_again(run: Run, tmp_path: Path) -> None:
    run(rows(range(3)), OLD)
    run(rows(range(2, 6)), NEW)
    before = (tmp_path / "manifest.csv").read_bytes()
    for origin, numbers in ((OLD, range(3)), (NEW, range(2, 6)), (NEW, range(2, 6)), (OLD, range(3))):
        run(rows(numbers), origin)
        assert (tmp_path / "manifest.csv").read_bytes() == before


def test_a_row_of_two_lists_counts_once_for_the_folder_and_for_both_runs(run: Run, tmp_path: Path) -> None:
    run(rows(range(5)), OLD)
    report = run(rows(range(3, 7)), NEW)
    assert (report.rows, report.people) == (7, {"Ann": 7})
    assert report.run is not None
    assert (report.run.rows, report.run.ok) == (4, 4)
    assert manifest(tmp_path)[4:] == [("old.csv", "5", "4"), ("new.csv", "3", "5"), ("new.csv", "4", "6")]
    run(rows(range(2)), OLD)  # what the old list has no more, the new one still has
    assert photos(tmp_path) == ["0", "1", "3", "4", "5", "6"]


@pytest.mark.parametrize("kept", [[0, 1, 3], [1, 2, 3], [0, 1, 2]])
def test_a_row_that_its_list_has_no_more_leaves_and_its_crop_is_told(run: Run, tmp_path: Path, kept: list[int]) -> None:
    run(rows(range(4)), OLD)
    run(rows(range(4, 6)), NEW)
    report = run([row(number, photo) for number, photo in enumerate(kept, 1)], OLD)
    assert photos(tmp_path) == [*map(str, kept), "4", "5"]
    assert report.warnings == ["1 crop in the folder is of a row that no list has, as it was last read"]
    report = run(rows(range(4)), OLD)
    assert (photos(tmp_path), report.warnings) == ([*"012345"], [])


@pytest.mark.parametrize(("people", "limit", "asked"), [(["Bob"], None, 3), (None, 2, 2), (["Ann"], 1, 1)])
def test_a_run_for_some_rows_leaves_the_others(
    run: Run, tmp_path: Path, people: list[str] | None, limit: int | None, asked: int
) -> None:
    run(rows(range(4)), OLD)
    items = [*rows(range(10, 13)), *(row(3 + n, 20 + n, "Bob") for n in range(1, 4))]
    run(items, NEW)
    report = run(select(items, people, limit), NEW)
    assert report.rows == 10
    assert report.run is not None
    assert report.run.rows == asked
    assert set(report.run.people) == set(people or ["Ann"])


def test_a_run_that_is_stopped_loses_no_line(run: Run, tmp_path: Path) -> None:
    run(rows(range(4)), OLD)
    run(rows(range(4, 8)), NEW)

    def stop(outcome: object) -> None:
        raise KeyboardInterrupt

    for origin, numbers in ((OLD, range(4)), (NEW, range(4, 8)), (Origin("/a/third", "third"), range(8, 9))):
        with pytest.raises(KeyboardInterrupt):
            run(rows(numbers), origin, on_outcome=stop)
        assert verify(tmp_path, repair=True).is_right
        forget_nobody(tmp_path)
        assert photos(tmp_path)[:8] == [*"01234567"]


def forget_nobody(folder: Path) -> None:
    """Write manifest and report again, as every command does that changes the folder."""
    with Journal(folder) as journal:
        journal.record([(b"k" * 16, _outcome())])
    assert forget(folder, "Cid").rows == 1


def _outcome() -> Any:
    from data.journal import Outcome
    from data.reasons import Reason

    return Outcome(row(1, 100, "Cid"), Reason.HTTP_404)


def test_a_repair_keeps_all_lists(run: Run, tmp_path: Path, photo: Draw, site: Any) -> None:
    urls = [site.serve(f"/{n}", photo(n)) for n in range(4)]
    for origin, part in ((OLD, urls[:2]), (NEW, urls[2:])):
        items = [Row(number, "Ann", url, None, None) for number, url in enumerate(part, 1)]
        download(items, tmp_path, settings=SETTINGS, origin=origin)
    before = (tmp_path / "manifest.csv").read_bytes()
    for crop in tmp_path.glob("Ann/*.jpg"):
        crop.write_bytes(b"changed")
    assert verify(tmp_path, repair=True, settings=SETTINGS).is_right
    assert (tmp_path / "manifest.csv").read_bytes() == before
    assert (written(tmp_path)["rows"], written(tmp_path)["run"]) == (4, None)


def test_who_is_forgotten_leaves_every_list(run: Run, tmp_path: Path) -> None:
    run([row(1, 1, "Bob"), row(2, 2)], OLD)
    run([row(1, 3, "Bob")], Origin("/a/bob.csv", "bob.csv", is_file=True))
    forget(tmp_path, "Bob")
    assert manifest(tmp_path) == [("old.csv", "2", "2")]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"ob.csv" in path.read_bytes()]
    assert written(tmp_path)["lists"] == {"old.csv": {"rows": 1, "ok": 1}}


@pytest.mark.parametrize("first", [4, 2])
def test_what_rows_show_together_they_show_across_lists(run: Run, tmp_path: Path, photo: Draw, first: int) -> None:
    """Placeholders and near copies are those of the folder."""
    items = [Row(n, "Ann", f"http://b.example/{n}", None, None) for n in range(8)]
    for origin, part in ((OLD, items[:first]), (NEW, items[first:])):
        report = download(part, tmp_path, settings=SETTINGS, fetch=lambda _: photo(1), origin=origin)
    assert report.reasons == {"placeholder": 8}
    assert {line[0] for line in manifest(tmp_path)} == {"old.csv", "new.csv"}
    for origin, name in ((OLD, "Bob"), (NEW, "Cid")):
        report = run([row(1, 9, name)], origin)
    assert len(report.near_duplicates) == 1
    assert any("across people" in line for line in report.warnings)


@pytest.mark.parametrize("wrong", [OLD, NEW])
def test_a_wrong_column_is_told_of_the_list_that_has_it(tmp_path: Path, photo: Draw, wrong: Origin) -> None:
    for origin in (OLD, NEW):
        digest = "0" * 64 if origin is wrong else None
        items = [Row(n, "Ann", f"http://{origin.name}{n}.example/", None, digest) for n in range(1, 102)]
        report = download(items, tmp_path, settings=SETTINGS, fetch=lambda one: photo(one.number % 3), origin=origin)
    (told,) = [line for line in report.warnings if "none of the first 100 photos" in line]
    assert told.startswith(f"{wrong.name}: none of")


def test_two_lists_of_one_name_are_told_apart(run: Run, tmp_path: Path) -> None:
    for folder in "abc":
        run([row(1, ord(folder) % 50)], Origin(f"/{folder}/people.csv", "people.csv", is_file=True))
    assert [line[0] for line in manifest(tmp_path)] == ["people.csv", "/b/people.csv", "/c/people.csv"]


def test_rows_of_pipes_are_kept_once(run: Run, tmp_path: Path) -> None:
    """A pipe cannot be read again: what a later one has too is its own, what none has any more stays."""
    for n, pipe in enumerate(PIPES):
        run(rows(range(n, n + 4)), pipe)
    assert manifest(tmp_path)[:2] == [("stdin", "1", "0"), ("stdin 1", "1", "1")]
    assert sorted(photos(tmp_path)) == [*"012345"]
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT count(*) FROM listing").fetchone() == (6,)


def test_the_rows_of_an_earlier_version_get_the_name_of_their_list(run: Run, tmp_path: Path) -> None:
    """It kept the rows of its last run alone, and not which list they were of."""
    run(rows(range(4)), Origin())
    run(rows(range(10, 12)), NEW)
    assert [line[0] for line in manifest(tmp_path)] == [""] * 4 + ["new.csv"] * 2
    report = run(rows(range(3)), OLD)
    assert sorted(manifest(tmp_path)) == sorted(
        [("", "4", "3"), ("new.csv", "1", "10"), ("new.csv", "2", "11")]
        + [("old.csv", str(n + 1), str(n)) for n in range(3)]
    )
    assert report.rows == 6


def test_a_finished_list_has_the_same_report_without_being_read(run: Run, tmp_path: Path) -> None:
    run(rows(range(4)), OLD)
    report = run(rows(range(4, 6)), NEW, fingerprint="new")
    again = run(iter([]), NEW, fingerprint="new")
    assert again.run == report.run
    assert (again.rows, again.lists) == (report.rows, report.lists)


def test_lists_are_carried_from_one_journal_to_another(run: Run, tmp_path: Path) -> None:
    run([*rows(range(3)), BadRow(4, 5, "x", "y")], OLD)
    run(rows(range(2, 5)), NEW)
    lines = manifest_of(tmp_path)
    with Journal(tmp_path) as journal:
        journal.save_lists(tmp_path / "lists.sqlite")
        outcomes = list(journal.outcomes())
    assert not (tmp_path / "lists.sqlite-wal").exists()
    with Journal(tmp_path / "other", SETTINGS.crop_settings) as journal:
        journal.record(outcomes)
        for _ in range(2):
            journal.add_lists(tmp_path / "lists.sqlite")
    assert manifest_of(tmp_path / "other") == lines
    assert len(lines) == 6 + 1  # a row of both lists is in both


def manifest_of(folder: Path) -> list[Any]:
    with Journal(folder) as journal:
        return list(journal.manifest_lines())
