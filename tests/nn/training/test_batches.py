"""Where batches come from: every sample once, in fixed order or drawn by a generator."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from errors import LayerError
from nn.training.batches import TensorBatches, as_batches, without_single


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def numbered(n: int) -> TensorBatches:
    """Samples that are their own number, in tens, with the number as target."""
    return TensorBatches(torch.arange(n)[:, None] * 10.0, torch.arange(n))


@given(n=st.integers(1, 30), size=st.integers(1, 35), shuffled=st.booleans())
def test_every_sample_comes_once_with_its_target(n: int, size: int, shuffled: bool) -> None:
    batches = list(numbered(n).batches(size, seeded() if shuffled else None))
    assert [len(x) for x, _ in batches] == [size] * (n // size) + [n % size] * (n % size > 0)
    assert sorted(int(i) for _, target in batches for i in target) == list(range(n))
    for x, target in batches:
        assert torch.equal(x[:, 0], target * 10.0)


def test_without_a_generator_the_order_is_fixed_and_nothing_is_copied() -> None:
    source = numbered(5)
    (x, target), *_ = source.batches(3, None)
    assert target.tolist() == [0, 1, 2]
    assert x.data_ptr() == source.x.data_ptr()


def test_the_generator_decides_the_order_and_each_walk_has_its_own() -> None:
    source, one, other = numbered(20), seeded(), seeded()
    walks = [[int(i) for _, target in source.batches(4, g) for i in target] for g in (one, other, one)]
    assert walks[0] == walks[1]
    assert walks[0] != walks[2]


def test_one_batch_of_all_draws_nothing() -> None:
    generator = seeded()
    before = generator.get_state()
    ((_, target),) = numbered(6).batches(6, generator)
    assert target.tolist() == list(range(6))
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize(("samples", "targets"), [(3, 2), (0, 0)])
def test_samples_without_targets_and_no_samples_are_refused(samples: int, targets: int) -> None:
    with pytest.raises(LayerError, match=f"{samples} samples and {targets} targets"):
        TensorBatches(torch.ones(samples, 1), torch.ones(targets))


def test_a_source_stays_itself() -> None:
    source = numbered(3)
    assert as_batches(source) is source
    assert len(as_batches((source.x, source.target))) == 3


@settings(deadline=None)
@given(n=st.integers(1, 30), size=st.integers(2, 9))
def test_no_batch_has_a_single_sample_and_none_is_lost(n: int, size: int) -> None:
    batches = list(without_single(numbered(n).batches(size, None), n))
    assert [int(i) for _, target in batches for i in target] == list(range(n))
    assert all(torch.equal(x[:, 0], target * 10.0) for x, target in batches)
    lengths = [len(target) for _, target in batches]
    whole = [size] * (n // size)
    if n > 1 and n % size == 1:
        whole[-1] += 1
        assert lengths == whole
    else:
        assert lengths == whole + [n % size] * (n % size > 0)
