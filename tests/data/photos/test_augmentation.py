"""Augmentation: what each change does to a known picture, and that the generator alone decides."""

import math
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import affine_grid
from torch.testing import assert_close

from data.photos.augmentation import Augmentation, _grid, random_crop

STILL: dict[str, Any] = {"mirror": 0.0, "rotation": 0.0, "shift": 0.0, "zoom": 0.0}


def picture(height: int = 12, width: int = 8) -> torch.Tensor:
    """A smooth, unsymmetric batch of two pictures (2, 1, H, W) in [0, 1]."""
    down = torch.linspace(0, 1, height, dtype=torch.float64)[:, None]
    across = torch.linspace(0, 1, width, dtype=torch.float64)[None, :]
    return torch.stack([down * 0.5 + across * 0.5, across * across * (1 - down)])[:, None]


def change(**settings: Any) -> torch.Tensor:
    return Augmentation(**{**STILL, **settings})(picture(), torch.Generator().manual_seed(3))


def test_no_change_asked_no_change_made() -> None:
    assert_close(change(), picture())


def test_mirror_swaps_left_and_right() -> None:
    assert_close(change(mirror=1.0), picture().flip(3))


def test_shift_moves_by_at_most_the_fraction_of_the_side() -> None:
    dot = torch.zeros(64, 1, 11, 21)
    dot[:, 0, 5, 10] = 1
    moved = Augmentation(**{**STILL, "shift": 0.2})(dot, torch.Generator().manual_seed(0))
    rows = (moved * torch.arange(11.0)[:, None]).sum((1, 2, 3)) - 5
    columns = (moved * torch.arange(21.0)).sum((1, 2, 3)) - 10
    assert 1.5 < rows.abs().max() <= 0.2 * 11 + 1e-4
    assert 3.0 < columns.abs().max() <= 0.2 * 21 + 1e-4


def test_rotation_keeps_shapes_in_a_picture_that_is_not_square() -> None:
    high, wide = 15, 45
    y, x = torch.meshgrid(torch.arange(high) - 7.0, torch.arange(wide) - 22.0, indexing="ij")
    disk = ((x * x + y * y).sqrt() < 5).double().expand(8, 1, high, wide)
    turned = Augmentation(**{**STILL, "rotation": 90.0})(disk, torch.Generator().manual_seed(1))
    assert (turned - disk).abs().mean() < 0.02  # a disk turned is the same disk


def test_zoom_changes_the_area_within_its_limits() -> None:
    square = torch.zeros(256, 1, 32, 32, dtype=torch.float64)
    square[:, :, 8:24, 8:24] = 1
    zoomed = Augmentation(**{**STILL, "zoom": 0.25})(square, torch.Generator().manual_seed(2))
    sides = zoomed.sum((1, 2, 3)).sqrt() / 16
    assert 1 / 1.26 < sides.min() < 0.85
    assert 1.15 < sides.max() < 1.26


def test_beyond_the_picture_lies_its_nearest_pixel_or_nothing() -> None:
    white = torch.ones(32, 1, 9, 9)
    moved = {
        beyond: Augmentation(**{**STILL, "shift": 0.3, "beyond": beyond})(white, torch.Generator().manual_seed(0))
        for beyond in ("border", "zeros")
    }
    assert_close(moved["border"], white)
    assert moved["zeros"].mean() < 0.9


def test_a_random_crop_is_a_square_of_the_picture_in_the_middle_of_zeros() -> None:
    x = torch.arange(1.0, 1 + 40 * 2 * 7 * 8).view(40, 2, 7, 8)
    cropped = random_crop(x, 5, torch.Generator().manual_seed(0))
    corners = set()
    for before, after in zip(x, cropped, strict=True):
        place = (before[0] == after[0, 1, 1]).nonzero()[0].tolist()
        assert torch.equal(after[:, 1:6, 1:6], before[:, place[0] : place[0] + 5, place[1] : place[1] + 5])
        assert after.count_nonzero() == 2 * 25
        corners.add(tuple(place))
    assert corners == {(i, j) for i in range(3) for j in range(4)}


def test_the_generator_decides() -> None:
    augment = Augmentation()
    same = [augment(picture(), torch.Generator().manual_seed(5)) for _ in range(2)]
    other = augment(picture(), torch.Generator().manual_seed(6))
    assert torch.equal(same[0], same[1])
    assert not torch.equal(same[0], other)


def matrices(*rows: tuple[torch.Tensor | float, torch.Tensor | float, torch.Tensor | float]) -> torch.Tensor:
    """Two rows of three entries each -> (N, 3, 3)."""
    entries = [[torch.as_tensor(entry, dtype=torch.float64).expand(4) for entry in row] for row in (*rows, (0, 0, 1))]
    return torch.stack([torch.stack(row, -1) for row in entries], 1)


@settings(deadline=None, max_examples=30)
@given(height=st.integers(1, 9), width=st.integers(1, 9), seed=st.integers(0, 99))
def test_where_pixels_come_from_is_a_product_of_four_matrices(height: int, width: int, seed: int) -> None:
    draw = torch.rand(5, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    angle, scale, right, down, mirror = (
        draw[0] * 6,
        draw[1] + 0.5,
        draw[2] - 0.5,
        draw[3] - 0.5,
        draw[4].round() * 2 - 1,
    )
    turned = matrices((angle.cos(), -angle.sin(), 0), (angle.sin(), angle.cos(), 0))
    pixels = matrices((float(width), 0, 0), (0, float(height), 0))  # [-1, 1] -> as many pixels as there are
    moved = matrices((1, 0, right), (0, 1, down))
    sides = matrices((mirror, 0, 0), (0, 1, 0))
    whole = moved @ pixels.inverse() @ turned @ matrices((scale, 0, 0), (0, scale, 0)) @ pixels @ sides
    x = torch.zeros(4, 1, height, width, dtype=torch.float64)
    expected = affine_grid(whole[:, :2], list(x.shape), align_corners=False)
    assert_close(_grid(x, angle, scale, right, down, mirror), expected)


def test_rotation_goes_as_many_degrees_either_way() -> None:
    y, x = torch.meshgrid(torch.arange(41) - 20.0, torch.arange(41) - 20.0, indexing="ij")
    beam = ((y.abs() < 1.5) & (x > 0)).double().expand(200, 1, 41, 41)
    turned = Augmentation(**{**STILL, "rotation": 30.0})(beam, torch.Generator().manual_seed(1))
    angles = torch.atan2((turned * y).sum((1, 2, 3)), (turned * x).sum((1, 2, 3))) * 180 / math.pi
    assert -31 < angles.min() < -28
    assert 28 < angles.max() < 31


def test_half_of_the_photos_are_mirrored() -> None:
    seen = Augmentation(**{**STILL, "mirror": 0.5})(
        picture()[:1].expand(400, 1, 12, 8), torch.Generator().manual_seed(0)
    )
    mirrored = [torch.allclose(one, picture()[0].flip(2)) for one in seen]
    assert 170 < sum(mirrored) < 230
    assert sum(mirrored) + sum(torch.allclose(one, picture()[0]) for one in seen) == 400


@settings(deadline=None, max_examples=40)
@given(side=st.integers(1, 6), more=st.tuples(st.integers(0, 5), st.integers(0, 5)), seed=st.integers(0, 9))
def test_a_crop_of_any_size_keeps_the_pictures_size_and_lies_in_the_middle(
    side: int, more: tuple[int, int], seed: int
) -> None:
    height, width = side + more[0], side + more[1]
    x = torch.arange(1.0, 1 + 3 * height * width).view(3, 1, height, width)
    cropped = random_crop(x, side, torch.Generator().manual_seed(seed))
    assert cropped.shape == x.shape
    rows, columns = (cropped[0, 0] > 0).nonzero().T.tolist()
    above, before = more[0] // 2, more[1] // 2
    assert (min(rows), max(rows)) == (above, above + side - 1)
    assert (min(columns), max(columns)) == (before, before + side - 1)
