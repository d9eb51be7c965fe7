"""Where a network is computed, and that convolutions there are exact."""

import pytest
import torch

from errors import UsageError
from nn.device import choose_device, exact_convolutions
from nn.parallel import Ranks


class Agreeing(Ranks):
    """Rank 1 of 2, of which the other has the GPU or not."""

    def __init__(self, other_has: bool) -> None:
        super().__init__(1, 2)
        self.other_has = other_has

    def use_gpus(self, wanted: bool) -> bool:
        return wanted and self.other_has


@pytest.mark.parametrize(
    ("wanted", "available", "chosen"),
    [
        ("auto", True, "cuda"),
        ("auto", False, "cpu"),
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_auto_is_cuda_where_there_is_one(
    wanted: str, available: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert choose_device(wanted) == chosen


@pytest.mark.parametrize(("other_has", "chosen"), [(True, "cuda"), (False, "cpu")])
def test_several_processes_compute_on_gpus_if_each_has_one(
    other_has: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto", Agreeing(other_has)) == chosen


def test_a_gpu_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=r"^--device cuda: this torch finds no CUDA device; use --device cpu or auto$"):
        choose_device("cuda")
    with pytest.raises(UsageError, match="no CUDA device for process 1 of 2; use"):
        choose_device("cuda", Agreeing(True))


def test_convolutions_are_exact_in_the_block_alone() -> None:
    def settings() -> tuple[bool, ...]:
        cudnn = torch.backends.cudnn
        return cudnn.enabled, cudnn.deterministic, cudnn.allow_tf32

    before = settings()
    with exact_convolutions():
        assert settings() == (True, True, False)
    assert settings() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_float32_convolution_on_cuda_is_the_processor_s_to_its_last_digits() -> None:
    generator = torch.Generator().manual_seed(0)
    x, w = torch.rand(8, 64, 16, 16, generator=generator), torch.rand(64, 64, 3, 3, generator=generator)
    with exact_convolutions():
        there = torch.conv2d(x.cuda(), w.cuda()).cpu()
    torch.testing.assert_close(there, torch.conv2d(x, w), rtol=1e-5, atol=0)
