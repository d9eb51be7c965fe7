"""Paint: what is painted through an outline is what lies in both, up to the last pixel."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.portraits.layer import OVERSAMPLE, PaintLayer, coarse


def square(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def painted(layer: PaintLayer) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for y, x in np.argwhere(np.asarray(layer.image)[..., 0] > 0)}


@pytest.mark.parametrize(
    "outline", [(3, 4, 10, 12), (0, 0, 29, 29), (-5, -5, 8, 40), (20, 22, 50, 50), (28, 28, 29, 29)]
)
def test_through_an_outline_comes_what_it_holds_and_its_edge(outline: tuple[int, int, int, int]) -> None:
    layer = PaintLayer((10, 10))
    with layer.inside(square(*outline)) as part:
        part.fill(square(-9, -9, 60, 60), (255, 0, 0))
    left, top, right, bottom = outline
    side = 10 * OVERSAMPLE
    assert painted(layer) == {
        (x, y) for x in range(max(left, 0), min(right + 1, side)) for y in range(max(top, 0), min(bottom + 1, side))
    }
    assert layer.coverage.getbbox() is None


def test_beyond_the_picture_nothing_is_painted() -> None:
    layer = PaintLayer((10, 10))
    for outline in (square(30, 3, 40, 9), square(3, 31, 9, 40), square(-9, 0, -2, 9)):
        with layer.inside(outline) as part:
            part.fill(square(-99, -99, 99, 99), (255, 0, 0))
    assert painted(layer) == set()


@pytest.mark.parametrize(("size", "cells"), [((1, 5), (1, 1)), ((6, 10), (2, 2)), ((11, 4), (3, 1))])
def test_cells_cover_the_whole_photo(size: tuple[int, int], cells: tuple[int, int]) -> None:
    assert coarse(size) == cells


def test_the_extent_is_in_whole_cells_and_inside_the_photo() -> None:
    layer = PaintLayer((23, 12))
    layer.fill(square(16 * OVERSAMPLE, 6 * OVERSAMPLE, 21 * OVERSAMPLE, 11 * OVERSAMPLE), (9, 9, 9))
    assert layer.extent() == (15, 5, 23, 12)
