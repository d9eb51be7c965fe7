"""One stage of the network with its weights: convolution, ReLU, and if set normalisation and pooling.

The convolution is torch's own, or `fourier` for a large batch in float32 on a processor, where it takes half the time.
On a processor a few photos at a time go through a stage, so that their maps stay in the processor's cache.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from faces.backbones.alexnet.architecture import Stage
from faces.backbones.alexnet.fourier import FourierConvolution
from faces.backbones.alexnet.response import normalise_responses_
from faces.backbones.backbone import pieces

FOURIER_FROM = 24  # photos; for fewer, the direct convolution is faster
_AT_A_TIME = 16  # photos, in a direct convolution


class FrozenStage:
    """x (N, inputs, h, h) -> (N, outputs, h', h'), channels last in memory. Nothing here is trained."""

    def __init__(self, stage: Stage, weight: Tensor, bias: Tensor, *, ceil_pooling: bool) -> None:
        self._stage, self._ceil_pooling = stage, ceil_pooling
        self._weight = weight.contiguous(memory_format=torch.channels_last)
        self._bias = bias
        self._fouriers: list[FourierConvolution] = []  # one per group

    def prepare(self, side: int) -> None:
        """Compute the kernels' spectra for batches of maps of `side` x `side`, if the stage can use `fourier`."""
        if self._stage.keeps_side:
            self._fouriers = [FourierConvolution(w, side) for w in self._weight.chunk(self._stage.groups)]

    def __call__(self, x: Tensor) -> Tensor:
        """Return the stage's output."""
        if not x.is_cpu:
            return self._finished(self._directly(x))
        if not self._fouriers or len(x) < FOURIER_FROM:
            return torch.cat([self._finished(self._directly(piece)) for piece in pieces(x, _AT_A_TIME)])
        chunks = -(-len(x) // self._fouriers[0].at_a_time)
        return torch.cat([self._finished(self._by_fourier(piece)) for piece in x.chunk(chunks)])

    def _directly(self, x: Tensor) -> Tensor:
        stage = self._stage
        return F.conv2d(x, self._weight, self._bias, stage.stride, stage.padding, groups=stage.groups)

    def _by_fourier(self, x: Tensor) -> Tensor:
        shape = len(x), self._stage.outputs, *x.shape[2:]
        y = torch.empty(shape, memory_format=torch.channels_last)
        groups = (part.chunk(self._stage.groups, dim) for part, dim in ((x, 1), (self._bias, 0), (y, 1)))
        for convolution, x_g, bias_g, y_g in zip(self._fouriers, *groups, strict=True):
            torch.add(convolution(x_g), bias_g[:, None, None], out=y_g)
        return y

    def _finished(self, x: Tensor) -> Tensor:
        """Return the stage's output, from that of the convolution."""
        x = x.relu_()
        if self._stage.normalised:
            normalise_responses_(x)
        return F.max_pool2d(x, 3, 2, ceil_mode=self._ceil_pooling) if self._stage.pooled else x
