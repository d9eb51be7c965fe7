"""Faces into groups: synthetic features whose groups are known, beside dlib's function."""

import numpy as np
import pytest
from numpy.typing import NDArray

from faces.groups.clustering import FREE, group_faces

LIMIT = 0.55


def people(sizes: list[int], spread: float, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features (N, 128) of faces of so many people, in random order, and who each is; people lie about 0.9 apart."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(0, 0.9 / 16, (len(sizes), 128))
    truth = generator.permutation(np.repeat(np.arange(len(sizes)), sizes))
    noise = generator.normal(0, spread / 16, (len(truth), 128))
    return (centres[truth] + noise).astype(np.float32), truth


def group(
    features: NDArray[np.float32],
    labels: NDArray[np.int64] | None = None,
    photos: list[int] | None = None,
    forbidden: dict[int, list[int]] | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    n = len(features)
    return group_faces(
        features,
        list(range(n)) if photos is None else photos,
        np.full(n, FREE) if labels is None else labels,
        limit=LIMIT,
        forbidden=forbidden,
        generator=np.random.default_rng(seed),
    )


def same(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pairs have one label, (N, N)."""
    return np.asarray(labels[:, None] == labels)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_faces_of_each_person_are_a_group_the_largest_first(seed: int) -> None:
    features, truth = people([5, 40, 1, 12], spread=0.3, seed=seed)
    found = group(features, seed=seed)
    assert np.array_equal(same(found), same(truth))
    assert np.bincount(found).tolist() == [40, 12, 5, 1]


def test_the_same_seed_gives_the_same_groups() -> None:
    features, _ = people([30] * 8, spread=0.55)
    assert np.array_equal(group(features, seed=5), group(features, seed=5))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_faces_are_groups_of_their_own(n: int) -> None:
    features, _ = people([1] * n, spread=0.0)
    assert group(features).tolist() == list(range(n))
