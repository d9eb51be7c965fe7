"""Local response normalisation, as in the original network: each number is divided by a norm of its neighbour channels.

    y_c = x_c / (1 + alpha / 5 * sum_{c' = c-2 .. c+2} x_c'^2) ^ (3/4),   alpha = 1e-4

(Krizhevsky and others, 2012, section 3.3, with the constants of the release for Caffe.) Written for channels last in
memory: the squares of each pixel's channels get two zeros at both ends, and the sum of a window of five is three
shifted additions. d^(-3/4) is computed as rsqrt(d) sqrt(rsqrt(d)), which is faster than a power.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from faces.backbones.backbone import pieces

WINDOW = 5
ALPHA = 1e-4
_REACH = WINDOW // 2
_PIECE = 1 << 19  # numbers at a time, 2 MB: they stay in the processor's cache between the steps


def normalise_responses_(x: Tensor) -> Tensor:
    """Normalise x (N, C, H, W) in place, computing in float32 whatever its dtype, and return it."""
    photos = max(1, _PIECE // x[0].numel()) if x.is_cpu else len(x)
    for piece in pieces(x, photos):
        piece.mul_(_factors(piece))
    return x


def _factors(x: Tensor) -> Tensor:
    """Return the factor of each number: (N, C, H, W)."""
    values = x.permute(0, 2, 3, 1).float()  # (N, H, W, C)
    squares = F.pad(values.square(), (_REACH, _REACH))
    two = squares[..., :-1] + squares[..., 1:]
    sums = (two[..., :-3] + two[..., 2:-1]).add_(squares[..., 4:])  # of five, (N, H, W, C)
    root = torch.add(sums.new_ones(()), sums, alpha=ALPHA / WINDOW).rsqrt_()
    return root.sqrt().mul_(root).permute(0, 3, 1, 2)
