"""Dropout of whole maps (Tompson et al., 2015)."""

from torch import Tensor

from nn.checks import images
from nn.layers.dropout import Dropout


class MapDropout(Dropout):
    """`Dropout` of whole maps, for images (N, C, H, W): y = x * mask, mask (N, C, 1, 1).

    Neighbouring pixels of a convolution's map are nearly equal, so dropping single pixels would hide nothing.
    """

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor | None]:
        images(self, x)
        if not training:
            return x, None
        mask, _ = super()._forward(x.new_ones(*x.shape[:2], 1, 1), training)  # dropout of ones gives the mask
        return x * mask, mask
