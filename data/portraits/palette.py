"""The paints: skins, hairs, irises, cloths, and how two colours are mixed."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from data.portraits.layer import Colour

Colours = tuple[Colour, ...]

SKINS: Final[Colours] = (
    (250, 219, 198), (247, 210, 186), (243, 200, 171), (236, 188, 153), (228, 175, 137), (217, 160, 120),
    (204, 144, 104), (188, 127, 90), (171, 111, 78), (154, 97, 68), (136, 83, 59), (120, 72, 53),
)  # fmt: skip
"""From light to deep."""

BLACK: Final[Colour] = (38, 34, 40)
SOFT_BLACK: Final[Colour] = (50, 40, 40)
ESPRESSO: Final[Colour] = (72, 50, 42)
BROWN: Final[Colour] = (102, 70, 50)
CHESTNUT: Final[Colour] = (128, 82, 54)
AUBURN: Final[Colour] = (142, 66, 44)
GINGER: Final[Colour] = (196, 104, 50)
HONEY: Final[Colour] = (178, 130, 78)
BLOND: Final[Colour] = (222, 182, 118)
GREY: Final[Colour] = (140, 138, 140)
SILVER: Final[Colour] = (206, 204, 204)

LIGHT_HAIRS: Final[Colours] = (SOFT_BLACK, GINGER, CHESTNUT, BLOND, BROWN, AUBURN, HONEY, ESPRESSO)
"""With light skin; then with medium, then with deep."""
MEDIUM_HAIRS: Final[Colours] = (BLACK, ESPRESSO, BROWN, SOFT_BLACK, CHESTNUT)
DEEP_HAIRS: Final[Colours] = (BLACK, SOFT_BLACK, ESPRESSO)

DARK_EYES: Final[Colours] = ((84, 52, 34), (58, 38, 30))
BROWN_EYES: Final[Colours] = (*DARK_EYES, (122, 82, 42))
ALL_EYES: Final[Colours] = (*BROWN_EYES, (110, 112, 58), (78, 112, 140), (104, 128, 136))

RIMS: Final[Colours] = ((40, 34, 38), (112, 66, 44), (176, 150, 104), (60, 74, 104), (140, 48, 56))
"""Of glasses."""
LIPSTICKS: Final[Colours] = ((186, 58, 70), (170, 76, 92), (204, 96, 92), (140, 50, 66))
EYE_SHADOWS: Final[Colours] = ((140, 96, 100), (116, 92, 120), (150, 104, 84))

CLOTHS: Final[Colours] = (
    (222, 108, 82), (62, 104, 142), (236, 186, 86), (88, 134, 112), (64, 66, 88), (240, 234, 224),
    (168, 88, 110), (122, 150, 182), (150, 116, 92), (50, 96, 98), (206, 150, 160), (112, 112, 120),
)  # fmt: skip
WALLS: Final[Colours] = (
    (226, 214, 198), (178, 198, 206), (202, 190, 212), (186, 204, 178), (236, 204, 184), (150, 166, 180),
    (120, 140, 134), (196, 166, 146), (98, 106, 124), (238, 226, 190), (214, 178, 182), (168, 156, 148),
)  # fmt: skip


def pick(colours: Colours, at: float) -> Colour:
    """The colour at a place in 0..1 along a row of colours."""
    return colours[min(int(at * len(colours)), len(colours) - 1)]


def mix(first: Colour, second: Colour, part: float) -> Colour:
    """`part` = 0 gives the first colour, 1 the second."""
    (r, g, b), (s, h, c) = first, second
    return round(r + (s - r) * part), round(g + (h - g) * part), round(b + (c - b) * part)


def darker(colour: Colour, part: float) -> Colour:
    """Towards black by `part`, a little less in red, as shade on warm things looks."""
    r, g, b = colour
    return round(r * (1 - 0.85 * part)), round(g * (1 - part)), round(b * (1 - 0.95 * part))


def lighter(colour: Colour, part: float) -> Colour:
    """Towards a warm white by `part`."""
    return mix(colour, (255, 248, 236), part)


@dataclass(frozen=True)
class Skin:
    """The colours of one skin, all from its base."""

    base: Colour

    @cached_property
    def shade(self) -> Colour:
        """In shadow: deeper and redder."""
        r, g, b = self.base
        return round(r * 0.80), round(g * 0.68), round(b * 0.64)

    @cached_property
    def line(self) -> Colour:
        """Of folds, nostrils and lids."""
        r, g, b = self.base
        return round(r * 0.48), round(g * 0.34), round(b * 0.32)

    @cached_property
    def lip(self) -> Colour:
        """Of lips without paint."""
        r, g, b = self.base
        return mix((round(r * 0.86), round(g * 0.62), round(b * 0.62)), (196, 80, 84), 0.18)
