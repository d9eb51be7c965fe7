"""How every figure looks: its colours, the style file `faces.mplstyle`, and how it becomes a PNG.

Figures are made without pyplot. The style is set for the time of a call alone, one thread after another, because
matplotlib keeps it for the whole process.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import cast

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation
from matplotlib.transforms import Bbox
from PIL import Image, ImageColor

from report.figures.lettering import give_fonts, quiet, say_what_is_lacking

PAGE, INK, FAINT = "#fcfaf6", "#2b2a33", "#b9b4aa"
TRAIN, VALIDATION, TEST = "#2f6f9f", "#d1662b", "#4f8a4b"

# Lines told apart by colour alone: any two differ also for readers who confuse red with green or blue with yellow.
PALETTE = (TRAIN, VALIDATION, INK, "#3fa388", "#7c3fd0", "#d9ab1f", "#7c3d28", "#9ab4e0")

# Signed numbers: blue negative, the page's white for 0, red positive. Counts: from the page's colour to deep blue.
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#123a6b", "#3f7fb8", "#a9cbe0", "#f7f4ee", "#f0b79b", "#cc5a43", "#7a1026"]
)
COUNTS = LinearSegmentedColormap.from_list("counts", [PAGE, "#bcd3e2", "#5f97bf", "#1f4e79"])
MARKS = LinearSegmentedColormap.from_list("marks", ["#9fc1da", "#5f97bf", "#1f4e79"])  # of counts that are not 0

_MARGIN = 0.12  # inches around a PNG
_ONE_AT_A_TIME = RLock()


@contextmanager
def styled() -> Iterator[None]:
    """Give what is drawn inside this context, or by a function decorated with it, the style of `faces.mplstyle`."""
    with _ONE_AT_A_TIME, style.context("report.figures.faces"), quiet():
        yield


def new_figure(width: float, height: float, dpi: float = 150) -> Figure:
    """Return an empty figure of `width` x `height` inches with a canvas of its own."""
    figure = Figure(figsize=(width, height), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def percent_tick(share: float, place: float = 0) -> str:
    """Return a share in [0, 1] as an axis writes it: `95%`, `99.5%`."""
    return f"{100 * share:g}%"


class Powers(LogFormatterSciNotation):
    """The numbers of a logarithmic axis without matplotlib's markup, which is off: `10⁻³`, `2×10⁴`."""

    _RAISED = str.maketrans("-\N{MINUS SIGN}0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the number, "" where the axis has room for none."""
        text = super().__call__(x, pos).replace(r"$\mathdefault{", "").removesuffix("}$").replace(r"\times", "×")
        return re.sub(r"\^\{(.*?)\}", lambda raised: raised[1].translate(self._RAISED), text)


def laid_out(figure: Figure) -> Figure:
    """Return the figure with its parts where its layout engine puts them, in fonts that have its letters."""
    give_fonts(figure)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
    return figure


@styled()
def png(figure: Figure, few_colours: bool = False) -> bytes:
    """Return the figure as a PNG, without date and version of matplotlib: the same numbers give the same bytes.

    What stands out over the figure's edge makes the page larger. With `few_colours` it keeps 256, none far from its
    own: a third of the size for lines, letters and weights.
    """
    say_what_is_lacking(figure, give_fonts(figure))
    buffer = io.BytesIO()
    quickly = {"compress_level": 1} if few_colours else {}  # it is packed once more below
    page = Bbox.union([figure.bbox_inches, laid_out(figure).get_tightbbox()]).padded(_MARGIN)
    figure.savefig(buffer, format="png", bbox_inches=page, metadata={"Software": None}, pil_kwargs=quickly)
    if not few_colours:
        return buffer.getvalue()
    with Image.open(buffer) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    colours, corner = few.getpalette() or [], 3 * cast(int, few.getpixel((0, 0)))
    colours[corner : corner + 3] = ImageColor.getrgb(PAGE)  # the page's own colour is exact
    few.putpalette(colours)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True, dpi=(figure.dpi, figure.dpi))
    return buffer.getvalue()
