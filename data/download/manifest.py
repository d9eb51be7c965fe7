"""The results of a folder: `manifest.csv`, one line per row, and `report.json`, the counts.

Both are made from the journal, so they include rows of all lists that the folder was filled from, rows that an earlier
run finished, and bad rows, with name and URL as far as they can be read; they leave out rows that have never been
requested. A row that several lists have stands once, under the first of them. The manifest is written a line at a
time, so a million rows need no more memory than a few.
"""

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from data.atomic_write import atomic_write, atomic_writer
from data.journal import Journal, ManifestLine
from data.quality import ListWarnings, find_near_duplicates
from data.reasons import Reason
from data.rows import host_of
from data.wording import count

MANIFEST, REPORT = "manifest.csv", "report.json"
COLUMNS = ("row", "name", "url", "box", "sha256", "reason", "file", "list")
_FORMULA = re.compile(
    r"[\s\x00-\x1f]*[-=+@\uff0d\uff1d\uff0b\uff20]"
)  # also as wide signs, and behind what is not seen
_MOST_NAMED = 5  # hosts in a warning
_MOST_HOSTS = 20  # named in a report: those with the most rows that failed


_SCOPE = "seconds and run are of the last run, which was asked for the rows in run; all else is of the folder"


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """Counts of the rows that a run was asked for, whether it or an earlier one has ended them."""

    list: str  # its name
    rows: int
    ok: int
    reasons: dict[str, int]
    people: dict[str, int]  # rows that are ok
    hosts: dict[str, dict[str, int]]  # as in `Report`
    rows_without_hash: int
    ok_without_hash: int

    @property
    def bad(self) -> int:
        """How many rows cannot be read."""
        return self.reasons.get(Reason.BAD_ROW, 0)

    @property
    def failed_fraction(self) -> float:
        """The fraction of rows that are not ok, from 0 to 1; 0 for no rows."""
        return (self.rows - self.ok) / self.rows if self.rows else 0.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """Counts of the rows of a folder that ended, by reason, person and host, and what is suspicious about them."""

    rows: int
    ok: int
    reasons: dict[str, int]
    people: dict[str, int]  # rows that are ok
    seconds: float  # duration of this run
    hosts: dict[str, dict[str, int]]  # rows by reason of the hosts with most failures, the worst first
    warnings: list[str]
    near_duplicates: list[list[str]]  # groups of files that show one picture, under different names or many
    rows_without_hash: int  # no digest is listed: whatever came was taken for the right photo
    lists: dict[str, dict[str, int]]  # rows, and those that are ok, of each list; a row of several is the first one's
    run: RunCounts | None  # what the run that wrote this was asked for; None: for no list, as a repair is
    scope: str = _SCOPE


class _Tally:
    """The counts; lines are added one by one."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self.hosts: Counter[tuple[str, str]] = Counter()
        self.without_hash = self.ok_without_hash = 0

    def add(self, line: ManifestLine) -> None:
        self.reasons[line.reason] += 1
        if line.reason != Reason.BAD_ROW and line.name is not None and line.url is not None:
            is_trusted, is_ok = line.sha256 is None and line.md5 is None, line.reason == Reason.OK
            self.without_hash += is_trusted
            self.ok_without_hash += is_trusted and is_ok
            self.people[line.name] += is_ok
            self.hosts[host_of(line.url), line.reason] += 1

    def placeholder_warnings(self) -> Iterator[str]:
        """One line, if hosts answered with placeholders."""
        hosts = Counter({host: n for (host, reason), n in self.hosts.items() if reason == Reason.PLACEHOLDER})
        if hosts:
            named = ", ".join(f"{host} ({n})" for host, n in hosts.most_common(_MOST_NAMED))
            more = f" and {count(len(hosts) - _MOST_NAMED, 'more host')}" if len(hosts) > _MOST_NAMED else ""
            got = f"{count(hosts.total(), 'row')} got a host's picture for what is gone, and"
            yield f"{got} {'is' if hosts.total() == 1 else 'are'} left out: {named}{more}"

    def worst_hosts(self) -> dict[str, dict[str, int]]:
        """The hosts with the most failures, and the number of their rows by reason."""
        failed = Counter[str]()
        for (host, reason), n in self.hosts.items():
            failed[host] += n if reason != Reason.OK else 0
        worst = sorted((host for host in failed if failed[host]), key=lambda host: (-failed[host], host))[:_MOST_HOSTS]
        reasons = sorted({reason for _, reason in self.hosts})
        return {host: {reason: n for reason in reasons if (n := self.hosts[host, reason])} for host in worst}

    def run_counts(self, name: str) -> RunCounts:
        """The counts of the run that read the list with this name."""
        return RunCounts(
            list=name,
            rows=self.reasons.total(),
            ok=self.reasons[Reason.OK],
            reasons=dict(sorted(self.reasons.items())),
            people=dict(sorted(self.people.items())),
            hosts=self.worst_hosts(),
            rows_without_hash=self.without_hash,
            ok_without_hash=self.ok_without_hash,
        )


@dataclass
class _ListTally:
    """The counts of one list, and what is suspicious about it."""

    rows: int = 0
    ok: int = 0
    warnings: ListWarnings = field(default_factory=ListWarnings)

    def add(self, line: ManifestLine) -> None:
        self.rows += 1
        self.ok += line.reason == Reason.OK
        self.warnings.add(line.reason, line.url if line.reason != Reason.BAD_ROW else None, line.photo)


def write_summary(journal: Journal, folder: Path, seconds: float, run: RunCounts | None = None) -> Report:
    """Write `manifest.csv` and `report.json`, and return the report. StorageError when the disk refuses.

    `run` are the counts of the last run, where this one has read no list.
    """
    tally, asked, lists = _Tally(), _Tally(), defaultdict[str, _ListTally](_ListTally)
    with atomic_writer(folder / MANIFEST) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for line in journal.manifest_lines():
            if line.is_selected:
                asked.add(line)
            if line.is_repeated:
                continue
            tally.add(line)
            lists[line.list].add(line)
            digest = line.sha256 or line.photo
            writer.writerow(
                (
                    *(line.number, escape_formula(line.name), escape_formula(line.url), line.box),
                    *(digest, line.reason, line.file, escape_formula(line.list)),
                )
            )
        text.detach()
    groups = find_near_duplicates(journal.perceptual_hashes)
    warnings = [*tally.placeholder_warnings()]
    for name, counts in lists.items():
        warnings += [f"{name}: {line}" if len(lists) > 1 else line for line in counts.warnings.warnings()]
    across = sum(group.several_people for group in groups)
    for n, whose in ((across, "across people"), (len(groups) - across, "under one name")):
        if n:
            look = "looks" if n == 1 else "look"
            warnings.append(f"{count(n, 'group')} of crops {look} alike {whose}: see near_duplicates in {REPORT}")
    if n := journal.unlisted_crops():
        are = "is of a row" if n == 1 else "are of rows"
        warnings.append(f"{count(n, 'crop')} in the folder {are} that no list has, as it was last read")
    report = Report(
        rows=tally.reasons.total(),
        ok=tally.reasons[Reason.OK],
        reasons=dict(sorted(tally.reasons.items())),
        people=dict(sorted(tally.people.items())),
        seconds=round(seconds, 3),
        hosts=tally.worst_hosts(),
        warnings=warnings,
        near_duplicates=[group.files for group in groups],
        rows_without_hash=tally.without_hash,
        lists={name: {"rows": counts.rows, "ok": counts.ok} for name, counts in lists.items()},
        run=run if journal.list_name is None else asked.run_counts(journal.list_name),
    )
    atomic_write(folder / REPORT, (json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n").encode())
    return report


def rewrite_summary(journal: Journal, folder: Path) -> Report:
    """Write again what a change of names and files alters; the last run stays the last run."""
    try:
        seconds = float(json.loads((folder / REPORT).read_bytes())["seconds"])
    except (OSError, ValueError, TypeError, KeyError):
        seconds = 0.0
    last = read_report(folder, seconds)
    return write_summary(journal, folder, seconds, None if last is None else last.run)


def read_report(folder: Path, seconds: float) -> Report | None:
    """The report of an earlier run, with the given duration; None when it is missing or of another version."""
    try:
        values = json.loads((folder / REPORT).read_bytes())
        return Report(**{**values, "seconds": round(seconds, 3), "run": RunCounts(**values["run"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def escape_formula(text: str | None) -> str | None:
    """A stranger's text that a spreadsheet would run as a formula, with the apostrophe that makes it text.

    The columns that no stranger writes need none: a file begins with a safe name, and after the minus of a box comes a
    number.
    """
    return f"'{text}" if text and _FORMULA.match(text) else text
