"""What the hidden units look for: each with its weights, where they are a picture, and the photos it likes best.

A network without a hidden layer shows its outputs instead.
"""

from collections.abc import Sequence

from report.page.content import Page, Unit, Units, Words
from report.page.markup import Html, data_uri, join, person, tag
from report.page.sections.section import Section, lede, note
from report.page.wording import count


def units(page: Page) -> Section | None:
    """Return the section of hidden units, or of outputs."""
    if page.units is None:
        return None
    groups = _by_person(page.units.shown)
    if not groups:
        return None
    kind = "hidden unit" if page.units.hidden else "output"
    blocks = (_person(name, chosen, page.words, kind) for name, chosen in groups.items())
    single = all(len(chosen) == 1 for chosen in groups.values())
    shown = sum(map(len, groups.values()))
    rest = f"The strongest of each {page.words.person} shown: {shown} of {count(page.units.n, kind)}."
    return Section(
        "units",
        f"What its {kind}s look for",
        join(
            lede(_words(page.units, page.words)),
            tag("div", *blocks, class_="groups single" if single else "groups"),
            note(rest) if shown < page.units.n else "",
        ),
    )


def _by_person(shown: Sequence[Unit]) -> dict[str, list[Unit]]:
    """Return the units that can be shown, by person, both in the order given."""
    groups: dict[str, list[Unit]] = {}
    for unit in shown:
        if unit.tile_png or unit.photos:
            groups.setdefault(unit.name, []).append(unit)
    return groups


def _words(units: Units, words: Words) -> str:
    shown = f"the training {words.photos} that excite it most"
    if any(unit.tile_png for unit in units.shown):
        colours = f"red where {words.light} speaks for the unit, blue where it speaks against"
        shown = f"its weights ({colours}) and {shown}"
    if not units.hidden:
        return f"The network has no hidden layer, only an output for each {words.person}. Each is shown with {shown}."
    return (
        f"A layer of hidden units stands between the {words.photo} and the {words.name}. Each unit is listed under "
        f"the {words.person} it speaks for most, with {shown}."
    )


def _person(name: str, chosen: Sequence[Unit], words: Words, kind: str) -> Html:
    blocks = tag("ul", *(tag("li", _unit(unit, words, kind)) for unit in chosen), class_="units")
    return tag("div", tag("h3", person(name)), blocks, class_="group")


def _unit(unit: Unit, words: Words, kind: str) -> Html:
    named = f"{kind} {unit.number}"
    tile = tag("img", src=data_uri(unit.tile_png), alt=f"Weights of {named}", class_="tile") if unit.tile_png else ""
    images = [
        tag("img", src=data_uri(photo), alt=f"{words.photo.capitalize()} {place} that excites {named}")
        for place, photo in enumerate(unit.photos, start=1)
    ]
    return tag("figure", tag("div", tile, *images, class_="unit"), tag("figcaption", named.capitalize()))
