"""Who is who: people whose traits are spread out, so that no two look alike.

People are made in groups of twelve. Within a group, every measure takes twelve steps from its least to its most value,
in shuffled order (a Latin square), and styles, beards and glasses come from shuffled lists. A person depends only on
the seed and the person's number, not on how many people there are.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from data.portraits.layer import Colour
from data.portraits.names import full_name
from data.portraits.palette import (
    ALL_EYES,
    BROWN_EYES,
    CLOTHS,
    DARK_EYES,
    DEEP_HAIRS,
    EYE_SHADOWS,
    GREY,
    LIGHT_HAIRS,
    LIPSTICKS,
    MEDIUM_HAIRS,
    RIMS,
    SILVER,
    SKINS,
    mix,
    pick,
)
from data.portraits.styles import HERS, HIS
from data.portraits.traits import Traits

GROUP: Final = 12
STREAM: Final = 2
"""Separates the random numbers of the casting from those of names and photos."""

Range = tuple[float, float]
MEASURES: Final[dict[str, tuple[Range, Range]]] = {
    "cheek": ((0.66, 0.75), (0.69, 0.77)), "jaw": ((0.46, 0.58), (0.52, 0.64)), "chin": ((0.12, 0.18), (0.15, 0.24)),
    "length": ((1.01, 1.15), (1.01, 1.15)), "cheekbones": ((0.0, 1.0), (0.0, 1.0)),
    "ear_size": ((0.85, 1.1), (0.9, 1.2)), "neck": ((0.34, 0.39), (0.42, 0.50)),
    "shoulders": ((0.84, 0.94), (0.98, 1.12)),
    "brow_width": ((0.032, 0.062), (0.05, 0.095)), "brow_arch": ((0.01, 0.06), (0.01, 0.06)),
    "brow_slant": ((-0.012, 0.03), (-0.012, 0.03)), "brow_height": ((0.22, 0.29), (0.22, 0.29)),
    "eye_size": ((0.161, 0.196), (0.155, 0.19)), "eye_gap": ((0.295, 0.35), (0.295, 0.35)),
    "eye_slant": ((-0.012, 0.045), (-0.012, 0.045)), "eye_open": ((0.86, 1.12), (0.86, 1.12)),
    "eye_fold": ((0.1, 1.0), (0.1, 1.0)),
    "nose_length": ((0.34, 0.44), (0.34, 0.44)), "nose_width": ((0.12, 0.185), (0.132, 0.197)),
    "nose_bridge": ((0.5, 1.6), (0.5, 1.6)),
    "upper_lip": ((0.20, 0.27), (0.20, 0.27)), "mouth_width": ((0.20, 0.28), (0.20, 0.28)),
    "lip_upper": ((0.042, 0.088), (0.03, 0.07)), "lip_lower": ((0.07, 0.115), (0.055, 0.095)),
}  # fmt: skip
"""The least and the most of each of `Traits`' measures, hers and his."""
TINTS: Final = ("skin", "age", "hair", "iris", "blush", "paint", "cloth")
"""What else is spread evenly over a group."""

BEARDS: Final = ("none", "full", "stubble", "none", "moustache", "short", "goatee")
GLASSES: Final = ("none",) * 8 + ("round", "square", "cat", "pilot")


@dataclass(frozen=True)
class _Choice:
    """One person's values from the group: every measure and tint in 0..1, and the choices from shuffled lists."""

    she: bool
    rank: int
    step: dict[str, float]
    style: str
    beard: str
    glasses: str
    grain: int


def _shuffled(g: np.random.Generator, items: tuple[str, ...], count: int) -> list[str]:
    """`count` items of a shuffled list, which is shuffled again when it is used up."""
    chosen: list[str] = []
    while len(chosen) < count:
        chosen += [items[k] for k in g.permutation(len(items))]
    return chosen[:count]


@lru_cache(maxsize=64)
def _group(seed: int, number: int) -> tuple[_Choice, ...]:
    g = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, STREAM, number))))
    half = GROUP // 2
    steps = {name: (g.permutation(GROUP) + g.uniform(0.2, 0.8, GROUP)) / GROUP for name in (*MEASURES, *TINTS)}
    styles = _shuffled(g, HERS, half), _shuffled(g, HIS, half)
    beards, glasses = _shuffled(g, BEARDS, half), _shuffled(g, GLASSES, GROUP)
    grains = g.integers(2**31, size=GROUP).tolist()
    return tuple(
        _Choice(
            she=k % 2 == 0,
            rank=number * half + k // 2,
            step={name: float(values[k]) for name, values in steps.items()},
            style=styles[k % 2][k // 2],
            beard=beards[k // 2] if k % 2 else "none",
            glasses="square" if k % 2 and glasses[k] == "cat" else glasses[k],
            grain=grains[k],
        )
        for k in range(GROUP)
    )


def _choice_of(seed: int, person: int) -> _Choice:
    return _group(seed, person // GROUP)[person % GROUP]


def name_of(seed: int, person: int) -> str:
    """The name of a seed's `person` (from 0)."""
    choice = _choice_of(seed, person)
    return full_name(seed, choice.rank, she=choice.she)


def _hair(step: dict[str, float], age: float) -> Colour:
    """Grey with age; before, what goes with the skin."""
    if age > 0.78:
        return pick((GREY, SILVER), step["hair"])
    hairs = LIGHT_HAIRS if step["skin"] < 0.36 else MEDIUM_HAIRS if step["skin"] < 0.7 else DEEP_HAIRS
    return mix(pick(hairs, step["hair"]), GREY, max(0.0, age - 0.55))


def traits_of(seed: int, person: int) -> Traits:
    """The traits of a seed's `person` (from 0)."""
    choice = _choice_of(seed, person)
    step, she = choice.step, choice.she
    ranges = {name: hers if she else his for name, (hers, his) in MEASURES.items()}
    measures = {name: round(least + (most - least) * step[name], 4) for name, (least, most) in ranges.items()}
    age = max(0.0, step["age"] * 1.1 - 0.15, 0.8 if choice.style == "receding" else 0.0)
    eyes = ALL_EYES if step["skin"] < 0.45 else BROWN_EYES if step["skin"] < 0.75 else DARK_EYES
    return Traits(
        **measures,
        grain=choice.grain,
        skin=pick(SKINS, step["skin"]),
        age=age,
        blush=step["blush"] * (0.7 if she else 0.3),
        freckles=1.0 if step["skin"] < 0.4 and step["blush"] > 0.6 else 0.0,
        mole=0.0 if step["paint"] < 0.8 else 1.0 if step["cloth"] > 0.5 else -1.0,
        hair_style=choice.style,
        hair=_hair(step, age),
        beard=choice.beard,
        iris=pick(eyes, step["iris"]),
        lashes=0.9 if she else 0.15,
        lid_paint=pick(EYE_SHADOWS, step["iris"]),
        lip_paint=0.15 + 0.75 * step["paint"] if she else 0.0,
        lip_colour=pick(LIPSTICKS, step["hair"]),
        glasses=choice.glasses,
        glasses_colour=pick(RIMS, step["paint"]),
        cloth=pick(CLOTHS, step["cloth"]),
        earrings=she and step["cloth"] > 0.4,
    )
