"""At a limit itself: what is as large as it says is still allowed."""

import pytest
import torch

from errors import LayerError, RunError
from nn import checkpoint
from nn.kernels import toeplitz


def test_the_largest_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    w = torch.ones(2, 1, 2, 2)
    size = (2 * 2 * 3) * (1 * 3 * 4) * 4  # outputs times inputs, of 4 bytes each
    monkeypatch.setattr(toeplitz, "LARGEST", size)
    assert toeplitz.toeplitz(w, 3, 4).nbytes == size
    monkeypatch.setattr(toeplitz, "LARGEST", size - 1)
    with pytest.raises(LayerError, match="make a matrix of"):
        toeplitz.toeplitz(w, 3, 4)


def test_the_newest_format(monkeypatch: pytest.MonkeyPatch) -> None:
    data = checkpoint.dump({"x": torch.ones(2)}, {})
    assert checkpoint.load(data)[0]["x"].tolist() == [1, 1]
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT - 1)
    with pytest.raises(RunError, match="update the program"):
        checkpoint.load(data)
