"""A poster of hidden units: which of them fit, the sections they stand in, and the words that say so."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import groupby

from report.figures.tiles import TALLEST, Section, Tile, poster_height
from report.hidden_units import UnitClass, strongest_per_class
from report.page.wording import count


def that_fit(chosen: Sequence[UnitClass], tiles: int, above: Sequence[Section] = ()) -> list[UnitClass]:
    """Return the strongest units of which a poster has room for so many `tiles` each, below the sections `above`."""
    first = [(section.heading, len(section.tiles)) for section in above]
    ranked = sorted(chosen, key=lambda unit: -unit.strength)

    def too_tall(units: int) -> bool:
        sizes = [(name, tiles * len(group)) for name, group in _by_class(ranked[:units])]
        return poster_height([*first, *sizes]) > TALLEST

    return ranked[: bisect_left(range(1, len(ranked) + 1), True, key=too_tall)]


def sections_of(units: Sequence[UnitClass], tiles: Mapping[int, Sequence[Tile]]) -> list[Section]:
    """Return a section per class, the strongest unit first; a unit's first tile has its number."""
    return [
        Section(
            name,
            [tile for unit in group for tile in tiles[unit.unit]],
            [str(unit.unit) if index == 0 else "" for unit in group for index in range(len(tiles[unit.unit]))],
        )
        for name, group in _by_class(units)
    ]


def units_words(
    shown: Sequence[UnitClass], chosen: Sequence[UnitClass], every: Sequence[UnitClass], kind: str, classes: str
) -> str:
    """Return how many of `every` unit are `shown`; where not all that were `chosen` are, of how many `classes`."""
    all_of_them = count(len(every), kind)
    if len(shown) == len(every):
        return all_of_them
    words = f"{len(shown):,} of {all_of_them}"
    if len(shown) == len(chosen):
        return words
    names, all_names = ({unit.name for unit in units} for units in (shown, every))
    return f"{words}, the strongest, of {len(names):,} of {len(all_names):,} {classes} (others: show-weights --unit)"


def _by_class(units: Sequence[UnitClass]) -> list[tuple[str, list[UnitClass]]]:
    order = strongest_per_class(units, len(units))
    return [(name, list(group)) for name, group in groupby(order, key=lambda unit: unit.name)]
