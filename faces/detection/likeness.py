"""Which of several faces in a photo is the person's: the one that is like the faces in the person's other photos.

Faces are compared by their features, 128 numbers of the face network: the distance of two is Euclidean, and that of a
face from a person the mean of its distances to the nearest few of the person's faces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from data.photos.alignment import VERSION
from data.photos.images import open_photo
from faces.backbones.catalogue import load_backbone

Features = NDArray[np.float32]
"""Of a face, (numbers,)."""
Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How alike faces of one person are."""

    limit: float = 0.6  # the largest distance: that at which the face network's authors take two faces for one person's
    nearest: int = 5  # of a person's faces, from which the mean distance is taken


class FaceFeatures:
    """The features of faces. Several threads may use it. Raises UsageError and RunError as `load_backbone` does."""

    def __init__(self, *, device: str = "cpu") -> None:
        self._backbone = load_backbone("face")
        self._network = self._backbone.network(device=device, precision="float32")  # the same everywhere
        self.size, self.margin = self._backbone.size, self._backbone.margin  # of the pictures it takes

    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that decides which face is taken."""
        return {**self._backbone.identity(), "alignment": VERSION, "likeness": asdict(LIKENESS)}

    def aligned(self, crop: bytes) -> Image.Image:
        """Return the face of a crop's file as the network takes it. ValueError when it is no image."""
        return open_photo(crop, self.size, "RGB", margin=self.margin)

    def __call__(self, face: Image.Image) -> Features:
        """Return the features (numbers,) of an aligned face, RGB: the mean of it and its mirror image."""
        features: Features = self.of_several([face])[0]
        return features

    def of_several(self, faces: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Return the features of aligned faces, (N, numbers); they differ from those of each alone by rounding."""
        pixels = torch.from_numpy(np.stack([np.asarray(face) for face in faces])).permute(0, 3, 1, 2)
        both = self._network(torch.cat((pixels, pixels.flip(3)))).view(2, len(faces), -1)
        features: NDArray[np.float32] = both.mean(0).cpu().numpy()
        return features


LIKENESS = Likeness()


def fitting(faces: Mapping[Key, Sequence[Features]], reference: Sequence[Features]) -> dict[Key, int | None]:
    """Return for each photo which of its faces is the person's; None where none is like the person's other photos.

    `faces` has the faces of the photos with several; `reference` the person's face in other photos. Where there are
    none it is the face that recurs in most of `faces`, if one does.
    """
    reference = reference or _recurring(list(faces.values()))
    if not reference:
        return dict.fromkeys(faces)
    distances = {photo: _from_person(_distances(several, reference)) for photo, several in faces.items()}
    return {photo: int(d.argmin()) if d.min() <= LIKENESS.limit else None for photo, d in distances.items()}


def unlike(faces: Sequence[Features], others: Sequence[Features]) -> list[bool]:
    """Return for each of a person's faces whether it is not like the rest of them and `others`."""
    if not faces or len(faces) + len(others) < 2:
        return [False] * len(faces)
    distances = _distances(faces, [*faces, *others])
    without_itself = np.stack([np.delete(row, number) for number, row in enumerate(distances)])
    return [bool(distance > LIKENESS.limit) for distance in _from_person(without_itself)]


def _from_person(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each face is from a person, (N,), whose faces have these distances from it, (N, M)."""
    result: NDArray[np.float64] = np.sort(distances, axis=1)[:, : LIKENESS.nearest].mean(axis=1)
    return result


def _recurring(photos: Sequence[Sequence[Features]]) -> list[Features]:
    """Return the face that recurs in most photos, one of each; none where faces of two people recur equally often."""
    groups: list[set[tuple[int, int]]] = []  # for each face those that are like it, the nearest of each photo
    for faces in photos:
        nearest = [_distances(faces, others) for others in photos]  # of each photo, (faces, others)
        groups += [
            {(photo, int(d[face].argmin())) for photo, d in enumerate(nearest) if d[face].min() <= LIKENESS.limit}
            for face in range(len(faces))
        ]
    most = max(map(len, groups), default=0)
    best, *rivals = [group for group in groups if len(group) == most] or [set[tuple[int, int]]()]
    if most < 2 or any(best.isdisjoint(rival) for rival in rivals):
        return []
    return [photos[photo][face] for photo, face in sorted(best)]


def _distances(a: Sequence[Features], b: Sequence[Features]) -> NDArray[np.float64]:
    """Return the distances, (N, M), of N faces from M."""
    left, right = (torch.from_numpy(np.stack(faces)).double() for faces in (a, b))
    distances: NDArray[np.float64] = torch.cdist(left, right, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    return distances
