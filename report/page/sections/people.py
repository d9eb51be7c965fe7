"""What was trained on what: the facts of the run, and how many photos there were of each person."""

from collections.abc import Mapping

from report.page.content import Page, Words
from report.page.markup import Html, join, person, tag
from report.page.sections.section import Section, bar, head, key, lede, note, number, table
from report.page.wording import count

MOST_PEOPLE = 25  # rows of the table, a printed page; of more, those with the fewest photos: they are the hardest
_PARTS = {  # what their photos are for; each is a colour of that name, too
    "train": "It learned from the training {}.",
    "validation": "The validation {} tracked its progress.",
    "test": "It was judged on the test {} alone.",
}

Counts = Mapping[str, Mapping[str, int]]  # part of the split -> person -> photos


def people(page: Page) -> Section | None:
    """Return the section of facts and counts."""
    counts = {part: by_person for part, by_person in page.counts.items() if by_person}
    if not page.facts and not counts:
        return None
    facts = tag("dl", *(tag("div", tag("dt", term), tag("dd", value)) for term, value in page.facts), class_="facts")
    return Section(
        "data", "What it learned from", join(facts if page.facts else "", _photos(counts, page.words) if counts else "")
    )


def _photos(counts: Counts, words: Words) -> Html:
    totals: dict[str, int] = {}
    for by_person in counts.values():
        for name, n in by_person.items():
            totals[name] = totals.get(name, 0) + n
    shown = list(totals)
    if len(shown) > MOST_PEOPLE:
        fewest = set(sorted(shown, key=lambda name: totals[name])[:MOST_PEOPLE])
        shown = [name for name in shown if name in fewest]
    photos = count(sum(totals.values()), words.photo, words.photos)
    about = lede(
        f"{photos} of {count(len(totals), words.person, words.people)}.",
        *(f" {_PARTS[part].format(words.photos)}" for part in counts if part in _PARTS),
    )
    heads = [head(words.person.capitalize()), *map(_part_head, counts)]
    heads += [head("All", class_="number"), head("Shares", class_="wide")]
    most = max(1, *totals.values())
    rows = (_row(name, {part: by_person.get(name, 0) for part, by_person in counts.items()}, most) for name in shown)
    listed = table(f"{words.photos.capitalize()} of each {words.person}, by part of the split", heads, rows, "counts")
    left = len(totals) - len(shown)
    rest = f"These are the {words.people} with the fewest {words.photos}; {left:,} more are not listed."
    return join(about, listed, note(rest) if left else "")


def _part_head(part: str) -> Html:
    return head(key(_colour(part), part.capitalize()), class_="number")


def _colour(part: str) -> str:
    return part if part in _PARTS else "other"


def _row(name: str, photos: Mapping[str, int], most: int) -> Html:
    shares = bar(*((n / most, _colour(part)) for part, n in photos.items()))
    cells = [number(f"{n:,}") for n in (*photos.values(), sum(photos.values()))]
    return tag("tr", tag("th", person(name), scope="row"), *cells, tag("td", shares, class_="wide"))
