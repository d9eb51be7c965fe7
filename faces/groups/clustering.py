"""Features of faces -> groups of faces that look alike: chinese whispers.

The faces are the nodes of a graph; two whose features are at a distance d below `limit` are joined by an edge with the
weight 1 - d^2 / limit^2. Each face begins with a label of its own. Then, in a random order and again until nothing
changes, each takes the label with the largest sum of weights among its neighbours (Biemann, Chinese whispers: an
efficient graph clustering algorithm and its application to natural language processing problems, 2006). The number of
groups need not be known in advance.

Faces of one photo are different people: no edge joins them, and of those that end in one group through others only the
one with the largest sum stays.

Where some labels are known, all faces are first grouped as if none were. A group that has faces of a known label begins
with it, and the votes go on, with the known labels fixed: so a few known faces are joined by however many new ones,
which would otherwise outvote them.

Own code because neither dlib's function of this name, for which dlib has to be compiled, nor networkx's label
propagation keeps labels that are known, or has some that are forbidden.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from faces.settings import FACE_LIMIT

FREE = -1  # the label of a face whose group is to be found

_NEIGHBOURS = 64  # of a face: nearest ones that it chooses for edges
_ROUNDS = 100  # at most
_SHARE = 0.2  # of a cluster's faces, or of a label's: so many known faces make the cluster this label's
_BLOCK = 1 << 22  # distances in memory at a time

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
    generator: Generator,
) -> Labels:
    """Return the group of each of N faces, (N,), of features (N, numbers).

    A label of 0 or more is a group that is known: the face keeps it. `FREE` faces get one of these labels, unless it is
    `forbidden` for them (by the face's number), or a new one: new groups are numbered from the largest known label + 1,
    the largest first. `photos` has the photo of each face: faces of one are different people, and never joined.
    """
    numbers: dict[Hashable, int] = {}
    photo = np.array([numbers.setdefault(one, len(numbers)) for one in photos], np.int64)
    graph = edges(features, photo, limit)
    known, forbidden = labels != FREE, forbidden or {}
    own, begun, last = (labels.max(initial=FREE) + 1 + np.arange(3 * len(labels))).reshape(3, -1)  # of a face alone
    found = _whispered(graph, own, np.zeros_like(known), {}, generator)
    if known.any():
        begin = np.where(known, labels, _of_known(found, labels))
        banned = [face for face, others in forbidden.items() if not known[face] and begin[face] in others]
        begin[banned] = begun[banned]
        found = _whispered(graph, begin, known, forbidden, generator)
    found = np.where(_is_second(graph, found, photo, known), last, found)
    return _numbered(found, labels)


def edges(features: NDArray[np.float32], photo: NDArray[np.int64], limit: float) -> Graph:
    """Return the edges: each face with the nearest ones of other photos, at a distance below `limit`."""
    n = len(features)
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
    weights = (1 - squares[first].clip(0) / limit**2).astype(np.float32)
    a, b = np.divmod(pairs, max(n, 1))
    begin, end = np.concatenate((a, b)), np.concatenate((b, a))
    order = np.lexsort((end, begin))
    starts = np.concatenate(([0], np.bincount(begin, minlength=n).cumsum()))
    return Graph(starts, end[order].astype(np.int32), np.concatenate((weights, weights))[order])


def _of_known(clusters: Labels, labels: Labels) -> Labels:
    """Return the clusters of faces, those that are of a known label as this label: the commonest one of its faces.

    One stray face does not make a cluster its label's: a share of `_SHARE` of the cluster, or of the label's faces,
    is.
    """
    result, sizes, known = clusters.copy(), Counter(clusters.tolist()), labels != FREE
    counts = Counter(labels[known].tolist())
    both = Counter(zip(clusters[known].tolist(), labels[known].tolist(), strict=True))
    for (cluster, label), number in sorted(both.items(), key=lambda item: (item[1], item[0])):
        if number >= _SHARE * min(sizes[cluster], counts[label]):
            result[clusters == cluster] = label
    return result


def _whispered(
    graph: Graph,
    begin: Labels,
    fixed: NDArray[np.bool_],
    forbidden: Mapping[int, Collection[int]],
    generator: Generator,
) -> Labels:
    """Return the labels at the end, of labels at the beginning; those that are `fixed` stay."""
    found, changed = begin.copy(), ~fixed  # whether a neighbour has changed since the face has looked
    for _ in range(_ROUNDS):
        for face in generator.permutation(np.flatnonzero(changed)).tolist():
            changed[face] = False
            near = slice(graph.starts[face], graph.starts[face + 1])
            label = _heaviest(found[graph.ends[near]], graph.weights[near], found[face], forbidden.get(face, ()))
            if label != found[face]:
                found[face] = label
                changed[graph.ends[near]] = ~fixed[graph.ends[near]]
        if not changed.any():
            break
    return found


def _heaviest(labels: Labels, weights: NDArray[np.float32], own: int, forbidden: Collection[int]) -> int:
    """Return the label with the largest sum of weights; of equal ones the face's own, or the least; else its own."""
    sums: dict[int, float] = {}
    for label, weight in zip(labels.tolist(), weights.tolist(), strict=True):
        sums[label] = sums.get(label, 0.0) + weight
    allowed = [label for label in sums if label not in forbidden]
    return min(allowed, key=lambda label: (-sums[label], label != own, label), default=own)


def _is_second(graph: Graph, labels: Labels, photo: NDArray[np.int64], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each face whether another one of its photo has the same label, with a larger sum, or is known."""
    n = len(labels)
    begins = np.repeat(np.arange(n), np.diff(graph.starts))
    same = labels[begins] == labels[graph.ends]
    sums = np.bincount(begins[same], graph.weights[same], n)
    order = np.lexsort((-sums, ~known, labels, photo))
    second = np.zeros(n, bool)
    second[order[1:]] = (np.diff(labels[order]) == 0) & (np.diff(photo[order]) == 0)
    return second & ~known


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
