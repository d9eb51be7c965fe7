"""Faces in whole photos, found by OpenCV's cascade. OpenCV is the optional extra `.[detect]`.

OpenCV is imported when a detector is made. The cascade (P. Viola and M. Jones, Rapid object detection using a boosted
cascade of simple features, CVPR 2001) is part of OpenCV's package. `benchmarks/detect.py` measures how many faces are
found.
"""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from data.program import install
from data.rows import Box
from errors import UsageError


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """How a cascade finds faces.

    The cascade's squares are not scaled or shifted: fitted to the boxes of a FaceScrub list, scale is 1.00, shift 0.00.
    """

    cascade: str = "haarcascade_frontalface_alt2.xml"
    side: int = 480  # a photo is made smaller until its longer side has at most so many pixels
    scale_factor: float = 1.1  # ratio of one size of faces that is tried to the one before
    neighbours: int = 6  # how many overlapping squares make a face
    smallest: int = 24  # side of the smallest face, in pixels of the smaller photo


class FaceDetector:
    """Finds upright faces seen from the front. Several threads may use one detector at the same time.

    Raises UsageError when OpenCV is not installed, or has no cascades.
    """

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self._cv2 = _opencv()
        self._cv2.setNumThreads(1)  # several photos are searched at once already; one thread keeps the order fixed
        self._own = threading.local()  # a cascade has buffers, so each thread needs one of its own

    def find(self, image: Image.Image) -> list[Box]:
        """Return the boxes of the faces in an upright photo, of any mode that can become grey, the largest first."""
        settings = self.settings
        scale = max(1.0, max(image.size) / settings.side)
        small = (max(round(image.width / scale), 1), max(round(image.height / scale), 1))
        gray = image.convert("L").resize(small, Image.Resampling.BOX, reducing_gap=1.0)
        squares = self._cascade().detectMultiScale(
            np.asarray(gray),
            scaleFactor=settings.scale_factor,
            minNeighbors=settings.neighbours,
            minSize=(settings.smallest, settings.smallest),
        )
        edges = np.round(scale * np.array([(x, y, x + side, y + side) for x, y, side, _ in squares])).astype(int)
        inside = [Box(*map(int, box)).within(*image.size) for box in edges]
        return sorted((box for box in inside if box is not None), key=_by_size)

    def _cascade(self) -> Any:
        if not hasattr(self._own, "cascade"):
            self._own.cascade = self._cv2.CascadeClassifier(self._cv2.data.haarcascades + self.settings.cascade)
        return self._own.cascade


def _by_size(box: Box) -> tuple[int, Box]:
    """Return a sort key: the largest first, of equal ones the leftmost."""
    return -(box.x2 - box.x1) * (box.y2 - box.y1), box


def _opencv() -> Any:
    try:
        import cv2
    except ImportError as error:
        raise UsageError(f"finding faces needs OpenCV, which is not installed: {install('detect')}") from error
    if not hasattr(cv2, "CascadeClassifier") or not hasattr(cv2, "data"):
        raise UsageError(f"this OpenCV ({cv2.__version__}) lacks the cascades that find faces: {install('detect')}")
    return cv2
