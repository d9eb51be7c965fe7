"""The camera: what exposure, contrast, cast, noise and grey do to a picture of one colour."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.portraits.camera import develop, expose
from data.portraits.variation import Camera

PLAIN = Camera(exposure=1.0, contrast=1.0, cast=(1.0, 1.0, 1.0), blur=0.0, noise=0, quality=90, grey=False)


def taken(camera: Camera, colour: tuple[int, int, int] = (100, 120, 200)) -> NDArray[np.int64]:
    return np.asarray(expose(Image.new("RGB", (64, 48), colour), camera, 7)).astype(np.int64)


@pytest.mark.parametrize(
    ("camera", "colour"),
    [
        (PLAIN, (100, 120, 200)),
        (replace(PLAIN, exposure=1.1), (110, 132, 220)),
        (replace(PLAIN, exposure=2.0), (200, 240, 255)),
        (replace(PLAIN, contrast=0.5), (114, 124, 164)),  # half as far from 128
        (replace(PLAIN, exposure=1.1, contrast=2.0), (92, 136, 255)),
        (replace(PLAIN, cast=(1.1, 1.0, 0.9)), (110, 120, 180)),
        (replace(PLAIN, grey=True), (123, 123, 123)),
        (replace(PLAIN, blur=1.5), (100, 120, 200)),
    ],
    ids=str,
)
def test_a_colour(camera: Camera, colour: tuple[int, int, int]) -> None:
    assert (taken(camera) == colour).all()


@pytest.mark.parametrize("noise", [1, 2, 9])
def test_noise_is_at_most_so_much_either_way_and_the_same_in_all_channels(noise: int) -> None:
    error = taken(replace(PLAIN, noise=noise)) - (100, 120, 200)
    assert (error == error[..., :1]).all()
    assert np.unique(error).tolist() == list(range(-noise, noise + 1))
    assert abs(error.mean()) < 0.15 * noise


def test_blur_spreads_an_edge() -> None:
    edge = Image.fromarray(np.repeat(np.repeat([[0, 200]], 8, 0), 8, 1).astype(np.uint8)).convert("RGB")
    sharp, soft = (np.asarray(expose(edge, replace(PLAIN, blur=blur), 0))[4, :, 0] for blur in (0.0, 1.5))
    assert np.unique(sharp).tolist() == [0, 200]
    assert ((soft > 0) & (soft < 200)).sum() == 4


def test_the_file_is_a_jpeg_that_is_smaller_for_less_quality() -> None:
    picture = expose(Image.new("RGB", (64, 48), (90, 90, 90)), replace(PLAIN, noise=9), 1)
    good, poor = develop(picture, 94), develop(picture, 30)
    assert good.startswith(b"\xff\xd8\xff")
    assert len(poor) < len(good)
