"""A prediction, and how it is written: a line of CSV, or a line with a JSON object.

Programs read these columns: none may be renamed, moved or removed.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from data.download.manifest import escape_formula
from data.reasons import Reason
from data.rows import Box

COLUMNS = ("file", "box", "name", "probability", "status", "score")
_DIGITS = 4  # of a probability and of a score


class Status(StrEnum):
    """The status of a prediction; a photo that cannot be used has a `data.reasons.Reason` instead."""

    OK = "ok"  # one of the people of the training
    UNKNOWN = "unknown"  # below the threshold: most likely none of them; the name is still the most probable one
    NO_FACE = "no_face"  # the detector found no face
    NO_PHOTO = "no_photo"  # a folder without a photo, or one that may not be read
    UNREADABLE = "unreadable"  # a file that is missing, or may not be read


ANSWERED = frozenset({Status.OK, Status.UNKNOWN, Status.NO_FACE})
"""The statuses of photos that could be used."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of the output. Name and probability are None when there was no face to predict."""

    file: Path
    box: Box | None  # the part of the photo, in pixels of the upright photo; None: the whole photo
    name: str | None
    probability: float | None  # in [0, 1]
    status: Status | Reason
    score: float | None = None  # what the threshold for unknown is compared with
    detail: str = field(default="", compare=False)  # what is wrong with the photo, in words; not part of the output


def csv_line(prediction: Prediction) -> str:
    """Return `COLUMNS` as a line of CSV; None is empty."""
    probability, score = (
        "" if number is None else f"{number:.{_DIGITS}f}" for number in (prediction.probability, prediction.score)
    )
    name = escape_formula(prediction.name or "")
    return _row(prediction.file, prediction.box or "", name, probability, prediction.status, score)


def json_line(prediction: Prediction) -> str:
    """Return a JSON object with the same keys; the box is a list of four numbers, None is null."""
    probability, score = (
        None if number is None else round(number, _DIGITS) for number in (prediction.probability, prediction.score)
    )
    box = prediction.box and list(prediction.box)
    values = (str(prediction.file), box, prediction.name, probability, prediction.status, score)
    return json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n"


def _row(*values: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Prediction], str]]] = {
    "csv": (_row(*COLUMNS), csv_line),
    "json": ("", json_line),
}
"""Format -> the text before the first prediction, and the function that writes a prediction."""
