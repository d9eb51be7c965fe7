"""No images are an array of none, of the size and channels that images would have."""

from typing import Any

import numpy as np
import pytest

from data.photos.cutting import Mode
from data.photos.pixels import pixels_of


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
@pytest.mark.parametrize("none", [[], (), np.empty((0, 28, 28), np.uint8)])
def test_none(mode: Mode, channels: int, none: Any) -> None:
    pixels = pixels_of(none, 8, mode)
    assert pixels.shape == (0, channels, 8, 8)
    assert pixels.dtype == np.uint8
    assert pixels_of([np.zeros((5, 7), np.uint8)], 8, mode).shape == (1, channels, 8, 8)
