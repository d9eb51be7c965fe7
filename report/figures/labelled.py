"""Boxes with labels on a photo. They can be read on any background: a line has a dark and a light stroke, and a label
has a plate of its own, inside the picture.

Lengths are pixels of the picture that is drawn, unless said otherwise.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf

from PIL import Image, ImageColor, ImageDraw, ImageFont

from data.rows import Box
from report.figures.layout import letters, shortened
from report.figures.lettering import font_file, plain, quiet

LEAST, MOST = 320, 2560  # of the longer side: a photo is scaled to be within them

_LINE = 400  # the longer side is so many times as long as a line is wide
_SMALL, _LARGE = 0.012, 0.025  # size of letters, as a share of the longer side
_OF_BOX = 0.2  # between them it is this share of the box's width
_LEAST_SIZE = 11  # of letters that can be read
_MOST_LETTERS = 60  # of a label
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # they would turn the rest of the label around


@dataclass(frozen=True, slots=True)
class Mark:
    """What is drawn around a face; without a box a label for the whole photo."""

    box: Box | None  # in pixels of the photo
    label: str
    colour: str  # as in `#2f6f9f`
    dashed: bool = False


Edges = tuple[int, int, int, int]  # left, top, right, bottom


def labelled(photo: Image.Image, marks: Sequence[Mark], size: tuple[int, int]) -> Image.Image:
    """Return a copy of an RGB photo with the marks, scaled so that its longer side is within LEAST and MOST.

    `size` is the width and height whose pixels the boxes count: the photo may have been decoded smaller.
    """
    scale = min(max(LEAST / max(size), 1), MOST / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    picture = photo.resize((width, height), Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    boxes = [_scaled(mark.box, scale) if mark.box else None for mark in marks]
    for mark, box in zip(marks, boxes, strict=True):
        if box:
            _draw_box(draw, mark, box)
    faces = [box for box in boxes if box]
    plates: list[Edges] = []
    for mark, box in zip(marks, boxes, strict=True):
        with quiet():
            plate = _plate(mark, max(picture.size), width, box)
        place = _place(plate.size, picture.size, box or (0, 0, width, height), plates, faces)
        picture.paste(plate, place[:2])
        plates.append(place)
    return picture


def _scaled(box: Box, scale: float) -> Edges:
    return round(box.x1 * scale), round(box.y1 * scale), round(box.x2 * scale), round(box.y2 * scale)


def _draw_box(draw: ImageDraw.ImageDraw, mark: Mark, box: Edges) -> None:
    """Draw the line around a box, in a stroke of the other brightness that is wider."""
    width, height = draw.im.size
    line = max(2, round(max(width, height) / _LINE))
    edge = max(1, line // 2)
    all_of_it = line + 2 * edge
    x1, y1 = max(box[0] - line - edge, 0), max(box[1] - line - edge, 0)
    x2, y2 = min(box[2] + line + edge, width), min(box[3] + line + edge, height)
    for side in _sides((x1, y1, x2, y2), all_of_it):
        _fill(draw, side, _contrast(mark.colour))
    for side in _sides((x1 + edge, y1 + edge, x2 - edge, y2 - edge), line):
        for dash in _dashes(side, 4 * line if mark.dashed else inf):
            _fill(draw, dash, mark.colour)


def _sides(box: Edges, line: int) -> Iterator[Edges]:
    """Yield the four sides of a box, `line` wide, inside it."""
    x1, y1, x2, y2 = box
    yield from ((x1, y1, x2, y1 + line), (x1, y2 - line, x2, y2), (x1, y1, x1 + line, y2), (x2 - line, y1, x2, y2))


def _dashes(side: Edges, length: float) -> Iterator[Edges]:
    """Yield every other piece of this length of a side."""
    x1, y1, x2, y2 = side
    if length == inf:
        yield side
    elif x2 - x1 > y2 - y1:
        for x in range(x1, x2, int(2 * length)):
            yield x, y1, min(x + int(length), x2), y2
    else:
        for y in range(y1, y2, int(2 * length)):
            yield x1, y, x2, min(y + int(length), y2)


def _fill(draw: ImageDraw.ImageDraw, edges: Edges, colour: str) -> None:
    x1, y1, x2, y2 = edges
    if x1 < x2 and y1 < y2:
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=colour)


def _plate(mark: Mark, longer: int, width: int, box: Edges | None) -> Image.Image:
    """Return the label on its plate, in letters that fit the box as far as they can be read, and no wider than the
    picture."""
    wanted = _LARGE * longer if box is None else max(_SMALL * longer, _OF_BOX * (box[2] - box[0]))
    size = max(_LEAST_SIZE, round(min(wanted, _LARGE * longer)))
    label = _DIRECTIONS.sub("", plain(mark.label))
    label = label if len(label) <= 4 * _MOST_LETTERS else label[: 2 * _MOST_LETTERS] + label[-2 * _MOST_LETTERS :]
    font = _font(font_file(label), size)
    pad = max(2, size // 4)
    for most in range(max(1, min(letters(label), _MOST_LETTERS)), 0, -1):
        text = shortened(label, most)
        if font.getlength(text) <= width - 2 * pad:
            break
    ascent, descent = font.getmetrics()
    plate = Image.new("RGB", (min(ceil(font.getlength(text)) + 2 * pad, width), ascent + descent + pad), mark.colour)
    draw = ImageDraw.Draw(plate)
    draw.text((pad, pad // 2), text, fill=_contrast(mark.colour), font=font)
    draw.rectangle((0, 0, plate.width - 1, plate.height - 1), outline=_contrast(mark.colour))
    return plate


@lru_cache(maxsize=64)
def _font(file: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)


def _place(
    plate: tuple[int, int], picture: tuple[int, int], box: Edges, plates: Sequence[Edges], faces: Sequence[Edges]
) -> Edges:
    """Return where a plate is put, beside its box: inside the picture, as little as can be on other plates, and then
    on faces."""
    (width, height), (x1, y1, x2, y2) = plate, box
    corners = (
        *((x1, y1 - height), (x1, y2), (x2 - width, y1 - height), (x2 - width, y2)),
        *((x2, y1), (x1 - width, y1), (x1, y1), (x1, y2 - height)),
    )
    places = []
    for left, top in corners:
        x, y = max(min(left, picture[0] - width), 0), max(min(top, picture[1] - height), 0)
        places.append((x, y, x + width, y + height))
    return min(places, key=lambda place: (_covered(place, plates), _covered(place, faces)))


def _covered(place: Edges, others: Sequence[Edges]) -> int:
    """Return how many pixels of others a place covers."""
    return sum(
        max(0, min(place[2], x2) - max(place[0], x1)) * max(0, min(place[3], y2) - max(place[1], y1))
        for x1, y1, x2, y2 in others
    )


def _contrast(colour: str) -> str:
    """Return white or black, whichever differs more in brightness from the colour."""
    luminance = _luminance(colour)
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#000000"


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG defines it."""
    red, green, blue = (
        level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4
        for level in (part / 255 for part in ImageColor.getrgb(colour)[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
