"""One small picture of many: which numbers its colours stand for, and how it is enlarged."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from report.figures.style import FAINT, SIGNED

Picture = NDArray[Any]  # (H, W): weights around 0, or a grey picture of any range
Kind = Literal["signed", "grey"]


@dataclass(frozen=True)
class Cell:
    """A picture (H, W) with a caption under it; `kind` None: as its column."""

    picture: Picture
    caption: str = ""
    kind: Kind | None = None


def limit_of(pictures: Iterable[Picture]) -> float:
    """Return the weight that has full colour: the 99.5th percentile of all absolute finite ones.

    A few extremes thus do not pale the rest. 1 where all weights are 0, and 0 where there are none.
    """
    weights = np.concatenate([np.empty(0), *(np.ravel(picture) for picture in pictures)])
    weights = weights[np.isfinite(weights)]
    return float(np.percentile(np.abs(weights), 99.5)) or 1.0 if len(weights) else 0.0


def painted(picture: Picture, limit: float | None, side: int) -> Image.Image:
    """Return the picture in colour, its longer side at most `side` dots; numbers that are not finite are beige.

    Signed: full colour at +-`limit`. Grey, without a limit: from the picture's own smallest number to its largest.
    Enlarged, its pixels are squares of the same whole number of dots; a picture larger than `side` is averaged.
    """
    numbers = np.asarray(picture, float)
    finite = np.isfinite(numbers)
    numbers = np.where(finite, numbers, 0)
    if limit is not None:
        colours = SIGNED(0.5 + 0.5 * np.clip(numbers / (limit or 1.0), -1, 1))[..., :3]
    else:
        low, high = (numbers[finite].min(), numbers[finite].max()) if finite.any() else (0.0, 1.0)
        colours = np.repeat(((numbers - low) / ((high - low) or 1.0))[..., None], 3, axis=2)
    colours[~finite] = to_rgb(FAINT)
    image = Image.fromarray(np.round(255 * colours).astype(np.uint8))
    times = side // max(image.size)
    if times:
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    image.thumbnail((side, side), Image.Resampling.BOX)
    return image
