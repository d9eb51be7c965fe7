"""The forward pass: crops in, conv5 features out. It is frozen: no gradients, and none of the layers of `nn`.

What makes it fast on a processor: batches, channels last in memory, inference mode, faster local response normalisation
and convolutions than torch's (`response`, `fourier`), and bfloat16 where the processor multiplies it faster.
Normalising a photo costs one subtraction: the order of the channels, the scale and the deviation are merged into
conv1's weights.
"""

import torch
from torch import Tensor

from errors import LayerError
from faces.backbones.alexnet.architecture import SIZE
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.stage import FOURIER_FROM, FrozenStage
from faces.backbones.backbone import Crops
from faces.backbones.precision import Precision, choose_precision

_PIECE = 16  # photos that are converted to floats at a time, to save memory


class Network:
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
        self.size, self.device = size, torch.device(device)
        self.precision = precision or choose_precision(self.device.type)
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

    def __call__(self, crops: Crops) -> Tensor:
        """Crops (N, 3, size, size), uint8 RGB in 0..255 -> features (N, 9216), float32, on the network's device."""
        return self._features(self._pixels(crops))

    def both_ways(self, crops: Crops) -> Tensor:
        """Return the features of each crop and of its mirror image, left and right exchanged: (N, 2, 9216)."""
        pixels = self._pixels(crops)
        return torch.stack([self._features(pixels), self._features(pixels.flip(3))], 1)

    def _pixels(self, crops: Crops) -> Tensor:
        pixels = torch.as_tensor(crops)
        expected = (3, self.size, self.size)
        if pixels.dtype != torch.uint8 or pixels.shape[1:] != expected:
            got = f"{pixels.dtype} {tuple(pixels.shape)}"
            raise LayerError(f"AlexNet: crops are {got}, expected torch.uint8 (N, {', '.join(map(str, expected))})")
        return pixels.to(self.device, non_blocking=True)

    def _features(self, pixels: Tensor) -> Tensor:
        half = self.precision == "bfloat16"
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            first, *others = self._stages
            x = torch.cat([first(self._centred(piece)) for piece in torch.split(pixels, _PIECE)])
            for stage in others:
                x = stage(x)
        return x.float().flatten(1).clone()  # (N, 256 * 6 * 6), an ordinary tensor again

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
