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
    from data.download import Report, RunCounts
    from data.journal import Outcome

BAD_ROWS_SHOWN = 3
HOSTS_SHOWN = 5
MOST_PEOPLE = 25  # all of whom are shown
PEOPLE_SHOWN = 10  # of more: those with the most photos, and as many with the fewest
_HINTS = {"blocked_address": "for servers of your own: --allow-private"}  # printed behind the number of a reason


def print_summary(folder: Path | str, report: "Report", run: "RunCounts") -> None:
    """Print what became of the rows that the run was asked for, what else the folder has, and its warnings."""
    from data.download import REPORT

    print(f"{_stored(run)} cropped and stored in {folder}")
    failed = {host: sum(n for reason, n in rows.items() if reason != "ok") for host, rows in run.hosts.items()}
    worst = dict(list(failed.items())[:HOSTS_SHOWN])
    people = _most_and_fewest(run.people)
    tables = (("reason", run.reasons), ("person", people), ("failed at", worst))
    for title, table in tables:
        width = max(map(len, table), default=0)
        for name, n in table.items():
            hint = f"  {_HINTS[name]}" if table is run.reasons and name in _HINTS else ""
            print(f"  {title}  {name:<{width}}  {n:>6}{hint}")
        if table is people and len(people) < len(run.people):
            others = len(run.people) - len(people)
            print(f"  person  {count(others, 'other')} between these: see people in {folder}/{REPORT}")
    if run.rows_without_hash:
        one = run.rows_without_hash == 1
        listed = f"{count(run.rows_without_hash, 'row')} {'lists' if one else 'list'} no hash"
        print(f"  trusted  {listed}: whatever came was taken for {'its' if one else 'their'} photo")
    if (run.rows, run.ok) != (report.rows, report.ok):
        lists = f", of {count(len(report.lists), 'list')}" if len(report.lists) > 1 else ""
        print(f"  folder  {report.ok} of {count(report.rows, 'row')} stored there by now{lists}")
    for warning in report.warnings:
        print(f"  warning  {warning}")


def shortfalls(run: "RunCounts", max_failed: float) -> list[str]:
    """Say in what a run came short of what it was asked for; nothing if it did not."""
    found = []
    if run.bad:
        found.append(f"{run.bad:,} of {count(run.rows, 'row')} cannot be read")
    if not run.ok:
        found.append("nothing was stored")
    elif run.failed_fraction > max_failed:
        found.append(f"{run.rows - run.ok:,} of {count(run.rows, 'row')} failed, more than --max-failed {max_failed:g}")
    return found


def _stored(run: "RunCounts") -> str:
    """How many rows are stored, and whether their digests were compared: `182 of 200 rows fetched,`."""
    stored = f"{run.ok} of {run.rows} {'row' if run.rows == 1 else 'rows'}"
    if not run.rows_without_hash:
        return f"{stored} verified,"
    if run.rows_without_hash == run.rows - run.bad:
        return f"{stored} fetched,"
    return f"{stored}, {run.ok - run.ok_without_hash} verified and {run.ok_without_hash} fetched,"


def _most_and_fewest(people: dict[str, int]) -> dict[str, int]:
    """All of a few people; of many, those with the most photos and those with the fewest, in that order."""
    if len(people) <= MOST_PEOPLE:
        return people
    ranked = sorted(people.items(), key=lambda item: (-item[1], item[0]))
    return dict(ranked[:PEOPLE_SHOWN] + ranked[-PEOPLE_SHOWN:])


@contextmanager
def bad_rows(shown: str, *, quiet: bool) -> Iterator[Callable[["Outcome"], None]]:
    """Yield a function that logs the first few rows that cannot be read; at the end, log how many more there were."""
    from data.rows import BadRow

    bad = 0

    def log_bad_row(outcome: "Outcome") -> None:
        nonlocal bad
        if isinstance(outcome.row, BadRow):
            bad += 1
            if bad <= BAD_ROWS_SHOWN and not quiet:
                log(f"{shown}:{outcome.row.line}: bad row: {outcome.row.problem}")

    yield log_bad_row
    if bad > BAD_ROWS_SHOWN and not quiet:
        log(f"{shown}: {count(bad - BAD_ROWS_SHOWN, 'more bad row')}, see manifest.csv")
