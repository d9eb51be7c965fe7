"""What was trained on what: the facts of the run, and how many photos there were of each person."""

from collections.abc import Mapping

from report.page.content import Page
from report.page.markup import Html, join, person, tag
from report.page.sections.section import Section, bar, head, lede, note, number, table
from report.page.wording import count

MOST_PEOPLE = 40  # rows of the table, about a printed page; beyond, those with the fewest photos: they are the hardest
_COLOURS = ("train", "validation", "test")  # by place, like the columns

Counts = Mapping[str, Mapping[str, int]]  # part of the split -> person -> photos


def people(page: Page) -> Section | None:
    """Return the section of facts and counts."""
    counts = {part: by_person for part, by_person in page.counts.items() if by_person}
    if not page.facts and not counts:
        return None
    facts = tag("dl", *(tag("div", tag("dt", term), tag("dd", value)) for term, value in page.facts), class_="facts")
    return Section("data", "What it learned from", join(facts if page.facts else "", _photos(counts) if counts else ""))


def _photos(counts: Counts) -> Html:
    totals: dict[str, int] = {}
    for by_person in counts.values():
        for name, n in by_person.items():
            totals[name] = totals.get(name, 0) + n
    shown = list(totals)
    if len(shown) > MOST_PEOPLE:
        fewest = set(sorted(shown, key=lambda name: totals[name])[:MOST_PEOPLE])
        shown = [name for name in shown if name in fewest]
    words = lede(
        f"{count(sum(totals.values()), 'photo')} of {count(len(totals), 'person', 'people')}. It learned from the "
        "training photos, its settings were watched on the validation photos, and it was judged on the test photos alone."
    )
    heads = [head("Person"), *(head(part.capitalize(), class_="number") for part in counts)]
    heads += [head("All", class_="number"), head("Shares", class_="wide")]
    most = max(1, *totals.values())
    rows = (_row(name, [by_person.get(name, 0) for by_person in counts.values()], most) for name in shown)
    listed = table("Photos of each person, by part of the split", heads, rows, "counts")
    left = len(totals) - len(shown)
    return join(words, listed, note(f"Those with the fewest photos; {left:,} more are not listed.") if left else "")


def _row(name: str, photos: list[int], most: int) -> Html:
    shares = bar(*((n / most, colour) for n, colour in zip(photos, _COLOURS, strict=False)))
    cells = [number(f"{n:,}") for n in (*photos, sum(photos))]
    return tag("tr", tag("th", person(name), scope="row"), *cells, tag("td", shares, class_="wide"))
