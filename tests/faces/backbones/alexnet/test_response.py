"""Local response normalisation against torch's own."""

import pytest
import torch
import torch.nn.functional as F

from faces.backbones.alexnet.response import normalise_responses_


@pytest.mark.parametrize(
    "shape", [(3, 96, 5, 7), (1, 256, 3, 3), (2, 5, 4, 4), (2, 1, 3, 2), (2, 3, 3, 2), (40, 96, 55, 3)]
)
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_it_is_torchs(shape: tuple[int, ...], memory: torch.memory_format) -> None:
    x = 200 * torch.randn(shape, generator=torch.Generator().manual_seed(0)).contiguous(memory_format=memory)
    expected = F.local_response_norm(x.double(), 5, alpha=1e-4, beta=0.75, k=1.0)
    y = normalise_responses_(x)
    assert y is x
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=1e-5)


def test_bfloat16_is_computed_in_float32() -> None:
    x = (200 * torch.randn(2, 96, 4, 4, generator=torch.Generator().manual_seed(0))).bfloat16()
    expected = F.local_response_norm(x.double(), 5, alpha=1e-4, beta=0.75, k=1.0)
    torch.testing.assert_close(normalise_responses_(x).double(), expected, rtol=2**-8, atol=1e-3)
