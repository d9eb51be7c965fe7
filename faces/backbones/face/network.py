"""The forward pass: aligned crops in, 128 numbers out.

What makes it fast on a processor: batches, channels last in memory, the affine layers and the scale of the pixels
merged into the convolutions, and bfloat16 where the processor multiplies it faster.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from faces.backbones.backbone import FrozenNetwork, in_pieces
from faces.backbones.face.architecture import BLOCKS, MEAN, SCALE, SIZE, Block
from faces.backbones.face.weight_file import FaceWeights
from faces.backbones.precision import Precision

_Convolution = tuple[Tensor, Tensor]


class Network(FrozenNetwork):
    """The network, ready to compute on one device."""

    def __init__(self, weights: FaceWeights, *, device: str = "cpu", precision: Precision | None = None) -> None:
        super().__init__("face network", SIZE, device, precision)
        self._dtype = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        self._mean = torch.tensor(MEAN, device=self.device)[:, None, None]
        (weight, bias), *others = weights.convolutions
        self._first, *blocks = [self._prepared(*pair) for pair in ((weight * SCALE, bias), *others)]
        self._blocks = list(zip(BLOCKS, blocks[::2], blocks[1::2], strict=True))
        self._matrix = weights.matrix.to(self.device)

    def _prepared(self, weight: Tensor, bias: Tensor) -> _Convolution:
        weight = weight.to(self.device, self._dtype, memory_format=torch.channels_last)
        return weight, bias.to(self.device, self._dtype)

    def _features(self, pixels: Tensor) -> Tensor:
        return in_pieces(self._of_piece, pixels)

    def _of_piece(self, pixels: Tensor) -> Tensor:
        x = (pixels - self._mean).to(self._dtype, memory_format=torch.channels_last)
        x = F.max_pool2d(F.conv2d(x, *self._first, stride=2), 3, 2).relu_()  # (N, 32, 35, 35)
        for block, one, two in self._blocks:
            x = _residual(x, block, one, two)
        return x.mean((2, 3), dtype=torch.float32) @ self._matrix


def _residual(x: Tensor, block: Block, one: _Convolution, two: _Convolution) -> Tensor:
    """Return ReLU(two(ReLU(one(x))) + x); where sizes differ, the smaller one is filled up with zeros."""
    y = F.conv2d(x, *one, stride=2) if block.halves else F.conv2d(x, *one, padding=1)
    y = F.conv2d(y.relu_(), *two, padding=1)
    if not block.halves:
        return y.add_(x).relu_()
    x = F.avg_pool2d(x, 2, 2)
    side, channels = max(x.shape[2], y.shape[2]), max(x.shape[1], y.shape[1])
    return _filled(y, channels, side).add_(_filled(x, channels, side)).relu_()


def _filled(x: Tensor, channels: int, side: int) -> Tensor:
    """Return x with zeros below, to the right and in further channels."""
    return F.pad(x, (0, side - x.shape[3], 0, side - x.shape[2], 0, channels - x.shape[1]))
