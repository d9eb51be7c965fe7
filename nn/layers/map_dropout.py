"""Dropout of whole maps (Tompson et al., 2015)."""

from torch import Tensor

from errors import LayerError
from nn.layers.dropout import Dropout


class MapDropout(Dropout):
    """`Dropout` with one decision a map, for images (N, C, H, W): y = x * mask, mask (N, C, 1, 1).

    The neighbours of a pixel tell what it was, so that dropping single pixels of a convolution's maps hides nothing.
    """

    def __repr__(self) -> str:
        return f"MapDropout({self.p})"

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor | None]:
        if x.ndim != 4:
            raise LayerError(f"{self}: x has the shape {tuple(x.shape)}, expected (N, C, H, W)")
        if not training:
            return x, None
        mask, _ = super()._forward(x.new_ones(*x.shape[:2], 1, 1), training)  # ones dropped are the mask
        return x * mask, mask
