"""The results of a download as lines of text: the counts at the end, and bad rows when they are read.

What is counted is decided in `data/download/manifest`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commands.console import log
from data.wording import count

if TYPE_CHECKING:
    from data.download import Report
    from data.journal import Outcome

BAD_ROWS_SHOWN = 10
HOSTS_SHOWN = 5
MOST_PEOPLE = 25  # all of whom are shown
PEOPLE_SHOWN = 10  # of more: those with the most photos, and as many with the fewest


def print_summary(folder: Path | str, report: "Report") -> None:
    """Print the counts of rows by reason, person and host, and the warnings."""
    from data.download import REPORT

    rows = "row" if report.rows == 1 else "rows"
    print(f"{report.ok} of {report.rows} {rows} verified, cropped and stored in {folder}")
    failed = {host: sum(n for reason, n in rows.items() if reason != "ok") for host, rows in report.hosts.items()}
    worst = dict(list(failed.items())[:HOSTS_SHOWN])
    people = _most_and_fewest(report.people)
    tables = (("reason", report.reasons), ("person", people), ("failed at", worst))
    for title, table in tables:
        width = max(map(len, table), default=0)
        for name, n in table.items():
            print(f"  {title}  {name:<{width}}  {n:>6}")
        if table is people and len(people) < len(report.people):
            others = len(report.people) - len(people)
            print(f"  person  {count(others, 'other')} between these: see people in {folder}/{REPORT}")
    if report.rows_without_hash:
        one = report.rows_without_hash == 1
        listed = f"{count(report.rows_without_hash, 'row')} {'lists' if one else 'list'} no hash"
        print(f"  trusted  {listed}: whatever came was taken for {'its' if one else 'their'} photo")
    for warning in report.warnings:
        print(f"  warning  {warning}")


def _most_and_fewest(people: dict[str, int]) -> dict[str, int]:
    """All of a few people; of many, those with the most photos and those with the fewest, in that order."""
    if len(people) <= MOST_PEOPLE:
        return people
    ranked = sorted(people.items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:PEOPLE_SHOWN] + ranked[-PEOPLE_SHOWN:])


@contextmanager
def bad_rows(path: Path) -> Iterator[Callable[["Outcome"], None]]:
    """Yield a function that logs the first few rows that cannot be read; at the end, log how many more there were."""
    from data.rows import BadRow

    bad = 0

    def log_bad_row(outcome: "Outcome") -> None:
        nonlocal bad
        if isinstance(outcome.row, BadRow):
            bad += 1
            if bad <= BAD_ROWS_SHOWN:
                log(f"{path}:{outcome.row.line}: bad row: {outcome.row.problem}")

    yield log_bad_row
    if bad > BAD_ROWS_SHOWN:
        log(f"{path}: {count(bad - BAD_ROWS_SHOWN, 'more bad row')}, see manifest.csv")
