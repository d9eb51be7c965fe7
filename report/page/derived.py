"""What the templates show and the content does not hold itself: totals, groups, and the dots of the drawing on top."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from report.page.content import DownloadReport, Page, Unit, Units
from report.results import ClassAccuracy

MOST_PEOPLE = 25  # rows of the table of photos, a printed page
MOST_LOWEST = 10  # rows of the table of those with the lowest accuracy


class PhotoCounts(NamedTuple):
    """How many photos there are of each person: all `photos` of all `people`, and the `rows` that are shown."""

    parts: Sequence[str]  # of the split
    photos: int
    people: int
    most: int  # photos of one person, at least 1
    rows: Mapping[str, Sequence[int]]  # person -> photos, part by part


def photo_counts(counts: Mapping[str, Mapping[str, int]]) -> PhotoCounts:
    """Return `counts`, part of the split -> person -> photos, as a table without its empty parts.

    Of more than `MOST_PEOPLE` it has those with the fewest photos, who are the hardest to learn.
    """
    parts = [part for part, by_person in counts.items() if by_person]
    names = dict.fromkeys(name for part in parts for name in counts[part])
    rows = {name: [counts[part].get(name, 0) for part in parts] for name in names}
    totals = {name: sum(row) for name, row in rows.items()}
    shown = set(sorted(names, key=totals.__getitem__)[:MOST_PEOPLE])
    return PhotoCounts(
        parts=parts,
        photos=sum(totals.values()),
        people=len(rows),
        most=max([1, *totals.values()]),
        rows={name: row for name, row in rows.items() if name in shown},
    )


def most_frequent(page: Page) -> int | None:
    """Return how many test photos are of the person with the most, None when that is not known."""
    tested = page.counts.get("test", {})
    return max(tested.values()) if tested and sum(tested.values()) == page.accuracy.n else None


def lowest(page: Page) -> list[ClassAccuracy]:
    """Return the people with the lowest accuracy, none of whom was always recognised."""
    return [person for person in page.by_person[:MOST_LOWEST] if person.right < person.n]


def units_by_class(units: Units) -> dict[str, list[Unit]]:
    """Return the units that have weights or photos to show, by class; classes and units in the order given."""
    groups: dict[str, list[Unit]] = {}
    for unit in units.shown:
        if unit.tile_png or unit.photos:
            groups.setdefault(unit.name, []).append(unit)
    return groups


def reasons_by_count(report: DownloadReport) -> list[tuple[str, int]]:
    """Return (reason, rows): first `ok`, then the other reasons with any rows, the most frequent first."""
    failed = [(reason, n) for reason, n in report.reasons.items() if reason != "ok" and n]
    return [("ok", report.ok), *sorted(failed, key=lambda item: (-item[1], item[0]))]


def dots(start: int, stop: int) -> str:
    """Return an SVG path of the dots `start` to `stop`, 40 a row, 10 apart.

    Lines of nearly no length: with round caps they are dots, and a thousand of them are a short text.
    """
    return "".join(f"M{index % 40 * 10 + 5} {index // 40 * 10 + 5}h.01" for index in range(start, stop))
