"""How pixels become the network's inputs: differences of light are removed, then each pixel is standardised."""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

REACH = 3.0  # standard deviation of the Gaussian around a pixel, in pixels
FLOOR = 0.05  # grey levels in [0, 1]: a local contrast far below this is noise and stays small
LEAST = 1e-3  # smallest divisor: a photo or a pixel that never changes stays near 0


def local_contrast(images: Tensor) -> Tensor:
    """Images (N, C, H, W) in [0, 1] -> (x - m) / (s + FLOOR), m and s the mean and deviation around each pixel.

    They are weighted by a Gaussian with the deviation REACH, so that most of a shadow on half of a face is removed and
    the details stay: the subtractive and divisive normalisation of Jarrett et al., What is the Best Multi-Stage
    Architecture for Object Recognition?, 2009.
    """
    down, across = (_gaussian(side, images) for side in images.shape[2:])  # (H, H), (W, W)
    m = down @ images @ across.T
    variance = down @ images.square() @ across.T - m.square()
    return (images - m) / (variance.clamp_min(0).sqrt() + FLOOR)


def standardised(images: Tensor) -> Tensor:
    """Images (N, C, H, W) -> (N, C * H * W), every photo with mean 0 and deviation 1."""
    x = images.flatten(1)
    x = x - x.mean(1, keepdim=True)
    length: Tensor = x.norm(dim=1, keepdim=True)  # a training takes a fifth less than with `std`
    deviation = length / sqrt(max(x.shape[1] - 1, 1))
    return x / deviation.clamp_min(LEAST)


@dataclass(frozen=True)
class Normaliser:
    """x -> (standardised(x) - mean) / deviation, pixel by pixel; both (C * H * W,), measured on the training photos."""

    mean: Tensor
    deviation: Tensor

    @staticmethod
    def fit(images: Tensor) -> "Normaliser":
        """Measure mean and deviation on the training images (N, C, H, W), N >= 2."""
        x = standardised(images)
        return Normaliser(x.mean(0), x.std(0).clamp_min(LEAST))

    def __call__(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) -> inputs (N, C * H * W)."""
        return (standardised(images) - self.mean) / self.deviation


def _gaussian(side: int, like: Tensor) -> Tensor:
    """Return the matrix (side, side) that smooths a column of pixels; its rows sum to 1."""
    place = torch.arange(side, dtype=like.dtype, device=like.device)
    weights = torch.exp(-(place[:, None] - place[None, :]).square() / (2 * REACH**2))
    return weights / weights.sum(1, keepdim=True)
