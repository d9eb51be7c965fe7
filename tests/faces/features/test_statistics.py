"""Mean and deviation of features read in pieces are those of all at once; the first photos of each person."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from faces.features.statistics import deviation_and_mean, first_of_each


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_pieces_change_nothing(sizes: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    pieces = [torch.randn(n, 2, 7, generator=generator) * 3 + 5 for n in sizes]
    whole = torch.cat(pieces)
    deviation, mean = deviation_and_mean(pieces)
    torch.testing.assert_close(deviation, whole.std())
    torch.testing.assert_close(mean, whole.mean((0, 1)))


@pytest.mark.parametrize(
    ("most", "first"), [(1, [1, 0, 4]), (2, [1, 2, 0, 3, 4]), (3, [1, 2, 5, 0, 3, 6, 4]), (9, [1, 2, 5, 0, 3, 6, 7, 4])]
)
def test_the_first_of_each_class_come_class_by_class(most: int, first: list[int]) -> None:
    target = torch.tensor([1, 0, 0, 1, 2, 0, 1, 1])
    assert first_of_each(target, most).tolist() == first
