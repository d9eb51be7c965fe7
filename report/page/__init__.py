"""The page of a run: one self-contained `report.html` that reads well on a phone, at a desk and on paper.

    content      what the page tells, as plain frozen values; who calls fills them
    render       the whole page: head, sections, foot
    sections/    a section a file: plain values in, HTML out, nothing where there is nothing to tell
    markup       HTML that is safe by construction: text is escaped unless it was made here
    wording      numbers as people read them
    interval     how far a measured share may be from the truth
    ranking      which answers and units are shown, and in what order
    photos       photos made small enough for a page of a hundred people
    style_sheet  how all of it looks

The page runs no script and fetches nothing, now or in ten years. Same content, same bytes.
"""

from report.page.content import (
    Accuracy,
    Answer,
    ConfusedPair,
    DownloadReport,
    Page,
    Unit,
    Units,
    Unknown,
    Words,
)
from report.page.interval import wilson_interval
from report.page.photos import ANSWER_SIDE, UNIT_PHOTO_SIDE, photo_jpeg
from report.page.ranking import PHOTOS_A_UNIT, answer, confused_pairs, ranked, strongest
from report.page.render import render

__all__ = [
    "ANSWER_SIDE",
    "PHOTOS_A_UNIT",
    "UNIT_PHOTO_SIDE",
    "Accuracy",
    "Answer",
    "ConfusedPair",
    "DownloadReport",
    "Page",
    "Unit",
    "Units",
    "Unknown",
    "Words",
    "answer",
    "confused_pairs",
    "photo_jpeg",
    "ranked",
    "render",
    "strongest",
    "wilson_interval",
]
