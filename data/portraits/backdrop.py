"""What stands behind a person, out of focus: painted coarsely, blurred, enlarged."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data.portraits.layer import Colour, coarse
from data.portraits.palette import CLOTHS, darker, lighter, mix

Draw = ImageDraw.ImageDraw


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    strip = Image.new("RGB", (1, 16))
    for y in range(16):
        strip.putpixel((0, y), mix(top, bottom, y / 15))
    return strip.resize(size, Image.Resampling.BILINEAR)


def _wall(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """A wall with a pool of light."""
    w, h = picture.size
    x, y = g.uniform(0, w), g.uniform(0, h * 0.6)
    for part, size in ((0.12, 0.8), (0.24, 0.55), (0.36, 0.32)):
        draw.ellipse([x - w * size, y - h * size, x + w * size, y + h * size], fill=lighter(colour, part))


def _window(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """A room with a bright window."""
    w, h = picture.size
    wide, left = int(w * g.uniform(0.25, 0.45)), int((-0.05, 0.62)[int(g.integers(2))] * w)
    pane = lighter(mix(colour, (190, 220, 235), 0.6), 0.5)
    draw.rectangle([left - 3, -1, left + wide + 3, int(h * 0.8)], fill=lighter(colour, 0.5))
    for column in range(2):
        for row in range(2):
            x, y = left + column * wide // 2, row * int(h * 0.38)
            draw.rectangle([x + 1, y + 1, x + wide // 2 - 2, y + int(h * 0.36)], fill=pane)


def _lamps(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """An evening street: round lights out of focus."""
    w, h = picture.size
    picture.paste(_gradient((w, h), darker(colour, 0.62), darker(colour, 0.8)))
    glow = ImageDraw.Draw(picture, "RGBA")
    lamps: tuple[Colour, ...] = ((255, 206, 130), (255, 170, 110), (250, 236, 210), (150, 190, 230), (240, 130, 120))
    for x, y, size, kind in zip(
        g.uniform(0, w, 26), g.uniform(0, h, 26), g.uniform(0.03, 0.09, 26), g.integers(0, 5, 26), strict=True
    ):
        r = size * w
        glow.ellipse([x - r, y - r, x + r, y + r], fill=(*lamps[kind], 96))


def _garden(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """Leaves and sky."""
    w, h = picture.size
    picture.paste(_gradient((w, h), (214, 230, 232), (126, 158, 104)))
    greens: tuple[Colour, ...] = ((92, 132, 76), (122, 160, 88), (72, 110, 72), (160, 186, 110), (104, 142, 96))
    for x, y, size, kind in zip(
        g.uniform(0, w, 46), g.uniform(0.1, 1.0, 46), g.uniform(0.05, 0.16, 46), g.integers(0, 5, 46), strict=True
    ):
        r, level = size * w, h * (0.15 + 0.85 * y)
        draw.ellipse([x - r, level - r * 0.8, x + r, level + r * 0.8], fill=greens[kind])


def _street(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """Houses."""
    w, h = picture.size
    picture.paste(_gradient((w, h), (200, 216, 226), (232, 226, 214)))
    x = -4
    while x < w:
        wide, top = int(g.integers(w // 6, w // 3)), int(g.uniform(0.0, 0.45) * h)
        house = mix(colour, CLOTHS[int(g.integers(len(CLOTHS)))], 0.35)
        draw.rectangle([x, top, x + wide, h], fill=house)
        for row in range(top + 5, h, 12):
            for column in range(x + 3, x + wide - 4, 8):
                draw.rectangle([column, row, column + 3, row + 6], fill=darker(house, 0.4))
        x += wide


def _shelf(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """Books on shelves."""
    w, h = picture.size
    picture.paste(darker(colour, 0.45), (0, 0, w, h))
    high = max(h // 4, 12)
    for bottom in range(high, h + high, high):
        x = 0
        while x < w:
            wide, tall = int(g.integers(2, 6)), int(high * g.uniform(0.6, 0.9))
            book = mix(CLOTHS[int(g.integers(len(CLOTHS)))], colour, 0.3)
            draw.rectangle([x, bottom - tall, x + wide - 1, bottom - 2], fill=book)
            x += wide + int(g.integers(0, 2))
        draw.rectangle([0, bottom - 2, w, bottom], fill=darker(colour, 0.2))


def _studio(picture: Image.Image, draw: Draw, colour: Colour, g: np.random.Generator) -> None:
    """A cloth hung up by a photographer, brighter in the middle."""
    w, h = picture.size
    picture.paste(darker(colour, 0.45), (0, 0, w, h))
    for part, size in ((0.34, 0.75), (0.22, 0.6), (0.10, 0.45), (0.0, 0.3)):
        draw.ellipse(
            [w / 2 - w * size, h * 0.42 - h * size, w / 2 + w * size, h * 0.42 + h * size], fill=darker(colour, part)
        )


Painter = Callable[[Image.Image, Draw, Colour, np.random.Generator], None]
BACKDROPS: Final[dict[str, tuple[Painter, float]]] = {
    "wall": (_wall, 9.0), "window": (_window, 2.0), "lamps": (_lamps, 1.2), "garden": (_garden, 2.5),
    "street": (_street, 2.0), "shelf": (_shelf, 1.2), "studio": (_studio, 8.0),
}  # fmt: skip
"""How to paint each kind, and how far it is blurred, in cells."""


def paint_backdrop(size: tuple[int, int], kind: str, colour: Colour, grain: int) -> Image.Image:
    """A backdrop (RGB) of a `kind` of `BACKDROPS`, from the one colour it is given."""
    paint, blur = BACKDROPS[kind]
    picture = _gradient(coarse(size), lighter(colour, 0.15), darker(colour, 0.15))
    paint(picture, ImageDraw.Draw(picture), colour, np.random.Generator(np.random.PCG64(grain)))
    soft = picture.filter(ImageFilter.GaussianBlur(blur))
    return soft.resize(size, Image.Resampling.BILINEAR)
