"""The convolution layer. How its three products are carried out is `convolution`'s business."""

from typing import Literal

import torch
from torch import Generator, Tensor

from errors import LayerError
from nn.checks import at_least, same_dtype
from nn.initialisers import Initialiser, he, zeros
from nn.kernels.convolution import adjoint, channels_last, correlate, weight_gradient
from nn.kernels.windows import Pair, Windows
from nn.layers.operation import Operation
from nn.parameter import Parameter


class Conv2d(Operation):
    """y = x correlated with w, + b, for x (N, channels, H, W), w (outputs, channels, kernel), b (outputs,).

    y is (N, outputs, H', W') with H' = floor((H + 2 padding - kernel) / stride) + 1. With dy = dL/dy:

        dw = x correlated with dy        db = sum of dy over batch and pixels        dx = the adjoint of w on dy

    `convolution` has the sums in full. `kernel`, `stride` and `padding` are one number, or (vertical, horizontal).
    With `padding="same"`, for stride 1, y is as large as x; an even kernel gets its odd pixel of border below and
    on the right. `bias=False`: no b, for a batch normalisation that follows would take it away again.
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
        self.channels, self.outputs = channels, outputs
        at_least(self, "channels", channels, 1)
        at_least(self, "outputs", outputs, 1)
        self._odd = (0, 0)  # rows and columns of border that "same" adds below and on the right alone
        if padding == "same":
            bare = Windows.of(self, kernel, stride, 0)
            if bare.stride != (1, 1):
                raise LayerError(f"{self}: padding 'same' needs stride 1, got {stride}; give the padding as a number")
            (kh, kw) = bare.kernel
            padding, self._odd = ((kh - 1) // 2, (kw - 1) // 2), ((kh - 1) % 2, (kw - 1) % 2)
        self.windows = Windows.of(self, kernel, stride, padding)
        shape = (outputs, channels, *self.windows.kernel)
        self.weight = Parameter(channels_last(initialiser(shape, generator, dtype, device)))
        self.bias = Parameter(bias_initialiser((outputs,), generator, dtype, device)) if bias else None

    def __repr__(self) -> str:
        return f"Conv2d({self.channels}, {self.outputs})"

    def own_parameters(self) -> dict[str, Parameter]:
        """Return `weight` and, where there is one, `bias`."""
        return {"weight": self.weight} | ({"bias": self.bias} if self.bias else {})

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        w, b = self.weight.value, self.bias.value if self.bias else None
        if x.ndim != 4 or x.shape[1] != self.channels:
            raise LayerError(f"{self}: x has the shape {tuple(x.shape)}, expected (N, {self.channels}, H, W)")
        same_dtype(self, x, w)
        if any(self._odd):
            x = torch.constant_pad_nd(x, (0, self._odd[1], 0, self._odd[0]))
        self.windows.output(self, *x.shape[2:])
        return correlate(x, w, b, self.windows), x

    def _backward(self, dy: Tensor, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        dx = adjoint(dy, self.weight.value, (height, width), self.windows)
        return dx[:, :, : height - self._odd[0], : width - self._odd[1]]

    def _gradients(self, dy: Tensor, x: Tensor) -> dict[str, Tensor]:
        dw = weight_gradient(dy, x, self.weight.value, self.windows)
        if self.bias is None:
            return {"weight": dw}
        db = dy.sum((0, 2, 3))
        return {"weight": dw, "bias": db}
