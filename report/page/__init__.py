"""The page of a run: one self-contained `report.html` for phone, desk and paper. It runs no script and fetches nothing.

`content` is what a caller fills in, `ranking` and `photos` choose and shrink what it shows, `interval` has the
confidence interval of an accuracy; `comparison` is the page of several runs. `render` fills `templates/`, styled by
`page.css`: `wording` writes numbers,
`derived` has totals and groups, `embedding` puts pictures into the page.
"""

from report.interval import wilson_interval
from report.page.content import (
    Accepted,
    Accuracy,
    Answer,
    Calibration,
    DownloadReport,
    Page,
    Unit,
    Units,
    Unknown,
    Words,
)
from report.page.photos import ANSWER_SIDE, UNIT_PHOTO_SIDE, photo_jpeg
from report.page.ranking import PHOTOS_A_UNIT, answer, ranked, strongest
from report.page.render import render

__all__ = [
    "ANSWER_SIDE",
    "PHOTOS_A_UNIT",
    "UNIT_PHOTO_SIDE",
    "Accepted",
    "Accuracy",
    "Answer",
    "Calibration",
    "DownloadReport",
    "Page",
    "Unit",
    "Units",
    "Unknown",
    "Words",
    "answer",
    "photo_jpeg",
    "ranked",
    "render",
    "strongest",
    "wilson_interval",
]
