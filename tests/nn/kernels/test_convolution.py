"""Few windows are multiplied as a matrix, many are left to torch; both give the same numbers."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from nn.kernels import Windows, convolution


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


@settings(deadline=None, max_examples=30)
@given(
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    bias=st.booleans(),
)
def test_the_path_changes_nothing(
    stride: tuple[int, int], padding: tuple[int, int], kernel: tuple[int, int], bias: bool
) -> None:
    windows = Windows(kernel, stride, padding)
    x, w, b = drawn(1, 3, 2, 9, 7), drawn(2, 4, 2, *kernel), drawn(3, 4) if bias else None
    results = []
    for few in (0, 10**9):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(convolution, "FEW", few)
            y = convolution.correlate(x, w, b, windows)
            results.append((y, convolution.weight_gradient(drawn(4, *y.shape), x, w, windows)))
    (y, dw), (same_y, same_dw) = results
    torch.testing.assert_close(y, same_y, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(dw, same_dw, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("n", "height", "width", "matrix"),
    [(1, 32, 32, True), (1, 32, 33, False), (4, 16, 16, True), (5, 16, 16, False), (1, 1, 1024, True)],
)
def test_a_matrix_is_for_up_to_1024_windows(
    n: int, height: int, width: int, matrix: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    convolved: list[Any] = []
    conv2d = torch.conv2d
    monkeypatch.setattr(torch, "conv2d", lambda *arguments: convolved.append(1) or conv2d(*arguments))
    convolution.correlate(torch.ones(n, 1, height, width), torch.ones(1, 1, 1, 1), None, Windows.of("test", 1, 1, 0))
    assert len(convolved) == (not matrix)
