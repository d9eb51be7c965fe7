"""Linear discriminant analysis with a shrunken covariance: what separates classes, from means and one covariance.

With m_c the mean of class c and S the covariance within the classes, the mean of (x - m_c) (x - m_c)^T over all x,

    S' = (1 - s) S + s (tr S / r) I        W = S'^(-1/2)

in the r dimensions that the samples span: where they do not vary nothing is known, so it is left out. z = W x has about
the same spread in all directions within a class, and classes are compared by the cosine of z with W m_c.

Sources: Fisher, The use of multiple measurements in taxonomic problems, 1936; Friedman, Regularized discriminant
analysis, 1989 (s); the shrinkage as scikit-learn's LinearDiscriminantAnalysis has it.
"""

import torch
from torch import Tensor

SHRINKAGE = 0.1  # s
_LEAST = 1e-12  # of a variance: that of classes with one sample each is 0
_COLUMNS = 512  # multiplied at a time
_RANK = 1e-5  # directions along which the samples spread less than this share of the widest are left out


def discriminant(x: Tensor, target: Tensor, classes: int, shrinkage: float = SHRINKAGE) -> tuple[Tensor, Tensor]:
    """Return W (r, d) and W m_c for each class (classes, r), of samples x (N, d) with classes `target` (N,).

    Each class has a sample. Computed in double precision, returned in the dtype of `x`.
    """
    coordinates, basis = _coordinates(x)  # (N, r), and (r, d) or (r, N)
    means = coordinates.new_zeros(classes, coordinates.shape[1]).index_add_(0, target, coordinates)
    means /= target.bincount(minlength=classes)[:, None]
    apart = coordinates - means[target]
    s = apart.T @ apart / len(x)  # (r, r)
    values, vectors = torch.linalg.eigh(s)
    shrunken = (1 - shrinkage) * values.clamp_min(0) + shrinkage * values.mean()
    w = (vectors / shrunken.clamp_min(_LEAST).sqrt()).T  # (r, r)
    whitening = (w @ basis).to(x.dtype)
    return (whitening if x.shape[1] <= len(x) else whitening @ x), (means @ w.T).to(x.dtype)


def _coordinates(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return coordinates of the rows of x (N, d) in an orthonormal basis of the directions that they span, (N, r), and
    that basis: (r, d), or where there are fewer rows than dimensions (r, N), to be multiplied by x.

    By the smaller of x^T x and x x^T, which have the same eigenvalues but zeros: with x x^T = u v u^T the basis is
    v^(-1/2) u^T x, and the coordinates are u v^(1/2).
    """
    n, d = x.shape
    product = x.double().T @ x.double() if d <= n else _outer(x)
    values, vectors = torch.linalg.eigh(product)
    wide = values > _RANK**2 * values.amax()
    values, vectors = values[wide], vectors[:, wide]
    if d <= n:
        return x.double() @ vectors, vectors.T
    return vectors * values.sqrt(), (vectors / values.sqrt()).T


def _outer(x: Tensor) -> Tensor:
    """Return x x^T in double precision, (N, N), a few columns of x at a time: x itself is never held twice."""
    product = x.new_zeros(len(x), len(x), dtype=torch.float64)
    for columns in torch.split(x, _COLUMNS, dim=1):
        wide = columns.double()
        product.addmm_(wide, wide.T)
    return product
