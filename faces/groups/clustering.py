"""Features of faces -> groups of faces that look alike: chinese whispers.

The faces are the nodes of a graph; two whose features are nearer than `limit` are joined by an edge, the heavier the
nearer they are. Each face begins with a label of its own. Then, in a random order and again until nothing changes, each
takes the label with the largest sum of edge weights among its neighbours (Biemann, Chinese whispers: an efficient graph
clustering algorithm and its application to natural language processing problems, 2006). The number of groups need not
be known.

dlib's function of this name takes neither faces whose group is known nor labels that are forbidden, and needs all edges
as Python objects.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.settings import FACE_LIMIT

FREE = -1  # the label of a face whose group is to be found

_NEIGHBOURS = 64  # of a face: nearest ones that it chooses for edges
_ROUNDS = 100  # at most
_BLOCK = 1 << 24  # distances in memory at a time

Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Graph:
    """The edges of N faces, each in both directions: those of face n are numbers `starts[n]` to `starts[n + 1]` - 1."""

    starts: NDArray[np.int64]  # (N + 1,)
    ends: NDArray[np.int32]  # (edges,): the face at the other end
    weights: NDArray[np.float32]  # (edges,)


def group_faces(
    features: NDArray[np.float32],
    photos: Sequence[Hashable],
    labels: Labels,
    *,
    limit: float = FACE_LIMIT,
    forbidden: Mapping[int, Collection[int]] | None = None,
    generator: np.random.Generator,
) -> Labels:
    """Return the group of each of N faces, (N,), of features (N, numbers).

    A label of 0 or more is a group that is known: the face keeps it. `FREE` faces get one of these labels, unless it is
    `forbidden` for them (by the face's number), or a new one: new groups are numbered from the largest known label + 1,
    the largest group first. `photos` has the photo of each face: faces of one are different people, and never joined.
    """
    graph = edges(features, photos, limit)
    found = _whispered(graph, labels, forbidden or {}, generator)
    return _numbered(found, labels)


def edges(features: NDArray[np.float32], photos: Sequence[Hashable], limit: float) -> Graph:
    """Return the edges: each face with the nearest ones of other photos, at a distance below `limit`."""
    n = len(features)
    numbers: dict[Hashable, int] = {}
    photo = np.array([numbers.setdefault(one, len(numbers)) for one in photos], np.int64)
    squares = np.square(features).sum(axis=1)
    rows = max(_BLOCK // max(n, 1), 1)
    pairs, nearness = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for first in range(0, n, rows):
        block = slice(first, first + rows)
        distances = squares[block, None] + squares - 2 * (features[block] @ features.T)
        distances[photo[block, None] == photo] = np.inf
        columns = np.argpartition(distances, min(_NEIGHBOURS, n - 1), axis=1)[:, :_NEIGHBOURS]
        near = np.take_along_axis(distances, columns, axis=1)
        row, place = np.nonzero(near < limit**2)
        a, b = row + first, columns[row, place]
        pairs.append(np.minimum(a, b) * n + np.maximum(a, b))
        nearness.append(near[row, place])
    return _graph(n, np.concatenate(pairs), np.concatenate(nearness), limit)


def _graph(n: int, pairs: NDArray[np.int64], squares: NDArray[np.float32], limit: float) -> Graph:
    """Return the graph of pairs of faces, each a * n + b, with squared distances; a pair may occur twice."""
    pairs, first = np.unique(pairs, return_index=True)
    weights = _weights(np.sqrt(squares[first].clip(0)), limit)
    a, b = np.divmod(pairs, max(n, 1))
    begin, end = np.concatenate((a, b)), np.concatenate((b, a))
    order = np.lexsort((end, begin))
    starts = np.concatenate(([0], np.bincount(begin, minlength=n).cumsum()))
    return Graph(starts, end[order].astype(np.int32), np.concatenate((weights, weights))[order])


def _weights(distances: NDArray[np.float32], limit: float) -> NDArray[np.float32]:
    return (1 - distances / limit).astype(np.float32)


def _whispered(
    graph: Graph, labels: Labels, forbidden: Mapping[int, Collection[int]], generator: np.random.Generator
) -> Labels:
    """Return labels; those of new groups are larger than the known ones."""
    n, known = len(labels), labels != FREE
    found = np.where(known, labels, labels.max(initial=FREE) + 1 + np.arange(n))
    changed = np.ones(n, bool)  # whether a neighbour has changed since the face has looked
    for _ in range(_ROUNDS):
        for face in generator.permutation(np.flatnonzero(changed & ~known)).tolist():
            changed[face] = False
            near = slice(graph.starts[face], graph.starts[face + 1])
            label = _heaviest(found[graph.ends[near]], graph.weights[near], found[face], forbidden.get(face, ()))
            if label != found[face]:
                found[face] = label
                changed[graph.ends[near]] = True
        if not changed[~known].any():
            break
    return found


def _heaviest(labels: Labels, weights: NDArray[np.float32], own: int, forbidden: Collection[int]) -> int:
    """Return the label with the largest sum of weights; of equal ones the face's own, or the least; else its own."""
    sums: dict[int, float] = {}
    for label, weight in zip(labels.tolist(), weights.tolist(), strict=True):
        sums[label] = sums.get(label, 0.0) + weight
    allowed = [label for label in sums if label not in forbidden]
    return min(allowed, key=lambda label: (-sums[label], label != own, label), default=own)


def _numbered(found: Labels, labels: Labels) -> Labels:
    """Return the labels with new groups numbered from the largest known label + 1: the largest, then the first."""
    first = labels.max(initial=FREE) + 1
    new = np.flatnonzero(found >= first)
    _, begins, inverse, sizes = np.unique(found[new], return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((begins, -sizes))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = first + np.arange(len(order))
    result = found.copy()
    result[new] = numbers[inverse]
    return result
