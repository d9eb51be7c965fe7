"""Faces for tests that need no weights: coloured squares before a grey wall, what finds them, and their features."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.photos.landmarks import Landmarks
from data.rows import Box
from faces.detection.detector import DetectorSettings, FaceDetector, FoundFace, Search
from faces.detection.likeness import FaceFeatures

Colour = tuple[int, int, int]
ADA, BO, CY, DI = (220, 40, 40), (40, 40, 220), (40, 220, 40), (220, 220, 40)
PLACES = (Box(10, 10, 60, 60), Box(70, 10, 110, 50), Box(120, 10, 150, 40))  # of faces, the largest first


class Squares(FaceDetector):
    """Finds coloured squares before a grey wall; counts the photos."""

    def __init__(self) -> None:
        self.settings = DetectorSettings()
        self.photos = 0

    def identity(self) -> dict[str, Any]:
        return asdict(self.settings)

    def search(self, picture: Image.Image) -> Search:
        self.photos += 1
        seen = [place for place in PLACES if np.ptp(np.asarray(picture.convert("RGB").crop(place)).mean((0, 1))) > 20]
        return Search([FoundFace(place, Landmarks(*[(0.0, 0.0)] * 5), 1.0) for place in seen], 0)


class Colours(FaceFeatures):
    """The colour of a face as its features: two shades of one colour are alike, two colours are not."""

    def __init__(self) -> None:
        self.size, self.margin = 16, 0.25

    def identity(self) -> dict[str, Any]:
        return {}

    def of_several(self, faces: Sequence[Image.Image]) -> NDArray[np.float32]:
        return np.stack([np.asarray(face, np.float32).mean(axis=(0, 1)) / 100 for face in faces])


def photo(path: Path, *faces: Colour, seed: int = 0) -> None:
    """A grey wall with a square for each face, the first one the largest; each a little lighter or darker."""
    generator = np.random.default_rng((seed, *"/".join(path.parts[-2:]).encode()))
    wall = generator.integers(60, 200, (10, 20), dtype=np.uint8)
    picture = Image.fromarray(wall).resize((200, 100), Image.Resampling.NEAREST).convert("RGB")
    for place, face in zip(PLACES, faces, strict=False):
        lighter = int(generator.integers(-15, 15))
        shade = (face[0] + lighter, face[1] + lighter, face[2] + lighter)
        picture.paste(shade, (place.x1, place.y1, place.x2, place.y2))
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
