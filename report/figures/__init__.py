"""Figures of a run and of experiments: each as a matplotlib figure (`..._figure`) and as PNG bytes, always the same.

`curves` draws learning curves, `confusion` the confusion matrix, `many_classes` that of hundreds, `tiles` the poster of
weights, `sheets` small pictures under labels, `series` lines over an axis, `contour` a cost over two weights,
`reliability` what probabilities are worth, `acceptance` known people against strangers, `bars` reported beside measured
values.
`style` has the colours and `png`, with `faces.mplstyle`; `lettering` the fonts of names; `layout` headings, legends and
sizes; `cells` paints weights.
"""

from report.figures.bars import Pair, reported_beside_measured, reported_beside_measured_figure
from report.figures.cells import Cell, limit_of
from report.figures.confusion import confusion_figure, confusion_picture
from report.figures.contour import Path, contour_figure, contour_picture
from report.figures.curves import learning_curve, learning_curve_figure
from report.figures.series import Curve, Panel, series_figure, series_picture
from report.figures.sheets import SheetRow, sheet, sheet_figure
from report.figures.style import png
from report.figures.tiles import Section, poster, poster_figure, tile_png

__all__ = [
    "Cell",
    "Curve",
    "Pair",
    "Panel",
    "Path",
    "Section",
    "SheetRow",
    "confusion_figure",
    "confusion_picture",
    "contour_figure",
    "contour_picture",
    "learning_curve",
    "learning_curve_figure",
    "limit_of",
    "png",
    "poster",
    "poster_figure",
    "reported_beside_measured",
    "reported_beside_measured_figure",
    "series_figure",
    "series_picture",
    "sheet",
    "sheet_figure",
    "tile_png",
]
