"""Digits as tensors: what is loaded, subsets, splits and normalisations, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Generator

from errors import DatasetError
from mnist.digits import (
    Digits,
    load_digits,
    padded,
    split_off,
    standardised,
    standardised_one_by_one,
    together,
)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def digits(n: int = 40, seed: int = 0) -> Digits:
    """Noise in [0, 1]; the labels count 0 to 9 again and again, and each image is known by its first pixel."""
    x = torch.rand(n, 1, 28, 28, generator=seeded(seed))
    x[:, 0, 0, 0] = torch.arange(n) / n
    return Digits(x, torch.arange(n) % 10)


def numbers(found: Digits, n: int = 40) -> list[int]:
    """Which images of `digits(n)` these are."""
    return (found.x[:, 0, 0, 0] * n).round().int().tolist()


def complaint(call: Callable[[], object]) -> str:
    with pytest.raises(DatasetError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_files_become_tensors_in_0_to_1(small_mnist: Path) -> None:
    train, test = load_digits(small_mnist)
    assert (train.x.shape, train.labels.shape) == ((200, 1, 28, 28), (200,))
    assert (len(train), len(test)) == (200, 50)
    assert (train.x.dtype, train.labels.dtype) == (torch.float32, torch.int64)
    assert train.x.min() == 0
    assert 0.5 < train.x.max() <= 1
    assert test.labels.bincount().tolist() == [5] * 10


def test_a_folder_without_digits_is_refused(tmp_path: Path) -> None:
    assert "download mnist" in complaint(lambda: load_digits(tmp_path))


def test_the_first_of_each_class_come_in_the_order_of_the_set() -> None:
    found = digits().of_classes((3, 1), 2)
    assert numbers(found) == [1, 3, 11, 13]
    assert found.labels.tolist() == [1, 3, 1, 3]


def test_more_of_a_class_than_there_are_is_refused() -> None:
    assert complaint(lambda: digits().of_classes((1, 3), 5)) == (
        "MNIST has 4 images of the digit 1, expected at least 5"
    )


def test_classes_are_numbered_from_0() -> None:
    found = digits().of_classes((1, 3), 2).numbered((1, 3))
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert numbers(found) == [1, 3, 11, 13]


def test_together_keeps_the_order_of_both() -> None:
    both = together(digits(20), digits(30, seed=1))
    assert torch.equal(both.x, torch.cat((digits(20).x, digits(30, seed=1).x)))
    assert both.labels.tolist() == [*range(10)] * 5


def test_a_split_is_random_seeded_and_loses_nothing() -> None:
    rest, held_out = split_off(digits(), 15, seeded(1))
    assert (len(rest), len(held_out)) == (25, 15)
    assert sorted(numbers(rest) + numbers(held_out)) == [*range(40)]
    assert held_out.labels.tolist() == [number % 10 for number in numbers(held_out)]
    assert numbers(split_off(digits(), 15, seeded(1))[1]) == numbers(held_out)
    assert numbers(split_off(digits(), 15, seeded(2))[1]) != numbers(held_out)


def test_a_split_that_leaves_nothing_is_refused() -> None:
    assert complaint(lambda: split_off(digits(), 40, seeded())) == (
        "cannot hold out 40 of 40 digits: expected fewer than there are"
    )


def test_pixels_are_standardised_by_the_training_part_alone() -> None:
    raw_train, raw_test = digits(40), digits(30, seed=1)
    raw_train.x[:, :, 5, 5] = raw_test.x[:, :, 5, 5] = 0  # paper in every image
    train, test = standardised(raw_train, raw_test)
    changing = torch.ones(28, 28, dtype=torch.bool)
    changing[5, 5] = False
    torch.testing.assert_close(train.x.mean(0)[0], torch.zeros(28, 28), atol=1e-5, rtol=0)
    torch.testing.assert_close(train.x.std(0)[0][changing], torch.ones(28 * 28 - 1))
    mean, deviation = raw_train.x.mean(0), raw_train.x.std(0)
    torch.testing.assert_close(test.x[:, 0, changing], ((raw_test.x - mean) / deviation)[:, 0, changing])
    assert (test.x[:, 0, 5, 5] == 0).all()
    assert torch.equal(test.labels, raw_test.labels)


def test_images_are_standardised_one_by_one() -> None:
    raw = digits(12)
    raw.x[3] = 0  # an empty sheet
    found = standardised_one_by_one(raw)
    others = [number for number in range(12) if number != 3]
    torch.testing.assert_close(found.x.mean((1, 2, 3)), torch.zeros(12), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.x[others].std((1, 2, 3)), torch.ones(11))
    assert (found.x[3] == 0).all()


@pytest.mark.parametrize(("side", "before"), [(32, 2), (31, 1), (28, 0)])
def test_padding_is_paper_around_the_image(side: int, before: int) -> None:
    raw = digits(3)
    found = padded(raw, side)
    assert found.x.shape == (3, 1, side, side)
    inside = slice(before, before + 28)
    assert torch.equal(found.x[:, :, inside, inside], raw.x)
    torch.testing.assert_close(found.x.sum(), raw.x.sum())
