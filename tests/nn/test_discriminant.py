"""Discriminant analysis: scikit-learn's is the oracle."""

import numpy as np
import pytest
import torch
from torch import Tensor

from nn.discriminant import SHRINKAGE, discriminant


def samples(n: int, d: int, classes: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    target = torch.arange(n) % classes
    spread = torch.linspace(0.5, 2.0, d)
    places = torch.randn(classes, d, generator=generator)
    return (torch.randn(n, d, generator=generator) * spread + places[target]).double(), target


@pytest.mark.parametrize("shrinkage", [SHRINKAGE, 0.5])
def test_products_of_whitened_vectors_are_scikit_learns_coefficients(shrinkage: float) -> None:
    learn = pytest.importorskip("sklearn.discriminant_analysis")
    x, target = samples(90, 8)
    theirs = learn.LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=[1 / 3] * 3)
    # It standardises the features before it shrinks, and averages the classes' covariances: ours has neither.
    means = torch.stack([x[target == c].mean(0) for c in range(3)])
    apart = (x - means[target]).numpy()
    covariance = apart.T @ apart / len(x)
    covariance = (1 - shrinkage) * covariance + shrinkage * np.trace(covariance) / 8 * np.eye(8)
    coefficients = np.linalg.solve(covariance, means.numpy().T).T
    w, whitened = discriminant(x, target, 3, shrinkage)
    np.testing.assert_allclose((whitened @ w).numpy(), coefficients, atol=1e-9)
    theirs.fit(x.numpy() / apart.std(0), target.numpy())  # then its scaling changes nothing
    w, whitened = discriminant(x / torch.from_numpy(apart.std(0)), target, 3, shrinkage)
    np.testing.assert_allclose((whitened @ w).numpy(), theirs.coef_, atol=1e-6)


def test_more_dimensions_than_samples_are_taken_in_the_span_of_the_samples() -> None:
    x, target = samples(20, 50)
    w, whitened = discriminant(x, target, 3)
    assert w.shape == (20, 50)
    basis = torch.linalg.qr(x.T).Q  # the same span, another basis
    v, turned = discriminant(x @ basis, target, 3)
    assert torch.allclose(w.T @ w, basis @ v.T @ v @ basis.T, atol=1e-9)
    assert torch.allclose(whitened @ whitened.T, turned @ turned.T, atol=1e-9)


def test_within_the_classes_all_directions_have_the_same_spread_without_shrinkage() -> None:
    x, target = samples(300, 5)
    w, whitened = discriminant(x, target, 3, shrinkage=0.0)
    apart = x @ w.T - whitened[target]
    assert torch.allclose(apart.T @ apart / len(x), torch.eye(5).double(), atol=1e-9)


def test_a_direction_without_spread_is_left_out() -> None:
    x, target = samples(60, 4)
    flat = torch.cat([x, torch.zeros(60, 2).double(), x[:, :1]], 1)  # a sum of others too
    assert discriminant(flat, target, 3)[0].shape == (4, 7)


def test_one_sample_a_class_is_compared_by_its_direction_alone() -> None:
    x = torch.eye(3)
    w, whitened = discriminant(x, torch.arange(3), 3)
    z = torch.nn.functional.normalize(x @ w.T, dim=1) @ torch.nn.functional.normalize(whitened, dim=1).T
    assert z.dtype == torch.float32
    assert torch.allclose(z, torch.eye(3), atol=1e-5)
