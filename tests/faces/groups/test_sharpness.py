"""Sharper pictures have a larger number."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from data.portraits import Gallery
from faces.groups.sharpness import sharpness


def test_the_laplacian_of_a_single_bright_pixel() -> None:
    pixels = np.zeros((5, 5), np.uint8)
    pixels[2, 2] = 1
    assert sharpness(Image.fromarray(pixels)) == pytest.approx(np.var([-4, 1, 1, 1, 1, 0, 0, 0, 0]))


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (40, 30)])
def test_a_flat_picture_has_none(size: tuple[int, int]) -> None:
    assert sharpness(Image.new("RGB", size, "gray")) == 0


@pytest.mark.parametrize("person", [0, 1])
def test_blur_and_enlargement_take_it_away(person: int) -> None:
    picture, _ = Gallery(people=2, photos=1).picture(person, 0)
    face = picture.resize((150, 150))
    blurred = [sharpness(face.filter(ImageFilter.GaussianBlur(radius))) for radius in (1, 2, 4)]
    enlarged = [sharpness(picture.resize((side, side)).resize((150, 150))) for side in (75, 30)]
    assert sharpness(face) > blurred[0] > blurred[1] > blurred[2]
    assert sharpness(face) > enlarged[0] > enlarged[1]
