"""What every part of a portrait looks like: each style, beard, garment and so on, on people who differ."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from data.portraits.backdrop import BACKDROPS
from data.portraits.casting import traits_of
from data.portraits.clothes import GARMENTS
from data.portraits.extras import EXTRAS
from data.portraits.gallery import VERSION, Gallery
from data.portraits.glasses import RIMS
from data.portraits.portrait import paint
from data.portraits.styles import BEARDS, STYLES
from data.portraits.traits import Traits

SHEET = Path(__file__).with_name("every_part.png")
"""Small pictures of the parts side by side, before the camera's noise and JPEG. Libraries may round a pixel of an edge
differently, hence small ones, compared with a tolerance."""
SIDE, ACROSS = 24, 12  # pixels of a small picture; pictures in a row
TOLERANCE = 3  # of 255
PARTS: list[tuple[str, Any]] = [
    *(("hair_style", name) for name in STYLES),
    *(("beard", name) for name in BEARDS),
    *(("glasses", name) for name in RIMS),
    *(("earrings", True), ("freckles", 1.0), ("mole", -0.7), ("mole", 0.7), ("age", 1.0), ("lashes", 1.0)),
    *(("backdrop", name) for _ in range(3) for name in BACKDROPS),  # what is in them, and where, is random
    *(("garment", name) for name in GARMENTS),
    *(("extra", name) for name in EXTRAS),
]


def small_pictures() -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Each part on another person, in another pose and light; a small photo has no room for what a backdrop shows."""
    own = {field.name for field in fields(Traits)}
    for number, (name, value) in enumerate(PARTS):
        size = (300, 280) if name == "backdrop" else (125, 120)
        variation = replace(Gallery().variation(number % 12, number), size=size, face=0.6, extra="none")
        variation = replace(variation, camera=replace(variation.camera, noise=0, blur=0.0, grey=False))
        traits = traits_of(number % 3, number % 12)
        if name in own:
            traits = replace(traits, **{name: value})
        else:
            variation = replace(variation, **{name: value})
        picture, _ = paint(traits, variation)
        yield np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX))


@pytest.fixture(scope="module")
def sheet() -> Image.Image:
    cells = list(small_pictures())
    cells += [np.zeros((SIDE, SIDE, 3), np.uint8)] * (-len(cells) % ACROSS)
    return Image.fromarray(np.vstack([np.hstack(cells[at : at + ACROSS]) for at in range(0, len(cells), ACROSS)]))


def test_every_part_looks_as_this_version_draws_it(sheet: Image.Image, tmp_path: Path) -> None:
    drawn, known = np.asarray(sheet).astype(int), np.asarray(Image.open(SHEET)).astype(int)
    if drawn.shape != known.shape or np.abs(drawn - known).max() > TOLERANCE:
        sheet.save(tmp_path / SHEET.name)
        pytest.fail(f"drawn otherwise than by version {VERSION}; if meant, raise it and take {tmp_path / SHEET.name}")
