"""A list becomes a folder: what is asked for, what is stored, what is written down, and what a second run does."""

import hashlib
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data.atomic_write import MACHINE
from data.download import Report, download, escape_formula, list_fingerprint, select
from data.download.forget import forget
from data.journal import Journal, Outcome
from data.photos.placed import placed_in
from data.reasons import Reason
from data.rows import BadRow, Box, Origin, Row
from data.settings import DownloadSettings
from errors import StorageError, UsageError

Site = Any
Draw = Callable[..., bytes]
SETTINGS = DownloadSettings(size=16, workers=4, timeout=1.0, deadline=5.0, allow_private=True)


def row(number: int, url: str, data: bytes | None = None, name: str = "Ann", box: Box | None = None) -> Row:
    return Row(number, name, url, box, None if data is None else hashlib.sha256(data).hexdigest())


def crops(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))


def run(rows: Any, folder: Path, **options: Any) -> tuple[Report, list[Outcome]]:
    outcomes: list[Outcome] = []
    report = download(rows, folder, **{"settings": SETTINGS, "on_outcome": outcomes.append, **options})
    return report, outcomes


def test_a_row_becomes_a_crop_in_the_persons_folder(site: Site, photo: Draw, tmp_path: Path) -> None:
    data = photo()
    one = row(1, site.serve("/1", data), data, box=Box(0, 0, 30, 30))
    report, (outcome,) = run([one], tmp_path)
    file = f"Ann/{hashlib.sha256(data).hexdigest()[:12]}-{one.key.hex()[:8]}.jpg"
    assert outcome.row == one
    assert (outcome.reason, outcome.file, outcome.fresh) == (Reason.OK, file, True)
    assert crops(tmp_path) == [file]
    with Image.open(tmp_path / file) as image:
        assert image.size == (26, 26)  # 16 pixels of the box, and 0.3 of it on each side
    assert placed_in((tmp_path / file).read_bytes()).box == Box(5, 5, 21, 21)
    assert outcome.crop == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    assert (report.rows, report.ok, report.reasons, report.people) == (1, 1, {"ok": 1}, {"Ann": 1})


def test_what_is_not_the_listed_photo_is_neither_decoded_nor_stored(
    site: Site, photo: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.download.verify_and_store.crop", lambda *args: pytest.fail("decoded"))
    bodies = {"an empty body": b"", "a web page": b"\n<html>", "another picture": photo(2), "other bytes": b"gone"}
    rows = [row(n, site.serve(f"/{n}", body), photo(1)) for n, body in enumerate(bodies.values())]
    report, outcomes = run(rows, tmp_path)
    assert report.reasons == {"hash_mismatch": 4}
    assert {one.detail for one in outcomes} == set(bodies)
    assert not crops(tmp_path)


def test_without_a_listed_hash_the_photos_own_is_written_down(site: Site, photo: Draw, tmp_path: Path) -> None:
    run([row(1, site.serve("/1", photo()))], tmp_path)
    assert hashlib.sha256(photo()).hexdigest() in (tmp_path / "manifest.csv").read_text()


def test_bytes_from_any_other_place_go_the_same_way(photo: Draw, tmp_path: Path) -> None:
    rows = [row(n, f"http://portraits.invalid/{n}", photo(n)) for n in range(3)]
    report, _ = run(rows, tmp_path, fetch=lambda one: photo(one.number))
    assert report.ok == 3
    report, _ = run(rows, tmp_path / "wrong", fetch=lambda one: photo(9))
    assert report.reasons == {"hash_mismatch": 3}


def test_another_place_than_the_web_is_no_host_to_spare(photo: Draw, tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def fetch(one: Row) -> bytes:
        together.wait(timeout=5)
        return photo(one.number)

    settings = DownloadSettings(workers=8, per_host=1)
    report, _ = run(
        [row(n, f"http://portraits.invalid/{n}") for n in range(8)], tmp_path, fetch=fetch, settings=settings
    )
    assert report.ok == 8


def test_a_box_without_pixels_costs_no_request(site: Site, tmp_path: Path) -> None:
    _, (outcome,) = run([row(1, site.url("/1"), box=Box(5, 5, 5, 9))], tmp_path)
    assert outcome.reason is Reason.BAD_BOX
    assert not site.asked


def test_equal_rows_are_asked_for_once(site: Site, photo: Draw, tmp_path: Path) -> None:
    url = site.serve("/1", photo())
    report, outcomes = run([row(n, url) for n in range(1, 2001)], tmp_path)
    assert site.asked == {"/1": 1}
    assert report.ok == 2000
    assert sorted(one.row.number for one in outcomes) == list(range(1, 2001))
    assert len({one.file for one in outcomes}) == 1


def test_a_bad_row_is_counted_with_the_others(tmp_path: Path) -> None:
    bad = BadRow(1, 7, "text", "why")
    report, (outcome,) = run([bad], tmp_path)
    assert (outcome.row, outcome.reason, outcome.detail) == (bad, Reason.BAD_ROW, "why")
    assert (report.rows, report.reasons) == (1, {"bad_row": 1})


# Retries -------------------------------------------------------------------------------------------------------------


def script(site: Site, path: str, *answers: dict[str, Any]) -> str:
    """A path that gives these answers in turn, the last one for good."""
    plans = [site.serve(path, **plan) and site.routes[path] for plan in answers]
    turns = iter(plans[:-1])
    site.routes[path] = lambda request: next(turns, plans[-1])(request)
    return str(site.url(path))


def test_what_may_pass_is_tried_again(site: Site, photo: Draw, tmp_path: Path) -> None:
    good = {"body": photo()}
    rows = [
        row(1, script(site, "/500", {"status": 500}, good)),
        row(2, script(site, "/429", {"status": 429, "Retry_After": "1"}, good)),
        row(3, script(site, "/503", {"status": 503}, {"status": 503}, good)),
    ]
    started = time.monotonic()
    report, _ = run(rows, tmp_path)
    assert report.ok == 3
    assert site.asked == {"/500": 2, "/429": 2, "/503": 3}
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_will_not_pass_costs_one_request(site: Site, tmp_path: Path, status: int) -> None:
    run([row(1, site.serve("/1", status=status))], tmp_path)
    assert site.asked == {"/1": 1}


def test_retries_end(site: Site, tmp_path: Path) -> None:
    settings = DownloadSettings(retries=1, allow_private=True)
    report, _ = run([row(1, site.serve("/1", status=500))], tmp_path, settings=settings)
    assert report.reasons == {"http_5xx": 1}
    assert site.asked == {"/1": 2}


def test_a_wait_beyond_the_deadline_ends_the_row_now(site: Site, tmp_path: Path) -> None:
    started = time.monotonic()
    report, _ = run([row(1, site.serve("/1", status=429, Retry_After="50"))], tmp_path)
    assert report.reasons == {"rate_limited": 1}
    assert time.monotonic() - started < 2


def test_while_a_host_rests_the_others_are_asked(site: Site, photo: Draw, tmp_path: Path) -> None:
    busy = script(site, "/busy", {"status": 503, "Retry_After": "1"}, {"body": photo()})
    rows = [row(1, busy.replace("127.0.0.1", "localhost"))]
    rows += [row(n, site.serve(f"/{n}", photo())) for n in range(2, 12)]
    _, outcomes = run(rows, tmp_path, settings=DownloadSettings(workers=1, allow_private=True))
    assert [one.reason for one in outcomes] == [Reason.OK] * 11
    assert outcomes[-1].row.number == 1


def test_a_host_out_of_reach_is_given_up(tmp_path: Path) -> None:
    rows = [row(n, f"http://127.0.0.1:1/{n}") for n in range(1, 60)]
    _, outcomes = run(rows, tmp_path)
    assert {one.reason for one in outcomes} == {Reason.CONNECT}
    unasked = [one for one in outcomes if "given up" in one.detail]
    assert 59 - SETTINGS.give_up_after - SETTINGS.per_host <= len(unasked) < 59


def test_no_host_has_more_requests_at_once_than_its_share(site: Site, tmp_path: Path) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def count(request: Any) -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        time.sleep(0.02)
        with lock:
            busy -= 1
        request.send_error(404)

    site.routes.update({f"/{n}": count for n in range(24)})
    settings = DownloadSettings(workers=12, per_host=3, allow_private=True)
    run([row(n, site.url(f"/{n}")) for n in range(24)], tmp_path, settings=settings)
    assert most == 3


# A second run --------------------------------------------------------------------------------------------------------


def test_a_second_run_asks_for_nothing_that_has_ended(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(1, site.serve("/1", photo())), row(2, site.url("/gone")), BadRow(3, 3, "x", "y")]
    first, _ = run(rows, tmp_path)
    manifest = (tmp_path / "manifest.csv").read_bytes()
    second, outcomes = run(rows, tmp_path)
    assert site.asked == {"/1": 1, "/gone": 1}
    assert [one.fresh for one in outcomes] == [False, False, True]
    assert (second.rows, second.ok, second.reasons) == (first.rows, first.ok, first.reasons)
    assert (tmp_path / "manifest.csv").read_bytes() == manifest


def test_retry_failed_asks_again_for_what_failed(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(1, site.serve("/1", photo())), row(2, site.url("/2"))]
    run(rows, tmp_path)
    site.serve("/2", photo(2))
    report, _ = run(rows, tmp_path, retry_failed=True)
    assert site.asked == {"/1": 1, "/2": 2}
    assert report.ok == 2


def test_a_crop_that_is_gone_is_made_again(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(1, site.serve("/1", photo()))]
    _, (outcome,) = run(rows, tmp_path)
    (tmp_path / str(outcome.file)).unlink()
    run(rows, tmp_path)
    assert crops(tmp_path) == [outcome.file]


def test_an_edited_list_continues(site: Site, photo: Draw, tmp_path: Path) -> None:
    urls = [site.serve(f"/{n}", photo(n)) for n in range(3)]
    run([row(1, urls[0]), row(2, urls[1])], tmp_path)
    before = set(crops(tmp_path))
    report, _ = run([row(1, urls[2]), row(2, urls[1]), row(3, urls[0], name="Bob")], tmp_path)
    assert site.asked == {"/0": 2, "/1": 1, "/2": 1}
    assert report.people == {"Ann": 2, "Bob": 1}
    assert before < set(crops(tmp_path))


def test_rows_not_selected_stay_in_the_manifest_if_they_have_ended(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(n, site.serve(f"/{n}", photo(n)), name=name) for n, name in enumerate(["Ann", "Bob", "Ann", "Cid"], 1)]
    report, outcomes = run(select(rows, people=["Ann"]), tmp_path)
    assert (report.rows, report.people, len(outcomes)) == (2, {"Ann": 2}, 2)
    report, outcomes = run(select(rows, people=["Bob"]), tmp_path)
    assert (report.rows, report.people, len(outcomes)) == (3, {"Ann": 2, "Bob": 1}, 1)
    lines = (tmp_path / "manifest.csv").read_text().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == ["1", "2", "3"]


def test_other_crop_settings_are_refused_in_one_line(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(1, site.serve("/1", photo()))]
    run(rows, tmp_path)
    for change in ({"size": 17}, {"gray": True}, {"filter": "box"}):
        other = DownloadSettings(**{"size": 16, **change})  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="was made with") as caught:
            run(rows, tmp_path, settings=other)
        assert "\n" not in str(caught.value)


def test_a_folder_without_crops_takes_any_settings(site: Site, tmp_path: Path) -> None:
    rows = [row(1, site.url("/gone"))]
    run(rows, tmp_path)
    run(rows, tmp_path, settings=DownloadSettings(size=17, allow_private=True))
    assert site.asked == {"/gone": 1}


# A third run with nothing to do ---------------------------------------------------------------------------------------


def unread() -> Iterator[Row]:
    pytest.fail("the list was read")
    yield


@pytest.fixture
def finished(site: Site, photo: Draw, tmp_path: Path) -> list[Row]:
    """Rows that a run with the mark "all" has come to the end of."""
    rows = [row(1, site.serve("/1", photo())), row(2, site.url("/gone"))]
    run(rows, tmp_path, fingerprint="all")
    return rows


def test_a_finished_list_is_not_even_read(finished: list[Row], tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*") if "sqlite" not in path.name}
    report, outcomes = run(unread(), tmp_path, fingerprint="all")
    assert (report.rows, report.ok, report.reasons, outcomes) == (2, 1, {"http_404": 1, "ok": 1}, [])
    assert before == {path: path.stat().st_mtime_ns for path in before}


def change_the_manifest(folder: Path, rows: list[Row]) -> None:
    (folder / "manifest.csv").write_text("edited\n")


def lose_the_report(folder: Path, rows: list[Row]) -> None:
    (folder / "report.json").unlink()


def lose_a_crop(folder: Path, rows: list[Row]) -> None:
    (folder / crops(folder)[0]).unlink()


def lose_a_person(folder: Path, rows: list[Row]) -> None:
    (folder / crops(folder)[0]).unlink()
    (folder / "Ann").rmdir()


def work_on_another_list(folder: Path, rows: list[Row]) -> None:
    run(rows[:1], folder, fingerprint="another")


def be_interrupted(folder: Path, rows: list[Row]) -> None:
    def stop(outcome: Outcome) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(rows, folder, on_outcome=stop)


def verify_and_forget(folder: Path, rows: list[Row]) -> None:
    forget(folder, "Ann")


@pytest.mark.parametrize(
    "change",
    [
        change_the_manifest,
        lose_the_report,
        lose_a_crop,
        lose_a_person,
        work_on_another_list,
        be_interrupted,
        verify_and_forget,
    ],
)
def test_after_any_change_the_list_is_worked_through(
    finished: list[Row], tmp_path: Path, change: Callable[[Path, list[Row]], None]
) -> None:
    change(tmp_path, finished)
    report, outcomes = run(finished, tmp_path, fingerprint="all")
    assert len(outcomes) == 2
    assert report.ok == len(crops(tmp_path)) == 1
    assert len((tmp_path / "manifest.csv").read_text().splitlines()) == 3


def test_failed_rows_are_asked_for_again_when_that_is_asked(finished: list[Row], site: Site, tmp_path: Path) -> None:
    run(finished, tmp_path, fingerprint="all", retry_failed=True)
    assert site.asked == {"/1": 1, "/gone": 2}


def test_the_mark_of_a_list_changes_with_the_file_and_with_what_is_selected(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    fingerprints = set()
    for text in ("name,url\nAnn,http://a.example/1\n", "name,url\nAnn,http://a.example/2\n"):
        file.write_text(text)
        fingerprints |= {
            list_fingerprint(file),
            list_fingerprint(file, ["Ann"]),
            list_fingerprint(file, None, 3),
            list_fingerprint(file, ["Ann"], 3),
        }
        assert list_fingerprint(file, ["Bob", "Ann"]) == list_fingerprint(file, ["Ann", "Bob", "Ann"])
    assert len(fingerprints) == 8


# Ends that are not the list's -----------------------------------------------------------------------------------------


def test_two_runs_in_one_folder(tmp_path: Path) -> None:
    with Journal(tmp_path, SETTINGS.crop_settings), pytest.raises(StorageError, match="another download"):
        run([], tmp_path)
    run([], tmp_path)


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"not a database, but long enough to look like a file of some kind" * 20)
    with pytest.raises(StorageError, match="not a database") as caught:
        run([], tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        run([], tmp_path / "file" / "folder")


def test_a_full_disk_ends_the_run_and_leaves_the_journal_usable(
    site: Site, photo: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(n, site.serve(f"/{n}", photo(n))) for n in range(1, 30)]

    def refuse(path: Path, data: bytes) -> None:
        raise StorageError(f"cannot write {path}: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("data.download.verify_and_store.atomic_write", refuse)
        with pytest.raises(StorageError, match="No space left"):
            run(rows, tmp_path)
    assert not crops(tmp_path)
    report, _ = run(rows, tmp_path)
    assert report.ok == 29


def test_ctrl_c_keeps_what_is_done(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(n, site.serve(f"/{n}", photo(n))) for n in range(1, 40)]
    done: list[Outcome] = []

    def stop(outcome: Outcome) -> None:
        done.append(outcome)
        if len(done) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(rows, tmp_path, on_outcome=stop)
    report, outcomes = run(rows, tmp_path)
    assert report.ok == 39
    assert sum(not one.fresh for one in outcomes) >= 10
    assert sum(site.asked.values()) <= 39 + SETTINGS.workers


def test_ctrl_c_does_not_wait_for_a_slow_server(site: Site, tmp_path: Path) -> None:
    site.routes["/slow"] = lambda request: site.closing.wait(5)

    def rows() -> Iterator[Row]:
        yield row(1, site.url("/slow"))
        while not site.asked:
            time.sleep(0.0001)
            yield row(2, site.url("/slow"))
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(rows(), tmp_path, settings=DownloadSettings(allow_private=True))
    assert time.monotonic() - started < 3


def test_an_error_of_the_list_goes_through_with_the_journal_flushed(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows = [row(1, site.serve("/1", photo()))]
    with pytest.raises(UsageError, match="Bob"):
        run(select(rows, people=["Ann", "Bob"]), tmp_path)
    run(rows, tmp_path)
    assert site.asked["/1"] <= 2


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    part = tmp_path / "Ann" / f"x.jpg.part-99999999-{MACHINE}00"
    part.write_bytes(b"half")
    run([], tmp_path)
    assert not part.exists()


# What is told --------------------------------------------------------------------------------------------------------


def test_manifest_and_report(site: Site, photo: Draw, tmp_path: Path) -> None:
    rows: list[Row | BadRow] = [
        row(1, site.url("/gone"), photo(), name="=1+1, Bob"),
        BadRow(2, 3, "=cmd", "url: expected http", " =cmd", "\t@ftp://x"),
        row(3, site.serve("/3", photo()), box=Box(-5, 0, 20, 20)),
    ]
    report, outcomes = run(rows, tmp_path, origin=Origin("/l.csv", "=l.csv", is_file=True))
    seen, file = hashlib.sha256(photo()).hexdigest(), next(one.file for one in outcomes if one.file)
    assert (tmp_path / "manifest.csv").read_text() == (
        "row,name,url,box,sha256,reason,file,list\n"
        f"1,\"'=1+1, Bob\",{site.url('/gone')},,{seen},http_404,,'=l.csv\n"
        "2,' =cmd,'\t@ftp://x,,,bad_row,,'=l.csv\n"
        f'3,Ann,{site.url("/3")},"-5,0,20,20",{seen},ok,{file},\'=l.csv\n'
    )
    counts = {
        "rows": 3,
        "ok": 1,
        "reasons": {"bad_row": 1, "http_404": 1, "ok": 1},
        "people": {"=1+1, Bob": 0, "Ann": 1},
        "hosts": {f"127.0.0.1:{site.port}": {"http_404": 1, "ok": 1}},
        "rows_without_hash": 1,
    }
    assert json.loads((tmp_path / "report.json").read_text()) == {
        **counts,
        "seconds": report.seconds,
        "warnings": [],
        "near_duplicates": [],
        "lists": {"=l.csv": {"rows": 3, "ok": 1}},
        "run": {**counts, "list": "=l.csv", "ok_without_hash": 1},
        "scope": "seconds and run are of the last run, which was asked for the rows in run; all else is of the folder",
    }
    assert report.run is not None
    assert report.run.bad == 1
    assert report.run.failed_fraction == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *(
            (sign, f"'{sign}")
            for sign in ("=1+1", "+1", "-1", "@x", "\t=1+1", " =1+1", "\r\n@x", "\u00a0-1", "\uff1d1")
        ),
        *((plain, plain) for plain in ("Ann", "a=1", "http://a.example/=1", " Ann", "")),
    ],
)
def test_a_strangers_text_is_no_formula(text: str, cell: str) -> None:
    assert escape_formula(text) == cell


def test_people_whose_names_fold_to_one_have_folders_of_their_own(site: Site, photo: Draw, tmp_path: Path) -> None:
    people = ["Ann", "ANN", "../Ann", "Ann/..", "con"]
    report, _ = run([row(n, site.serve(f"/{n}", photo(n)), name=name) for n, name in enumerate(people)], tmp_path)
    assert report.ok == 5
    assert len({path.parent.name.lower() for path in tmp_path.rglob("*.jpg")}) == 5
    assert {path.parent.parent for path in tmp_path.rglob("*.jpg")} == {tmp_path}


def test_the_list_is_read_no_further_than_needed(site: Site, tmp_path: Path) -> None:
    read, answered = Counter[str](), Counter[str]()

    def rows() -> Iterator[Row]:
        for number in range(1, 10_001):
            read["rows"] += 1
            answered["most ahead"] = max(answered["most ahead"], read["rows"] - answered["rows"])
            yield row(number, f"http://127.0.0.1:1/{number}")

    def answer(outcome: Outcome) -> None:
        answered["rows"] += 1

    settings = DownloadSettings(workers=2, give_up_after=10**9, allow_private=True)
    download(rows(), tmp_path, settings=settings, fetch=lambda one: b"", on_outcome=answer)
    assert answered["rows"] == 10_000
    assert answered["most ahead"] <= 3000


def test_sixteen_bit_png_without_a_hash(site: Site, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("I;16", (20, 20), 40_000).save(file, "PNG")
    report, _ = run([row(1, site.serve("/1", file.getvalue()))], tmp_path)
    assert report.ok == 1


# What the rows show together ------------------------------------------------------------------------------------------


def test_a_wrong_column_is_told_while_the_run_goes_on(photo: Draw, tmp_path: Path) -> None:
    told: list[tuple[int, str]] = []
    done: list[Outcome] = []
    rows = [row(n, f"http://a.example/{n}", b"no") for n in range(300)]
    report, _ = run(
        rows,
        tmp_path,
        fetch=lambda one: str(one.number).encode(),
        on_outcome=done.append,
        on_warning=lambda line: told.append((len(done), line)),
    )
    ((moment, line),) = told
    assert moment == 100
    assert "none of the first 100 photos" in line
    assert report.warnings == [line]


def test_crops_that_look_alike_across_people_are_listed(
    site: Site, picture: Callable[..., Image.Image], photo: Draw, tmp_path: Path
) -> None:
    sharp, soft = io.BytesIO(), io.BytesIO()
    picture(1, 200, 160).save(sharp, "JPEG", quality=95)
    picture(1, 100, 80).save(soft, "JPEG", quality=60)
    people = {"Ann": [sharp.getvalue(), photo(2), photo(2, 65, 48)], "Bob": [soft.getvalue(), photo(3)]}
    rows = [
        row(10 * n + k, site.serve(f"/{name}{k}", data), name=name)
        for n, (name, photos) in enumerate(people.items())
        for k, data in enumerate(photos)
    ]
    report, outcomes = run(rows, tmp_path, settings=DownloadSettings(size=64, allow_private=True))
    files = {one.row.url.rpartition("/")[2]: one.file for one in outcomes if isinstance(one.row, Row)}
    assert report.near_duplicates == [[files["Ann0"], files["Bob0"]]]
    assert report.warnings == ["1 group of crops looks alike across people: see near_duplicates in report.json"]


def test_hosts_with_most_failures_come_first(tmp_path: Path) -> None:
    rows = [row(n, f"http://host{n % 30}.example/{n}") for n in range(300)]
    rows += [row(n, f"http://Worst.example:8080/{n}") for n in range(1000, 1020)]
    report, _ = run(rows, tmp_path, fetch=lambda one: b"")
    assert len(report.hosts) == 20
    assert next(iter(report.hosts.items())) == ("worst.example:8080", {"not_an_image": 20})
