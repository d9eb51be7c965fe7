"""A page on which pictures are pasted dot by dot and letters are set; places are inches from its upper left.

matplotlib resamples no picture here: what is sharp stays sharp, and a hundred pictures cost as little as one.
"""

import numpy as np
from PIL import Image, ImageDraw

from report.figures.layout import LEADING, Heading
from report.figures.style import FAINT, PAGE, new_figure, png


class Canvas:
    """An empty page of `width` x `height` inches with `dpi` dots per inch. To be used within `style.styled()`."""

    def __init__(self, width: float, height: float, dpi: float) -> None:
        self.width, self.height, self.dpi = width, height, dpi
        self._figure = new_figure(width, height)
        self._figure.set_dpi(dpi)
        self._page = Image.new("RGB", (int(width * dpi), int(height * dpi)), PAGE)

    def heading(self, heading: Heading) -> None:
        """Set the heading at the top."""
        heading.draw(self._figure)

    def write(self, x: float, y: float, text: str, size: float, ha: str = "left", va: str = "top") -> None:
        """Set `text` at (x, y), which is its corner or middle as `ha` and `va` say in matplotlib's words."""
        place = (x / self.width, 1 - y / self.height)
        self._figure.text(*place, text, fontsize=size, ha=ha, va=va, linespacing=LEADING - 0.1)

    def paste(self, x: float, y: float, picture: Image.Image, side: int = 0) -> None:
        """Paste `picture` at (x, y), in the middle of `side` x `side` dots where a side is given, within a hairline."""
        left, top = round(x * self.dpi), round(y * self.dpi)
        if side:
            left, top = left + (side - picture.width) // 2, top + (side - picture.height) // 2
        self._page.paste(picture, (left, top))
        frame = (left - 1, top - 1, left + picture.width, top + picture.height)
        ImageDraw.Draw(self._page).rectangle(frame, outline=FAINT)

    def png(self) -> bytes:
        """Return the page as a PNG."""
        self._figure.figimage(np.asarray(self._page))
        return png(self._figure, dpi=self.dpi, drawn=True)
