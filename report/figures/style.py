"""How every picture looks: one page colour, one type size, one colour an idea, one colour scale for signed numbers.

Change a colour here and all pictures follow. Figures are made without pyplot, so no state outlives a call.
"""

import io
from contextlib import AbstractContextManager
from typing import Any, cast

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image, ImageColor

FONT = "DejaVu Sans"  # comes with matplotlib: the same letters on every machine
PAGE, INK, FAINT = "#fcfaf6", "#2b2a33", "#b9b4aa"
TRAIN, VALIDATION, TEST = "#2f6f9f", "#d1662b", "#4f8a4b"

# Lines told apart by colour alone: any two differ also for readers who confuse red with green or blue with yellow.
PALETTE = (TRAIN, VALIDATION, INK, "#3fa388", "#7c3fd0", "#d9ab1f", "#7c3d28", "#9ab4e0")

# Signed numbers: blue against, page-white for nothing, red for. Counts: from the page to deep blue.
SIGNED = LinearSegmentedColormap.from_list(
    "signed", ["#123a6b", "#3f7fb8", "#a9cbe0", "#f7f4ee", "#f0b79b", "#cc5a43", "#7a1026"]
)
COUNTS = LinearSegmentedColormap.from_list("counts", [PAGE, "#bcd3e2", "#5f97bf", "#1f4e79"])

_RC: dict[str, Any] = {
    "font.family": FONT,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.facecolor": PAGE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": PAGE,
}


def styled() -> AbstractContextManager[None]:
    """Everything that makes parts of a figure stands inside `with styled():`."""
    return rc_context(cast(Any, _RC))


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of `width` x `height` inches with a canvas of its own."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def percent_tick(share: float, place: float = 0) -> str:
    """Return `95%` or `99.5%`, as an axis writes its shares."""
    return f"{100 * share:g}%"


def png(figure: Figure, dpi: float = 150, drawn: bool = False) -> bytes:
    """Draw the figure. Without the drawing library's name and version in the file: same numbers, same bytes.

    One that is `drawn`, lines and letters on the page, keeps 256 colours, none far from its own: a third of the size.
    """
    buffer = io.BytesIO()
    quickly = {"compress_level": 1} if drawn else {}  # it is packed once more below
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs=quickly)
    if not drawn:
        return buffer.getvalue()
    with Image.open(buffer) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    colours, page = few.getpalette() or [], 3 * cast(int, few.getpixel((0, 0)))
    colours[page : page + 3] = ImageColor.getrgb(PAGE)  # the corner is page, and the page's colour is exact
    few.putpalette(colours)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True, dpi=(dpi, dpi))
    return buffer.getvalue()
