"""Faces into groups: synthetic features whose groups are known, beside dlib's function."""

import numpy as np
import pytest
from numpy.typing import NDArray

from faces.groups import clustering
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


@pytest.mark.parametrize("spread", [0.3, 0.5])
def test_groups_are_those_of_dlib(spread: float) -> None:
    dlib = pytest.importorskip("dlib", reason="dlib is not installed: pip install dlib-bin")
    features, truth = people([30, 20, 10, 5, 1], spread)
    theirs = np.array(dlib.chinese_whispers_clustering([dlib.vector(face) for face in features], LIMIT))
    ours = group(features)
    assert np.mean(same(ours) == same(theirs)) > 0.99
    assert np.mean(same(ours) == same(truth)) >= np.mean(same(theirs) == same(truth))


def test_known_labels_stay_vote_and_are_not_given_anew() -> None:
    features, truth = people([10, 8, 6, 4], spread=0.3)
    labels = np.full(len(truth), FREE)
    labels[np.flatnonzero(truth == 0)[0]] = 7
    labels[np.flatnonzero(truth == 1)[:5]] = 3
    found = group(features, labels)
    assert [set(found[truth == person].tolist()) for person in range(4)] == [{7}, {3}, {8}, {9}]


@pytest.mark.parametrize("known", [1, 3])
def test_a_stray_face_of_a_known_group_does_not_name_another_person(known: int) -> None:
    features, truth = people([40, 40], spread=0.3)
    labels = np.where(truth == 0, 0, FREE)
    labels[np.flatnonzero(truth == 1)[:known]] = 0  # named with the group, by mistake
    found = group(features, labels)
    assert set(found[(truth == 1) & (labels == FREE)].tolist()) == {1}


def test_a_known_face_keeps_its_label_among_others_of_another() -> None:
    features, _ = people([10], spread=0.3)
    labels = np.array([5] + [2] * 9)
    assert group(features, labels).tolist() == labels.tolist()


def test_a_face_never_gets_a_label_that_is_forbidden_for_it() -> None:
    features, _ = people([12], spread=0.3)
    labels = np.array([0] * 8 + [FREE] * 4)
    assert group(features, labels).tolist() == [0] * 12
    assert group(features, labels, forbidden={9: [0], 11: [0, 3]}).tolist() in (
        [0] * 9 + [1, 0, 1],  # the two that are left are alike
        [0] * 9 + [1, 0, 2],
    )


def test_faces_of_one_photo_are_not_joined_however_alike() -> None:
    features, _ = people([2], spread=0.1)
    assert group(features).tolist() == [0, 0]
    assert group(features, photos=[4, 4]).tolist() == [0, 1]


def test_of_two_alike_faces_in_a_photo_the_one_with_less_in_common_leaves_the_group() -> None:
    features, _ = people([20], spread=0.3)
    features[1] += 0.02  # farther from all others
    assert group(features, photos=[0, 0, *range(1, 19)]).tolist() == [0, 1, *[0] * 18]


@pytest.mark.parametrize("known", [0, 1])
def test_the_known_one_of_two_alike_faces_in_a_photo_stays(known: int) -> None:
    features, _ = people([20], spread=0.3)
    labels = np.full(20, FREE)
    labels[known] = 0
    assert group(features, labels, photos=[0, 0, *range(1, 19)]).tolist() == [known, 1 - known, *[0] * 18]


def test_a_face_that_leaves_a_group_is_alone_whichever_label_the_group_has() -> None:
    features, _ = people([20], spread=0.3)
    for seed in range(60):  # a group has the label with which one of its faces began, in some of these that face leaves
        found = group(features, photos=[0, 0, *range(1, 19)], seed=seed)
        assert found[0] != found[1]
        assert np.bincount(found).tolist() == [19, 1]


def test_a_crowd_of_one_person_has_edges_in_proportion_to_its_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = people([400], spread=0.3)
    monkeypatch.setattr(clustering, "_NEIGHBOURS", 10)
    monkeypatch.setattr(clustering, "_BLOCK", 3000)  # several blocks of rows
    graph = clustering.edges(features, np.arange(400), LIMIT)
    assert len(graph.ends) <= 2 * 10 * 400
    assert group(features).tolist() == [0] * 400


def test_edges_are_those_of_all_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    features, _ = people([8] * 5, spread=0.5)
    monkeypatch.setattr(clustering, "_BLOCK", 300)
    graph = clustering.edges(features, np.arange(40) // 2, LIMIT)
    distances = np.linalg.norm(features[:, None] - features, axis=2)
    expected = (distances < LIMIT) & (np.arange(40)[:, None] // 2 != np.arange(40) // 2)
    found = np.zeros((40, 40), bool)
    found[np.repeat(np.arange(40), np.diff(graph.starts)), graph.ends] = True
    assert np.array_equal(found, expected)
