"""A small folder of photos: three people, each a pattern of their own under noise, so that a network can learn them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PEOPLE = ("Ada", "Bo", "Cy")
PHOTOS = 14


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    generator = np.random.default_rng(7)
    for name in PEOPLE:
        pattern = np.asarray(
            Image.fromarray(generator.integers(40, 215, (4, 4), dtype=np.uint8)).resize((48, 48)), dtype=int
        )
        for number in range(PHOTOS):
            noisy = (pattern + generator.integers(-40, 40, (48, 48))).clip(0, 255).astype(np.uint8)
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(noisy).save(folder / name / f"{number:02}.png")
    return folder
