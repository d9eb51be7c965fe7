"""What the hidden units look for: each with its weights, where they are a picture, and the photos it likes best."""

from collections.abc import Sequence

from report.page.content import Page, Unit, Words
from report.page.markup import Html, data_uri, join, person, tag
from report.page.sections.section import Section, lede, note

MOST_UNITS = 48  # the page's room for units, shared by the people: about 25 kB each
UNITS_A_PERSON = (6, 3, 1)  # a person's strongest, the first of these that there is room for: whole rows of three
MOST_PEOPLE = 30  # with one unit each, ten rows of three: two printed pages
PHOTOS_A_UNIT = 4  # a square of two by two beside the weights, a row without


def units(page: Page) -> Section | None:
    """Return the section of hidden units."""
    groups = _by_person(page.units)
    if not groups:
        return None
    people = list(groups)[:MOST_PEOPLE]
    each = next(n for n in UNITS_A_PERSON if n * len(people) <= MOST_UNITS)
    blocks = [_person(name, groups[name][:each], page.words) for name in people]
    all_groups = tag("div", *blocks, class_="groups single" if each == 1 else "groups")
    shown = sum(len(groups[name][:each]) for name in people)
    left = note(f"The strongest: {shown} of {len(page.units):,} units.") if shown < len(page.units) else ""
    return Section("units", "What its hidden units look for", join(lede(_words(page)), all_groups, left))


def _by_person(chosen: Sequence[Unit]) -> dict[str, list[Unit]]:
    """Return the units that can be shown, by person, both in the order given."""
    groups: dict[str, list[Unit]] = {}
    for unit in chosen:
        if unit.tile_png or unit.photos:
            groups.setdefault(unit.name, []).append(unit)
    return groups


def _words(page: Page) -> str:
    words = page.words
    about = (
        f"Between {words.photo} and {words.name} stands a layer of hidden units. Each is under the {words.person} it "
        "speaks for most"
    )
    if not any(unit.tile_png for unit in page.units):
        return f"{about}, with the {words.photos} that excite it most."
    return (
        f"{about}: its weights, red where {words.light} speaks for the unit and blue where it speaks against, and the "
        f"{words.photos} that excite it most."
    )


def _person(name: str, chosen: Sequence[Unit], words: Words) -> Html:
    blocks = tag("ul", *(tag("li", _unit(unit, words)) for unit in chosen), class_="units")
    return tag("div", tag("h3", person(name)), blocks, class_="group")


def _unit(unit: Unit, words: Words) -> Html:
    tile = ""
    if unit.tile_png:
        tile = tag("img", src=data_uri(unit.tile_png), alt=f"Weights of unit {unit.number}", class_="tile")
    images = [
        tag("img", src=data_uri(photo), alt=f"{words.photo.capitalize()} {place} that excites unit {unit.number}")
        for place, photo in enumerate(unit.photos[:PHOTOS_A_UNIT], start=1)
    ]
    return tag("figure", tag("div", tile, *images, class_="unit"), tag("figcaption", f"Unit {unit.number}"))
