"""The units of a poster: all where there are few, of thousands the strongest that fit, and words that say so."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Text

from report.figures.tiles import DPI, Section, poster_figure
from report.figures.units import sections_of, that_fit, units_words
from report.hidden_units import UnitClass

FILTERS = [Section("conv1: 64 filters", [np.zeros((11, 11, 3), np.uint8)] * 64, [""] * 64)]


def units(n: int, people: int) -> list[UnitClass]:
    """Units of people with names of different length, their strengths shuffled."""
    strengths = np.random.default_rng(0).permutation(n)
    return [
        UnitClass(unit, f"Person {'of a long name ' * (unit % people % 3)}{unit % people}", float(strengths[unit]))
        for unit in range(n)
    ]


@pytest.mark.parametrize(
    ("n", "people", "tiles"), [(300, 6, 1), (300, 30, 1), (256, 10, 1), (12, 12, 4), (5, 3, 1), (1, 1, 4)]
)
def test_few_units_all_fit(n: int, people: int, tiles: int) -> None:
    every = units(n, people)
    assert set(that_fit(every, tiles, FILTERS)) == set(every)
    assert units_words(every, every, every, "hidden unit", "people") == f"{n} hidden unit{'s' * (n > 1)}"


@pytest.mark.parametrize(("n", "people", "tiles"), [(1000, 1000, 4), (700, 700, 4), (5000, 1000, 1), (9000, 10, 1)])
def test_of_many_units_the_strongest_fit(n: int, people: int, tiles: int) -> None:
    every = units(n, people)
    shown = that_fit(every, tiles, FILTERS)
    assert 100 < len(shown) < n
    assert min(unit.strength for unit in shown) == n - len(shown), "the strengths are 0 to n - 1"
    words = units_words(shown, every, every, "hidden unit", "people")
    names = len({unit.name for unit in shown})
    assert words == (
        f"{len(shown):,} of {n:,} hidden units, the strongest, of {names:,} of {people:,} people "
        "(others: show-weights --unit)"
    )


@pytest.mark.parametrize("tiles", [4, 1])
def test_the_poster_of_a_thousand_people_is_below_8000_pixels_and_no_name_lies_on_another(tiles: int) -> None:
    every = units(1000, 1000)
    shown = that_fit(every, 4, FILTERS)  # of some units, photos may be gone: there is room for all
    drawn = sections_of(shown, {unit.unit: [np.zeros((2, 2), np.float32)] * tiles for unit in shown})
    figure = poster_figure([*FILTERS, *drawn], "a long title " * 20, "a subtitle of two lines " * 8, 1.0)
    assert figure.get_size_inches()[1] * DPI < 7800
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text().startswith("Person")]
    assert len(texts) == len(shown)
    boxes = [text.get_window_extent() for text in texts]
    assert max(box.x1 for box in boxes) < figure.bbox.x1
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))


def test_units_asked_for_are_counted_against_all() -> None:
    every = units(2000, 1000)
    asked = every[:3]
    assert units_words(asked, asked, every, "output", "people") == "3 of 2,000 outputs"
    assert units_words(asked[:2], asked, every, "output", "people").startswith(
        "2 of 2,000 outputs, the strongest, of 2 "
    )


def test_a_units_first_tile_has_its_number_and_the_strongest_is_first() -> None:
    tile = np.zeros((2, 2))
    described = [UnitClass(0, "Bo", 1.0), UnitClass(1, "Ada", 1.0), UnitClass(2, "Ada", 2.0)]
    ada, bo = sections_of(described, {0: [], 1: [tile], 2: [tile, tile]})
    assert (ada.heading, ada.captions, len(ada.tiles)) == ("Ada", ["2", "", "1"], 3)
    assert (bo.heading, bo.captions, len(bo.tiles)) == ("Bo", [], 0)
