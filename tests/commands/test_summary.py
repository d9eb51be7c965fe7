"""The lines at the end of a download: all of a few people, and of many those with the most and the fewest photos."""

from pathlib import Path

import pytest

from commands.summary import print_summary, shortfalls
from data.download import Report, RunCounts


def counts(reasons: dict[str, int], without_hash: int = 0, ok_without_hash: int = 0, **more: object) -> RunCounts:
    rows, ok = sum(reasons.values()), reasons.get("ok", 0)
    values = {"list": "l.csv", "rows": rows, "ok": ok, "reasons": reasons, "people": {"Ada": ok}, "hosts": {}}
    values |= {"rows_without_hash": without_hash, "ok_without_hash": ok_without_hash}
    return RunCounts(**{**values, **more})  # type: ignore[arg-type]


def show(
    run: RunCounts, folder: Path | str = Path("crops"), lists: int = 1, other_rows: int = 0, other_ok: int = 0
) -> None:
    """Print the summary of a run into a folder that has so many other rows."""
    report = Report(
        rows=run.rows + other_rows,
        ok=run.ok + other_ok,
        reasons={},
        people={},
        seconds=1.0,
        hosts={},
        warnings=[],
        near_duplicates=[],
        rows_without_hash=0,
        lists={str(n): {} for n in range(lists)},
        run=run,
    )
    print_summary(folder, report, run)


def people_of(people: dict[str, int]) -> RunCounts:
    return counts({"ok": sum(people.values())}, people=people)


@pytest.mark.parametrize("n", [1, 2, 25])
def test_a_few_people_are_all_shown(capsys: pytest.CaptureFixture[str], n: int) -> None:
    show(people_of({f"P{number:02}": 1 + number for number in range(n)}))
    lines = [line for line in capsys.readouterr().out.splitlines() if "person" in line]
    assert [line.split() for line in lines] == [["person", f"P{number:02}", str(1 + number)] for number in range(n)]


@pytest.mark.parametrize("n", [26, 500])
def test_of_many_people_the_ends_are_shown_and_where_the_rest_is(capsys: pytest.CaptureFixture[str], n: int) -> None:
    show(people_of({f"P{number:03}": number for number in range(n)}))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if "person" in line]
    counts = [int(line.split()[-1]) for line in lines[:-1]]
    assert counts == [*range(n - 1, n - 11, -1), *range(9, -1, -1)]
    assert lines[-1] == f"person  {n - 20} others between these: see people in crops/report.json"


def test_one_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    show(counts({"ok": 1}, 1, 1), "s3://bucket/crops")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 of 1 row fetched, cropped and stored in s3://bucket/crops"
    assert lines[-1] == "  trusted  1 row lists no hash: whatever came was taken for its photo"
    show(counts({"ok": 2}, 2, 2))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 of 2 rows fetched, cropped and stored in crops"
    assert lines[-1] == "  trusted  2 rows list no hash: whatever came was taken for their photo"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (counts({"ok": 182, "http_404": 18}), "182 of 200 rows verified, cropped"),
        (counts({"http_404": 2}), "0 of 2 rows verified, cropped"),
        (counts({"ok": 182, "http_404": 18}, 200, 182), "182 of 200 rows fetched, cropped"),
        (counts({"ok": 3, "bad_row": 2, "dns": 1}, 4, 3), "3 of 6 rows fetched, cropped"),
        (counts({"dns": 2}, 2), "0 of 2 rows fetched, cropped"),
        (counts({"ok": 182, "http_404": 18}, 90, 82), "182 of 200 rows, 100 verified and 82 fetched, cropped"),
        (counts({"ok": 2, "dns": 1}, 1), "2 of 3 rows, 2 verified and 0 fetched, cropped"),
    ],
)
def test_only_what_has_a_listed_hash_is_verified(capsys: pytest.CaptureFixture[str], run: RunCounts, said: str) -> None:
    show(run)
    assert capsys.readouterr().out.startswith(f"{said} and stored in crops\n")


@pytest.mark.parametrize(
    ("lists", "rows", "ok", "said"),
    [
        (1, 0, 0, None),
        (1, 7, 5, "  folder  6 of 9 rows stored there by now"),
        (2, 7, 5, "  folder  6 of 9 rows stored there by now, of 2 lists"),
        (2, 1, 0, "  folder  1 of 3 rows stored there by now, of 2 lists"),
    ],
)
def test_what_else_the_folder_has_is_said(
    capsys: pytest.CaptureFixture[str], lists: int, rows: int, ok: int, said: str | None
) -> None:
    show(counts({"ok": 1, "dns": 1}), lists=lists, other_rows=rows, other_ok=ok)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1 of 2 rows ")
    assert [line for line in lines if "folder" in line] == ([said] if said else [])


@pytest.mark.parametrize("reason", ["dns", "http_404"])
def test_a_private_address_names_the_flag_that_lets_it_through(capsys: pytest.CaptureFixture[str], reason: str) -> None:
    show(counts({"ok": 1, "blocked_address": 2, reason: 1}))
    hinted = [line.split() for line in capsys.readouterr().out.splitlines() if "--allow-private" in line]
    assert [line[:3] for line in hinted] == [["reason", "blocked_address", "2"]]


@pytest.mark.parametrize(
    ("run", "max_failed", "said"),
    [
        (counts({"ok": 3}), 0.0, []),
        (counts({"ok": 1, "dns": 3}), 1.0, []),
        (counts({"ok": 1, "dns": 1}), 0.5, []),
        (counts({"ok": 1, "dns": 3}), 0.5, ["3 of 4 rows failed, more than --max-failed 0.5"]),
        (counts({"ok": 1, "bad_row": 3000}), 1.0, ["3,000 of 3,001 rows cannot be read"]),
        (counts({"ok": 9, "bad_row": 1}), 1.0, ["1 of 10 rows cannot be read"]),
        (counts({"dns": 1}), 1.0, ["nothing was stored"]),
        (counts({"bad_row": 1, "dns": 1}), 1.0, ["1 of 2 rows cannot be read", "nothing was stored"]),
    ],
)
def test_what_a_run_came_short_of(run: RunCounts, max_failed: float, said: list[str]) -> None:
    assert shortfalls(run, max_failed) == said
