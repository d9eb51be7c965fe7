"""The adjoint of a convolution, as a layer: from maps back to images (Zeiler et al., 2010, as deconvolution)."""

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.initialisers import Initialiser, he, zeros
from nn.kernels import Pair, Windows
from nn.kernels.convolution import adjoint, correlate, weight_gradient
from nn.kernels.windows import pair
from nn.layers.convolution import Convolution


class ConvTranspose2d(Convolution):
    """y = each x times its kernel, added where its window lies, + b; x (N, channels, H, W), b (outputs,).

    w (channels, outputs, kernel) is that of a Conv2d(outputs, channels) from y's side to x's, whose transposed matrix
    this is. y is (N, outputs, H', W') with H' = stride (H - 1) + kernel - 2 padding + output_padding: that convolution
    maps several sizes to the same H, and `output_padding`, below the stride, selects one. With dy = dL/dy:

        dw = dy correlated with x        db = sum of dy over batch and pixels        dx = dy correlated with w
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        kernel: int | Pair,
        *,
        generator: Generator,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        output_padding: int | Pair = 0,
        initialiser: Initialiser = he,
        bias_initialiser: Initialiser = zeros,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__(channels, outputs)
        self.windows = Windows.of(self, kernel, stride, padding)
        self.output_padding = more = pair(output_padding)
        if any(not 0 <= o < s for o, s in zip(more, self.windows.stride, strict=True)):
            raise LayerError(f"{self}: output_padding must be in [0, stride), got {more}, stride {self.windows.stride}")
        w = initialiser((outputs, channels, *self.windows.kernel), generator, dtype, device)  # so fan-in is counted
        self._start(w.transpose(0, 1), bias_initialiser((outputs,), generator, dtype, device))

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        self._check(x)
        assert self.bias is not None
        y = adjoint(x, self.weight.value, self._size(x), self.windows).add_(self.bias.value[:, None, None])
        return y, x

    def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
        return correlate(dy, self.weight.value, None, self.windows)

    def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor]:
        return self._with_db(weight_gradient(x, dy, self.weight.value, self.windows), dy)

    def _size(self, x: Tensor) -> Pair:
        """Return the height and width of y, at least 1."""
        (kh, kw), (sh, sw), (ph, pw) = self.windows
        height = sh * (x.shape[2] - 1) + kh - 2 * ph + self.output_padding[0]
        width = sw * (x.shape[3] - 1) + kw - 2 * pw + self.output_padding[1]
        if height < 1 or width < 1:
            raise LayerError(f"{self}: x of the shape {tuple(x.shape)} leaves no pixel of y after the padding")
        return height, width
