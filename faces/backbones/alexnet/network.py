"""The forward pass: crops in, conv5 features out. It is frozen: no gradients, and none of the layers of `nn`.

What makes it fast on a processor: batches, channels last in memory, inference mode, faster local response normalisation
and convolutions than torch's (`response`, `fourier`), and bfloat16 where the processor multiplies it faster.
Normalising a photo costs one subtraction: the order of the channels, the scale and the deviation are merged into
conv1's weights.
"""

import torch
from torch import Tensor

from faces.backbones.alexnet.architecture import SIZE
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.stage import FOURIER_FROM, FrozenStage
from faces.backbones.backbone import FrozenNetwork, in_pieces
from faces.backbones.precision import Precision


class Network(FrozenNetwork):
    """AlexNet up to conv5 and its pooling, for crops of one size. UsageError when conv5's maps are not 6 x 6 then.

    `precision` None: the one that the device computes faster. `batch_size` is the largest number of crops in a call:
    batches of FOURIER_FROM crops or more are convolved by `fourier`, which needs preparation.
    """

    def __init__(
        self,
        weights: Weights,
        *,
        size: int = SIZE,
        device: str = "cpu",
        precision: Precision | None = None,
        batch_size: int = 1,
    ) -> None:
        architecture = weights.architecture
        architecture.check_size(size)
        super().__init__("AlexNet", size, device, precision)
        mean, conv1 = _merged(weights)
        self._mean = mean.to(self.device)
        (_, bias1), *others = weights.convolutions
        self._stages = [
            FrozenStage(stage, weight.to(self.device), bias.to(self.device), ceil_pooling=architecture.ceil_pooling)
            for stage, (weight, bias) in zip(architecture.stages, [(conv1, bias1), *others], strict=True)
        ]
        if batch_size >= FOURIER_FROM and self.device.type == "cpu" and self.precision == "float32":
            for stage, side in zip(self._stages, architecture.sides(size), strict=False):
                stage.prepare(side)

    def _features(self, pixels: Tensor) -> Tensor:
        half = self.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            first, *others = self._stages
            x = in_pieces(lambda piece: first(self._centred(piece)), pixels)
            for stage in others:
                x = stage(x)
        return x.flatten(1)  # (N, 256 * 6 * 6)

    def _centred(self, pixels: Tensor) -> Tensor:
        return pixels.to(torch.float32, memory_format=torch.channels_last).sub_(self._mean[:, None, None])


def _merged(weights: Weights) -> tuple[Tensor, Tensor]:
    """Return the mean in RGB and in units of a pixel, (3,), and conv1's weights for pixels minus this mean.

    w (x s - m) / d = (w s / d) (x - m / s); the zero padding is the same on both sides.
    """
    how, weight = weights.preprocessing, weights.convolutions[0][0]
    factor = how.scale / torch.tensor(how.deviation, dtype=torch.float64)
    mean = torch.tensor(how.mean, dtype=torch.float64) / how.scale
    conv1 = weight * factor[:, None, None]
    if how.channels == "BGR":
        mean, conv1 = mean.flip(0), conv1.flip(1)
    return mean.float(), conv1.float()
