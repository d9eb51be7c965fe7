"""The two matrix products of a linear layer, and the layout in which they are fast. The one place that decides it.

Products of ordinary shape go to BLAS as they are. A tall and thin one does not: thousands of rows onto a
handful of outputs, as in softmax regression on all of MNIST (60,000 x 784 onto 10) or a convolution written
as a product. There a CPU's BLAS runs dy^T x on one core, and x w^T in its slowest kernel when the width is no
multiple of the vector's. Cut into blocks of rows, both become one batched product whose blocks are shared
among the cores, the forward one as w x^T, which has wide rows again: measured with MKL on 2 cores for the
shape above, 15 ms instead of 21 and 14 instead of 25.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

TALL = 2048  # rows from which the blocks pay for their extra copy
THIN = 16  # outputs from which plain BLAS has a good kernel
BLOCK = 256  # rows in a block: enough for a wide product, few enough for a core's cache


def affine(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """Return x w^T + b for x (N, inputs), w (outputs, inputs), b (outputs,): (N, outputs)."""
    if not _tall_and_thin(x, w.shape[0]):
        return torch.addmm(b, x, w.T)
    blocks, rest = _in_blocks(x)
    y = x.new_empty(x.shape[0], w.shape[0])
    y_blocks, y_rest = _in_blocks(y)
    yt_blocks = torch.baddbmm(b[:, None], w.expand(len(blocks), -1, -1), blocks.mT)  # (blocks, outputs, BLOCK)
    y_blocks.copy_(yt_blocks.mT)
    torch.addmm(b, rest, w.T, out=y_rest)
    return y


def weight_gradient(dy: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
    """Return dy^T x for dy (N, outputs), x (N, inputs): (outputs, inputs), in `out` if it is given."""
    if not _tall_and_thin(x, dy.shape[1]):
        return torch.mm(dy.T, x, out=out)
    dy_blocks, dy_rest = _in_blocks(dy)
    x_blocks, x_rest = _in_blocks(x)
    dw = torch.sum(torch.bmm(dy_blocks.mT, x_blocks), 0, out=out)  # (blocks, outputs, inputs) -> (outputs, inputs)
    return dw.addmm_(dy_rest.T, x_rest)


@dataclass(frozen=True, eq=False)
class RankOneGradient:
    """The weight gradient of a single sample, dy^T x, not multiplied out: dy (1, outputs), x (1, inputs).

    It is as large as the weight, and one step from it reads and writes memory four times. From its factors the step
    takes one pass (7,744 -> 128 units, one core: 90 us instead of 210).
    """

    dy: Tensor
    x: Tensor

    @property
    def shape(self) -> torch.Size:
        """(outputs, inputs)."""
        return torch.Size((self.dy.shape[1], self.x.shape[1]))

    def multiplied(self, out: Tensor | None = None) -> Tensor:
        """Return the gradient as a tensor, in `out` if it is given."""
        return torch.mul(self.dy.T, self.x, out=out)

    def subtract_from(self, w: Tensor, lr: float) -> None:
        """Do w -= lr * dy^T x."""
        w.addcmul_(self.dy.T, self.x, value=-lr)


def _tall_and_thin(x: Tensor, outputs: int) -> bool:
    return x.shape[0] >= TALL and outputs < THIN and x.is_cpu


def _in_blocks(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Split (N, width) into whole blocks (N // BLOCK, BLOCK, width) and the rows left over."""
    whole = len(rows) // BLOCK * BLOCK
    return rows[:whole].reshape(-1, BLOCK, rows.shape[1]), rows[whole:]
