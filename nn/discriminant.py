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
_RANK = 1e-5  # directions along which the samples spread less than this share of the widest are left out


def discriminant(x: Tensor, target: Tensor, classes: int, shrinkage: float = SHRINKAGE) -> tuple[Tensor, Tensor]:
    """Return W (r, d) and W m_c for each class (classes, r), of samples x (N, d) with classes `target` (N,).

    Each class has a sample. Computed in double precision, returned in the dtype of `x`.
    """
    wide = x.double()
    basis = _span(wide)  # (r, d), rows orthonormal
    y = wide @ basis.T  # (N, r)
    means = y.new_zeros(classes, y.shape[1]).index_add_(0, target, y)
    means /= target.bincount(minlength=classes)[:, None]
    apart = y - means[target]
    s = apart.T @ apart / len(y)  # (r, r)
    values, vectors = torch.linalg.eigh(s)
    shrunken = (1 - shrinkage) * values.clamp_min(0) + shrinkage * values.mean()
    w = (vectors / shrunken.clamp_min(_LEAST).sqrt()).T  # (r, r)
    return (w @ basis).to(x.dtype), (means @ w.T).to(x.dtype)


def _span(x: Tensor) -> Tensor:
    """Return an orthonormal basis of the directions that the rows of x (N, d) span, (r, d).

    By the smaller of x^T x and x x^T, which have the same eigenvalues but zeros.
    """
    n, d = x.shape
    values, vectors = torch.linalg.eigh(x.T @ x if d <= n else x @ x.T)
    wide = values > _RANK**2 * values.amax()
    basis: Tensor = vectors[:, wide].T
    return basis if d <= n else (basis @ x) / values[wide].sqrt()[:, None]
