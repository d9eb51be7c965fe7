"""What came of a list, for people and programs: `manifest.csv`, a line a row, and `report.json`, the counts.

Both are read off the journal, so they also tell of rows that an earlier run finished; rows of the list that have never
been asked for are left out. Written a line at a time: the manifest of a million rows takes no memory.
Neighbours: `journal`, `publish`; `folder` reads the manifest.
"""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from data.journal import Journal
from data.publish import publish, publishing
from data.reasons import Reason

COLUMNS = ("row", "name", "url", "box", "sha256", "reason", "file")
_FORMULAS = ("=", "+", "-", "@")


@dataclass(frozen=True, kw_only=True)
class Report:
    """The counts of a list: its rows that ended, by reason and (those that are ok) by person."""

    rows: int
    ok: int
    reasons: dict[str, int]
    people: dict[str, int]
    seconds: float  # that this run took

    @property
    def failed_fraction(self) -> float:
        """The share of rows that are not ok, from 0 to 1; 0 for no rows."""
        return (self.rows - self.ok) / self.rows if self.rows else 0.0


def publish_summary(journal: Journal, folder: Path, seconds: float) -> Report:
    """Write `manifest.csv` and `report.json`, and return the report. StorageError when the disk refuses."""
    reasons: Counter[str] = Counter()
    people: Counter[str] = Counter()
    with publishing(folder / "manifest.csv") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for line in journal.lines():
            reasons[line.reason] += 1
            if line.name is not None:
                people[line.name] += line.reason == Reason.OK
            digest = line.sha256 or line.photo
            writer.writerow((line.number, _inert(line.name), line.url, line.box, digest, line.reason, line.file))
        text.detach()
    report = Report(
        rows=reasons.total(),
        ok=reasons[Reason.OK],
        reasons=dict(sorted(reasons.items())),
        people=dict(sorted(people.items())),
        seconds=round(seconds, 3),
    )
    publish(folder / "report.json", (json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n").encode())
    return report


def _inert(name: str | None) -> str | None:
    """A stranger's name that a spreadsheet would run as a formula, with the apostrophe that makes it text.

    No person's name begins so, and of the other columns none can: a URL begins with http, a file with a safe name, and
    the minus of a box is followed by a number.
    """
    return f"'{name}" if name and name.startswith(_FORMULAS) else name
