"""The two products of a linear layer: the same numbers in either layout."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from nn.kernels.products import BLOCK, TALL, THIN, affine, weight_gradient


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.sampled_from([1, 2, BLOCK, TALL - 1, TALL, TALL + 1, TALL + BLOCK - 1, TALL + BLOCK]),
    inputs=st.integers(1, 9),
    outputs=st.integers(1, THIN + 1),
    columns_first=st.booleans(),
)
def test_blocks_change_nothing(rows: int, inputs: int, outputs: int, columns_first: bool) -> None:
    generator = seeded(0)
    x = torch.randn(rows, inputs, generator=generator, dtype=torch.float64)
    dy = torch.randn(rows, outputs, generator=generator, dtype=torch.float64)
    if columns_first:
        x, dy = x.T.contiguous().T, dy.T.contiguous().T
    w = torch.randn(outputs, inputs, generator=generator, dtype=torch.float64)
    b = torch.randn(outputs, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(affine(x, w, b), x @ w.T + b, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(weight_gradient(dy, x), dy.T @ x, rtol=1e-12, atol=1e-10)


def test_only_a_tall_and_thin_product_is_cut_into_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    cut: list[int] = []
    batched = torch.baddbmm

    def watched(*arguments: torch.Tensor) -> torch.Tensor:
        cut.append(len(arguments[-1]))
        return batched(*arguments)

    monkeypatch.setattr(torch, "baddbmm", watched)
    for rows, outputs in ((TALL - 1, 2), (TALL, THIN)):
        affine(torch.ones(rows, 3), torch.ones(outputs, 3), torch.ones(outputs))
    assert cut == []
    affine(torch.ones(TALL, 3), torch.ones(THIN - 1, 3), torch.ones(THIN - 1))
    assert cut == [TALL // BLOCK]
