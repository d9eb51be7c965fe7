"""The convolution layer. Its three products are carried out by `nn.kernels.convolution`."""

from typing import Literal

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.initialisers import Initialiser, he, zeros
from nn.kernels import Pair, Windows
from nn.kernels.convolution import adjoint, correlate, weight_gradient
from nn.layers.convolution import Convolution


class Conv2d(Convolution):
    """y = x correlated with w, + b, for x (N, channels, H, W), w (outputs, channels, kernel), b (outputs,).

    y is (N, outputs, H', W') with H' = floor((H + 2 padding - kernel) / stride) + 1. With dy = dL/dy:

        dw = x correlated with dy        db = sum of dy over batch and pixels        dx = the adjoint of w on dy

    `nn.kernels.convolution` has the sums in full. `kernel`, `stride` and `padding` are one number, or (vertical,
    horizontal). With `padding="same"`, for stride 1, y is as large as x; an even kernel gets its odd pixel of border
    below and on the right. `bias=False`: no b, for use before a batch normalisation, which would subtract it again.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        kernel: int | Pair,
        *,
        generator: Generator,
        stride: int | Pair = 1,
        padding: int | Pair | Literal["same"] = 0,
        bias: bool = True,
        initialiser: Initialiser = he,
        bias_initialiser: Initialiser = zeros,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self._odd = (0, 0)  # rows and columns of border that "same" adds below and on the right alone
        super().__init__(channels, outputs)
        if padding == "same":
            bare = Windows.of(self, kernel, stride, 0)
            if bare.stride != (1, 1):
                raise LayerError(f"{self}: padding 'same' needs stride 1, got {stride}; give the padding as a number")
            (kh, kw) = bare.kernel
            padding, self._odd = ((kh - 1) // 2, (kw - 1) // 2), ((kh - 1) % 2, (kw - 1) % 2)
        self.windows = Windows.of(self, kernel, stride, padding)
        w = initialiser((outputs, channels, *self.windows.kernel), generator, dtype, device)
        self._start(w, bias_initialiser((outputs,), generator, dtype, device) if bias else None)

    def __repr__(self) -> str:
        shown = super().__repr__()
        return f"{shown.removesuffix(')').partition(', padding')[0]}, padding same)" if any(self._odd) else shown

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        self._check(x)
        if any(self._odd):
            x = torch.constant_pad_nd(x, (0, self._odd[1], 0, self._odd[0]))
        self.windows.output(self, *x.shape[2:])
        b = None if self.bias is None else self.bias.value
        return correlate(x, self.weight.value, b, self.windows), x

    def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        dx = adjoint(dy, self.weight.value, (height, width), self.windows)
        return dx[:, :, : height - self._odd[0], : width - self._odd[1]]

    def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor]:
        return self._with_db(weight_gradient(dy, x, self.weight.value, self.windows), dy)
