"""What the hidden units learned: whom each speaks for, and the poster of their weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from errors import UsageError
from report.tiles import Section, poster


@dataclass(frozen=True)
class Voice:
    """A hidden unit and the person it speaks for most."""

    unit: int
    name: str
    strength: float  # how much more weight it gives this person than the average person


def voices(output_weights: Tensor, classes: NDArray[np.str_]) -> list[Voice]:
    """Return one voice a unit, in order of unit; `output_weights` (classes, hidden).

    The softmax ignores what a unit gives to all people alike, so its outgoing weights are compared after their mean
    has been taken away; the largest that is left names the person.
    """
    above = output_weights - output_weights.mean(0, keepdim=True)
    strength, best = above.max(0)
    return [Voice(unit, str(classes[int(who)]), float(strength[unit])) for unit, who in enumerate(best)]


def weights_poster(
    heard: Sequence[Voice], tiles: NDArray[np.float32], title: str, units: Sequence[int] | None = None
) -> bytes:
    """Return a PNG: a tile a unit, under the name of its person, the loudest first; or only the `units` asked for.

    `tiles` (hidden, H, W) are the weights into the units. Captions are the units' numbers. The colour scale is that of
    all units, also when few are shown.
    """
    chosen = heard if units is None else [heard[_known(unit, len(heard))] for unit in dict.fromkeys(units)]
    sections = []
    for name in sorted({voice.name for voice in chosen}):
        mine = sorted((voice for voice in chosen if voice.name == name), key=lambda voice: -voice.strength)
        sections.append(Section(name, [tiles[v.unit] for v in mine], [str(v.unit) for v in mine]))
    limit = float(np.percentile(np.abs(tiles), 99.5))
    what = f"{len(heard)} hidden units" if units is None else f"{len(chosen)} of {len(heard)} hidden units"
    _, height, width = tiles.shape
    subtitle = f"{what}, weights on {width} x {height} pixels, each under the person it speaks for most"
    return poster(sections, title, subtitle, limit or 1.0)


def default_poster_file(run: Path, units: Sequence[int] | None) -> Path:
    """Return where `show-weights` puts its picture: the run's own poster, or one named after the units."""
    if units is None:
        return run / "weights.png"
    return run / f"weights-{'-'.join(str(unit) for unit in dict.fromkeys(units))[:100]}.png"


def _known(unit: int, total: int) -> int:
    if unit >= total:
        raise UsageError(f"there is no hidden unit {unit}: expected 0 to {total - 1}")
    return unit
