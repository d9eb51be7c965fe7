"""What a run learned, as one figure: the weights of hidden units, or filters and the photos that excite units most."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from data.photos.images import ANY_SIZE, open_photo
from faces.run_photo import RunPhoto
from report.figures import Section, limit_of, png, poster_figure
from report.figures.units import sections_of, that_fit, units_words
from report.hidden_units import UnitClass, chosen_units

PHOTO_SIDE = 96  # pixels of a photo on the poster
PHOTOS_A_UNIT = 4
_MISSING, _CROSS = (232, 230, 226), (150, 146, 140)  # colours of a photo that is gone


class Pictured(Protocol):
    """What a classifier has to have to be drawn."""

    hidden: int

    @property
    def hidden_weights(self) -> Tensor | None:
        """The weights into the hidden units as pictures, (hidden, size, size); None if they are no pictures."""

    def unit_classes(self) -> list[UnitClass]:
        """Return for each hidden unit the person that its output weights raise most."""

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of a frozen network's first convolution as RGB pictures."""


PhotosOfUnits = Mapping[int, Sequence[RunPhoto]]  # unit -> the photos that excite it most


def weights_picture(
    classifier: Pictured, title: str, photos: PhotosOfUnits, units: Sequence[int] | None = None
) -> bytes:
    """Return `weights_figure` as a PNG."""
    return png(weights_figure(classifier, title, photos, units))


def weights_figure(
    classifier: Pictured, title: str, photos: PhotosOfUnits, units: Sequence[int] | None = None
) -> Figure:
    """Return a figure of all hidden units, or of the `units` asked for, each under the person whose output its weights
    raise most: their weights, or for features the photos that excite them most, and the filters of the backbone.

    Where there are too many for a picture that can be handled, it has the strongest.

    Without a hidden layer the outputs are the units. UsageError for one that does not exist.
    """
    every, kind = classifier.unit_classes(), unit_kind(classifier)
    chosen = chosen_units(every, units, kind)
    if (weights := classifier.hidden_weights) is not None:
        tiles, side = weights.cpu().numpy(), weights.shape[-1]
        shown = that_fit(chosen, 1)
        subtitle = (
            f"{units_words(shown, chosen, every, kind, 'people')}: weights on {side} x {side} pixels, under the person "
            "whose output they raise most"
        )
        sections = sections_of(shown, {unit.unit: [tiles[unit.unit]] for unit in shown})
        return poster_figure(sections, title, subtitle, limit_of(tiles))
    filters = [] if units is not None else classifier.filters()
    above = [Section(f"conv1: {len(filters)} filters", filters, [""] * len(filters))]
    shown = that_fit(chosen, PHOTOS_A_UNIT, above)
    subtitle = (
        f"{units_words(shown, chosen, every, kind, 'people')}: the {PHOTOS_A_UNIT} training photos that excite each "
        "most, under the person it raises most"
    )
    sections = sections_of(shown, {unit.unit: _opened(photos.get(unit.unit, ())) for unit in shown})
    return poster_figure([*above, *sections], title, subtitle)


def unit_kind(classifier: Pictured) -> str:
    """Return what the pictured units are: hidden ones, or the outputs of a network without a hidden layer."""
    return "hidden unit" if classifier.hidden else "output"


def _opened(photos: Sequence[RunPhoto]) -> list[NDArray[np.uint8]]:
    """Return photos for a poster, (side, side, 3)."""
    return [np.asarray(picture_of(photo, PHOTO_SIDE)) for photo in photos]


def picture_of(photo: RunPhoto, side: int) -> Image.Image:
    """Return a photo of a run, side x side pixels, RGB; one that is gone or was replaced is a crossed-out square."""
    data = photo.read()
    with suppress(ValueError):  # it is no image any more
        if data is not None:
            return open_photo(data, side, "RGB", ANY_SIZE)
    missing = Image.new("RGB", (side, side), _MISSING)
    draw = ImageDraw.Draw(missing)
    for line in ((0, 0, side - 1, side - 1), (0, side - 1, side - 1, 0)):
        draw.line(line, fill=_CROSS, width=max(1, side // 48))
    return missing
