"""The lines at the end of a download: all of a few people, and of many those with the most and the fewest photos."""

from pathlib import Path

import pytest

from commands.summary import print_summary
from data.download import Report


def report(people: dict[str, int], **more: object) -> Report:
    rows = sum(people.values())
    values = {"rows": rows, "ok": rows, "reasons": {"ok": rows}, "people": people, "seconds": 1.0, "hosts": {}}
    values |= {"warnings": [], "near_duplicates": [], "rows_without_hash": 0}
    return Report(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 2, 25])
def test_a_few_people_are_all_shown(capsys: pytest.CaptureFixture[str], n: int) -> None:
    print_summary(Path("crops"), report({f"P{number:02}": 1 + number for number in range(n)}))
    lines = [line for line in capsys.readouterr().out.splitlines() if "person" in line]
    assert [line.split() for line in lines] == [["person", f"P{number:02}", str(1 + number)] for number in range(n)]


@pytest.mark.parametrize("n", [26, 500])
def test_of_many_people_the_ends_are_shown_and_where_the_rest_is(capsys: pytest.CaptureFixture[str], n: int) -> None:
    print_summary(Path("crops"), report({f"P{number:03}": number for number in range(n)}))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if "person" in line]
    counts = [int(line.split()[-1]) for line in lines[:-1]]
    assert counts == [*range(n - 1, n - 11, -1), *range(9, -1, -1)]
    assert lines[-1] == f"person  {n - 20} others between these: see people in crops/report.json"


def test_one_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary("s3://bucket/crops", report({"Ada": 1}, rows_without_hash=1))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 of 1 row verified, cropped and stored in s3://bucket/crops"
    assert lines[-1] == "  trusted  1 row lists no hash: whatever came was taken for its photo"
    print_summary(Path("crops"), report({"Ada": 2}, rows_without_hash=2))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 of 2 rows verified, cropped and stored in crops"
    assert lines[-1] == "  trusted  2 rows list no hash: whatever came was taken for their photo"
