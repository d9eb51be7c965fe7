"""Faces in photos: where each one is, and its eyes, nose and corners of the mouth. The network is CenterFace."""

from dataclasses import asdict, dataclass
from math import atan2, ceil, pi
from threading import Semaphore
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.photos.alignment import framed, is_sensible
from data.photos.decoding import flat
from data.photos.landmarks import Landmarks
from data.rows import Box
from errors import UsageError
from faces.detection.centerface import Candidates, CenterFace
from faces.detection.centerface_file import SHA256
from faces.settings import MIN_FACE

VERSION = 2  # to be raised when the same photo and settings come to give other faces

_AROUND, _AROUND_CROP = 0.3, 0.1  # of a known face's sides, seen on each side of it; of a crop: its edge, repeated
_KNOWN_SIDE = 80  # pixels that the longer side of a known face is scaled to: the network sees 128, 96 of a crop
_KNOWN_THRESHOLD = 0.2  # probability, lower than elsewhere: there is a face
_LEAST_OVERLAP = 0.2  # IoU of a known face's box and the one found for it
_UNSURE = 0.1  # by such a share a face's side may be found too small
_LYING = 0.8  # of the probabilities in a picture as it is: so much is enough where it is turned upright
_TURNS = (1, 3, 2)  # quarter turns of a photo, counter-clockwise
_TRANSPOSED = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """How faces are found. UsageError for a value that is not allowed."""

    side: int = 1280  # a photo is made smaller until its longer side has at most so many pixels
    threshold: float = 0.5  # the least probability of a face
    overlap: float = 0.3  # IoU: of two boxes that overlap more, the more probable one is a face
    min_face: int = MIN_FACE  # pixels of the photo: a face whose longer side has fewer is not used

    def __post_init__(self) -> None:
        for name in ("side", "min_face"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("threshold", "overlap"):
            if not 0 < getattr(self, name) < 1:
                raise UsageError(f"{name} must be between 0 and 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in a photo: its box, a square within the photo, and its points, in pixels of the photo; its probability.

    The points are those of the upright face: the left eye of a face on its head is the right one in the photo.
    """

    box: Box
    landmarks: Landmarks
    score: float


class Search(NamedTuple):
    """What was found in a photo: the faces, the largest first, and how many others were smaller than `min_face`."""

    faces: list[FoundFace]
    too_small: int


class FaceDetector:
    """Finds faces and their points. Several threads may use one detector at the same time; whole photos are searched
    `at_once`, each with the torch threads of its thread.

    Raises UsageError when the extra `.[face]` is not installed, RunError when its file is another one than is known.
    """

    def __init__(self, settings: DetectorSettings | None = None, *, device: str = "cpu", at_once: int = 1) -> None:
        self.settings = settings or DetectorSettings()
        self._network = CenterFace(device=device)
        self._large = Semaphore(at_once)

    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that decides what is found."""
        return {
            "network": "CenterFace",
            "weights": SHA256,
            "version": VERSION,
            "precision": self._network.precision,
            "settings": asdict(self.settings),
        }

    def find(self, picture: Image.Image) -> list[FoundFace]:
        """Return the faces in an upright photo of any mode, the largest first; as `search`."""
        return self.search(picture).faces

    def search(self, picture: Image.Image) -> Search:
        """Return the faces in a photo of any mode, also where it lies on its side or on its head."""
        scale = min(1.0, self.settings.side / max(picture.size))
        size = (max(round(scale * picture.width), 1), max(round(scale * picture.height), 1))
        small = _resized(picture, size, (0, 0, *picture.size))
        with self._large:
            found = self._upright(small, self.settings.threshold)
        sides = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1) / scale
        large = np.flatnonzero(sides >= (1 - _UNSURE) * self.settings.min_face)
        boxes = (_squares(found.boxes) / scale).round()
        faces = [
            FoundFace(inside, _landmarks(found.points[n] / scale), float(found.scores[n]))
            for n in large
            if (inside := Box(*map(int, boxes[n])).within(*picture.size)) is not None
        ]
        return Search(sorted(faces, key=_by_size), len(sides) - len(large))

    def landmarks(self, picture: Image.Image, box: Box | None = None) -> Landmarks | None:
        """Return the points, in pixels of the picture, of the face in this box; None: the picture is a crop of a face.

        None where no face is found there, or not with points that a face can have.
        """
        whole = Box(0, 0, *picture.size)
        wanted = (box or whole).within(*picture.size)
        if wanted is None:
            return None
        around = _AROUND_CROP if wanted == whole else _AROUND
        width, height = wanted.x2 - wanted.x1, wanted.y2 - wanted.y1
        x, y = wanted.x1 - around * width, wanted.y1 - around * height  # where the frame around the face begins
        pitch = max(width, height) / _KNOWN_SIDE  # pixels of the picture, each way, for one of the frame
        columns, rows = (round((1 + 2 * around) * side / pitch) for side in (width, height))
        left, right = max(ceil(-x / pitch), 0), min(int((picture.width - x) / pitch), columns)
        top, bottom = max(ceil(-y / pitch), 0), min(int((picture.height - y) / pitch), rows)
        if left >= right or top >= bottom:
            return None
        ends = min(x + right * pitch, picture.width), min(y + bottom * pitch, picture.height)
        small = _resized(picture, (right - left, bottom - top), (x + left * pitch, y + top * pitch, *ends))
        frame = framed(small, -left, -top, columns - left, rows - top)
        found = self._upright(frame, _KNOWN_THRESHOLD)
        overlaps = _overlaps((np.array([wanted]) - (x, y, x, y)) / pitch, found.boxes)[0]
        if overlaps.max(initial=0) < _LEAST_OVERLAP:
            return None
        landmarks = _landmarks(pitch * found.points[overlaps.argmax()] + (x, y))
        return landmarks if is_sensible(landmarks) else None

    def _upright(self, picture: Image.Image, threshold: float) -> Candidates:
        """Return the faces in the picture, in pixels of it as it is; of several ways to hold it, by that with most.

        It is turned as its most probable face lies, or every way where there is none with points of a face. A face that
        lies is often as probable as it is upright, but its points are less exact: as it is, the picture needs more.
        """
        found = self._turned(picture, 0, threshold)
        turns = [turn for turn in _turns_of(found) if turn]
        ways = [self._turned(picture, turn, threshold) for turn in turns]
        best = max(ways, key=_total, default=found)
        return best if _total(best) >= _LYING * _total(found) else found

    def _turned(self, picture: Image.Image, turn: int, threshold: float) -> Candidates:
        turned = picture.transpose(_TRANSPOSED[turn]) if turn else picture
        found = _distinct(self._network(np.array(turned), threshold), self.settings.overlap)
        return _back(found, turn, *turned.size)


def _total(found: Candidates) -> float:
    return float(found.scores.sum())


def _resized(picture: Image.Image, size: tuple[int, int], part: tuple[float, float, float, float]) -> Image.Image:
    """Return a part of the picture in another size, RGB."""
    return flat(picture).resize(size, Image.Resampling.BILINEAR, part, reducing_gap=2.0).convert("RGB")


def _distinct(found: Candidates, most: float) -> Candidates:
    """Return one candidate a face: of any two whose boxes overlap more than `most`, the more probable one."""
    left = np.argsort(-found.scores, kind="stable")
    kept: list[int] = []
    while len(left):
        best, others = left[0], left[1:]
        kept.append(best)
        left = others[_overlaps(found.boxes[[best]], found.boxes[others])[0] <= most]
    return Candidates(found.scores[kept], found.boxes[kept], found.points[kept])


def _squares(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return squares of the same centres and areas, (N, 4): the boxes of a FaceScrub list are squares of this size."""
    centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    half = np.sqrt(sides.prod(axis=1, keepdims=True)) / 2
    return np.concatenate((centres - half, centres + half), axis=1)


def _overlaps(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """Return the intersection over union, in [0, 1], of each box of `a`, (N, 4), and each of `b`, (M, 4): (N, M)."""
    shared = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    both = shared.clip(0).prod(axis=-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (a, b)]
    result: NDArray[np.float64] = both / (areas[0][:, None] + areas[1][None] - both)
    return result


def _turns_of(found: Candidates) -> tuple[int, ...]:
    """Return the quarter turns, counter-clockwise, by which the most probable face comes to stand about upright."""
    if not len(found.scores):
        return _TURNS
    points = found.points[found.scores.argmax()]
    x, y = points[3:].mean(axis=0) - points[:2].mean(axis=0)  # from the eyes to the mouth
    return (round(atan2(y, x) / (pi / 2) - 1) % 4,) if is_sensible(_landmarks(points)) else _TURNS


def _back(found: Candidates, turn: int, width: int, height: int) -> Candidates:
    """Return what was found in a picture of this size as it lies when so many quarter turns are undone, clockwise."""
    corners = found.boxes.reshape(-1, 2, 2)
    points = found.points
    for _ in range(turn):
        corners, points = (np.stack((height - xy[..., 1], xy[..., 0]), axis=-1) for xy in (corners, points))
        width, height = height, width
    boxes = np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1)
    return Candidates(found.scores, boxes, points)


def _landmarks(points: NDArray[Any]) -> Landmarks:
    return Landmarks(*((float(x), float(y)) for x, y in points))


def _by_size(face: FoundFace) -> tuple[int, Box]:
    """Return a sort key: the largest first, of equal ones the leftmost."""
    return -(face.box.x2 - face.box.x1) * (face.box.y2 - face.box.y1), face.box
