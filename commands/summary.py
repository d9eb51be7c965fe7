"""The results of a download as lines of text: the counts at the end, and bad rows when they are read.

What is counted is decided in `data/download/manifest`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from commands.console import log

if TYPE_CHECKING:
    from data.download import Report
    from data.journal import Outcome

BAD_ROWS_SHOWN = 10
HOSTS_SHOWN = 5


def print_summary(folder: Path | str, report: "Report") -> None:
    """Print the counts of rows by reason, person and host, and the warnings."""
    print(f"{report.ok} of {report.rows} rows verified, cropped and stored in {folder}")
    failed = {host: sum(n for reason, n in rows.items() if reason != "ok") for host, rows in report.hosts.items()}
    worst = dict(list(failed.items())[:HOSTS_SHOWN])
    tables = (("reason", report.reasons), ("person", report.people), ("failed at", worst))
    for title, table in tables:
        width = max(map(len, table), default=0)
        for name, n in table.items():
            print(f"  {title}  {name:<{width}}  {n:>6}")
    if report.rows_without_hash:
        print(f"  trusted  {report.rows_without_hash} rows list no hash: whatever came was taken for their photo")
    for warning in report.warnings:
        print(f"  warning  {warning}")


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
        log(f"{path}: {bad - BAD_ROWS_SHOWN} more bad rows, see manifest.csv")
