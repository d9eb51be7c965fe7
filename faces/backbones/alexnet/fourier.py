"""A convolution of stride 1 by the Fourier transform: for AlexNet's layers a quarter of the multiplications.

A k x k kernel on h x h positions costs k^2 products per position and pair of channels. A circular convolution on n x n
positions costs one product per frequency instead. n = h + (k - 1) / 2 is enough: the part that wraps around falls on
the zero padding. Three further decisions make it fast on a processor:

- The transforms are so short that they are computed as matrix products with cosines and sines. So n may be any number,
  and the data stay in the order (row, column, photo, channel), in which each step below is one product without a copy.
- Photos are real, so only the frequencies up to n / 2 along a row are needed: f = n // 2 + 1 of them.
- A complex product takes three real ones (Gauss): with X = a + ib and W = c + id,
      p = (a + b) c,  q = a (d - c),  r = b (c + d)   give   X W = (p - r) + i (p + q).
  The sums before and after are part of the matrices of the column transforms.

The result differs from that of the direct convolution by rounding only. The spectra of the kernels take 37 to 54 times
the memory of the kernels, so this is faster for a batch, but not for a single photo: `stage` decides.
Source: Mathieu, Henaff, LeCun, "Fast training of convolutional networks through FFTs", 2014.
"""

import math

import torch
from torch import Tensor

# Bytes. Larger blocks of memory are requested from the system every time, which takes as long as the computation.
_BLOCK = 1 << 25


class FourierConvolution:
    """x (N, C, h, h) -> (N, O, h, h), float32, zero-padded to keep the side, without a bias."""

    def __init__(self, weight: Tensor, side: int) -> None:
        outputs, inputs, kernel, _ = weight.shape
        n = side + (kernel - 1) // 2
        self.side, self._circle, self._half = side, n, n // 2 + 1
        self.at_a_time = max(1, _BLOCK // (3 * n * self._half * max(inputs, outputs) * 4))  # photos
        self._to_rows, self._from_rows = _rows(side, n), _rows_back(side, n)
        self._to_columns, self._from_columns = _columns(side, n), _columns_back(side, n)
        self._spectra = _spectra(weight, n)

    def __call__(self, x: Tensor) -> Tensor:
        """Return the convolution, in memory as (h, h, N, O)."""
        h, n, f, photos = self.side, self._circle, self._half, len(x)
        rows = self._to_rows @ x.permute(2, 3, 0, 1).reshape(h, h, -1)  # (h, 2f, NC): real parts, then imaginary ones
        columns = self._to_columns @ rows.view(2 * h, -1)  # (3n, fNC): a + b, then a, then b
        products = torch.bmm(columns.view(3 * n * f, photos, -1), self._spectra)  # (3nf, N, O): p, then q, then r
        rows = self._from_columns @ products.view(3 * n, -1)  # (2h, fNO)
        y = self._from_rows @ rows.view(h, 2 * f, -1)  # (h, h, NO)
        return y.view(h, h, photos, -1).permute(2, 3, 0, 1)  # (N, O, h, h)


def _waves(frequencies: int, positions: Tensor, n: int) -> Tensor:
    """Return exp(2 pi i k j / n) for k < `frequencies` and the positions j: (frequencies, positions), complex128."""
    angles = 2 * math.pi / n * torch.arange(frequencies, dtype=torch.float64)[:, None] * positions
    return torch.polar(torch.ones_like(angles), angles)


def _rows(side: int, n: int) -> Tensor:
    """Return the matrix from a row to half its spectrum: (2f, h)."""
    w = _waves(n // 2 + 1, torch.arange(side), n).conj()
    return torch.cat([w.real, w.imag]).float()


def _rows_back(side: int, n: int) -> Tensor:
    """Return the matrix from half a spectrum to its row, (h, 2f). A frequency with a conjugate in the other half counts
    twice."""
    half = n // 2 + 1
    times = torch.tensor([1 if 2 * k % n == 0 else 2 for k in range(half)])
    w = _waves(half, torch.arange(side), n).T * times / n
    return torch.cat([w.real, -w.imag], 1).float()


def _columns(side: int, n: int) -> Tensor:
    """Return the matrix from a column of complex numbers, (h, 2), to a + b, a and b of its spectrum: (3n, 2h)."""
    w = _waves(n, torch.arange(side), n).conj()
    a = torch.stack([w.real, -w.imag], 2).flatten(1)
    b = torch.stack([w.imag, w.real], 2).flatten(1)
    return torch.cat([a + b, a, b]).float()


def _columns_back(side: int, n: int) -> Tensor:
    """Return the matrix from p, q and r of a column's spectrum to its complex numbers, (h, 2): (2h, 3n)."""
    w = _waves(n, torch.arange(side), n).T / n  # (h, n), to be multiplied with (p - r) + i (p + q)
    real = torch.cat([w.real - w.imag, -w.imag, -w.real], 1)
    imaginary = torch.cat([w.real + w.imag, w.real, -w.imag], 1)
    return torch.stack([real, imaginary], 1).flatten(0, 1).float()


def _spectra(weight: Tensor, n: int) -> Tensor:
    """Return c, d - c and c + d of the kernels' spectra, (3nf, C, O): conjugate, as a layer computes a correlation."""
    outputs, inputs, kernel, _ = weight.shape
    offsets = torch.arange(kernel) - (kernel - 1) // 2
    down, across = _waves(n, offsets, n), _waves(n // 2 + 1, offsets, n)
    w = torch.einsum("ya,xb->yxab", down, across).reshape(-1, kernel * kernel)  # (nf, kk)
    parts = torch.cat([w.real, w.imag - w.real, w.real + w.imag]).float()  # (3nf, kk)
    kernels = weight.permute(2, 3, 1, 0).reshape(kernel * kernel, -1)  # (kk, CO)
    return (parts @ kernels).view(-1, inputs, outputs)
