"""Batch normalisation (Ioffe & Szegedy, 2015)."""

import torch
from torch import Tensor, ops

from errors import LayerError
from nn.buffer import Buffer
from nn.checks import at_least, fraction, same_type
from nn.layers.operation import Operation
from nn.parameter import Parameter

Kept = tuple[Tensor, Tensor, Tensor]


class BatchNorm(Operation):
    """y = weight * xhat + bias, xhat = (x - mean) / sqrt(var + eps), for x (N, features) or (N, features, H, W).

    In training `mean` and `var` are those of the batch, per feature, over its m numbers: N, or N * H * W. The running
    ones are updated by running += momentum * (batch - running), with the variance times m / (m - 1), which estimates
    that of the data. Evaluation uses the running ones.

    Backward (section 3 of the paper): with s = 1 / sqrt(var + eps), and sums over a feature's m numbers,

        dbias = sum of dy        dweight = sum of dy xhat
        dx = weight s (dy - dbias / m - xhat dweight / m)

    where the sums are there because mean and var depend on x. Torch's primitives compute this with the fewest passes
    over memory; written with tensor operations it takes up to twice as long. The tests compare the two.
    """

    def __init__(
        self,
        features: int,
        *,
        momentum: float = 0.1,
        eps: float = 1e-5,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.features, self.momentum, self.eps = features, momentum, eps
        at_least(self, "features", features, 1)
        fraction(self, "momentum", momentum)
        at_least(self, "eps", eps, 0)
        self.weight = Parameter(torch.ones(features, dtype=dtype, device=device))
        self.bias = Parameter(torch.zeros(features, dtype=dtype, device=device))
        self.running_mean = Buffer(torch.zeros(features, dtype=dtype, device=device))
        self.running_var = Buffer(torch.ones(features, dtype=dtype, device=device))

    def backward_parameters(self, dy: Tensor) -> None:
        """Add the gradients of the parameters."""
        _, kept = self._recall(dy)
        self._derivatives(dy.detach(), kept, with_dx=False)

    def _forward(self, x: Tensor, training: bool) -> tuple[Tensor, Kept]:
        w, b, running_mean, running_var = (
            own.value for own in (self.weight, self.bias, self.running_mean, self.running_var)
        )
        self._check(x, training)
        if not training:  # torch's other name of the same primitive, which its exporters know
            y = torch.batch_norm(x, w, b, running_mean, running_var, False, self.momentum, self.eps, False)
            return y, (x, running_mean, running_var)
        # this updates the running ones too
        y, mean, s = torch.native_batch_norm(x, w, b, running_mean, running_var, True, self.momentum, self.eps)
        return y, (x, mean, s)

    def _backward(self, dy: Tensor, kept: Kept) -> Tensor:
        return self._derivatives(dy, kept, with_dx=True)

    def _derivatives(self, dy: Tensor, kept: Kept, with_dx: bool) -> Tensor:
        """Add dweight and dbias; return dx if `with_dx`. All need the same two sums."""
        x, mean, s = kept
        if dy.stride() != x.stride():
            dy = torch.empty_like(x).copy_(dy)  # in x's layout: the copy costs a third of what it saves
        derivatives: tuple[Tensor, Tensor, Tensor] = ops.aten.native_batch_norm_backward(
            dy, x, self.weight.value, None, None, mean, s, True, self.eps, [with_dx, True, True]
        )
        dx, dw, db = derivatives
        self.weight.accumulate(dw)
        self.bias.accumulate(db)
        return dx

    def _check(self, x: Tensor, training: bool) -> None:
        if x.ndim not in (2, 4) or x.shape[1] != self.features:
            raise LayerError(
                f"{self}: x has the shape {tuple(x.shape)}, expected (N, {self.features}) or (N, {self.features}, H, W)"
            )
        same_type(self, "x", x, "the weights", self.weight.value)
        if training and x.numel() == self.features:
            raise LayerError(
                f"{self}: x of the shape {tuple(x.shape)} has one number a feature, which has no variance; "
                "train with batches of two or more"
            )
